"""What all depth benchmarks share: columns, options, and labels out of files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from train.benchmarks.base import Column
from train.benchmarks.files import read_rgb
from train.inference.cases import Case

COLUMNS = (
    Column("depth", "abs_rel", "AbsRel ↓"),
    Column("depth", "delta1", "δ1 % ↑", 100),
    Column("depth", "rmse", "RMSE m ↓"),
)
OPTIONS = {"depth": {"alignment": "scale_shift", "measure_far": True, "region": "scene"}}


def depth_case(
    key: str,
    colour: Sequence[Path],
    depth: Sequence[Path],
    fps: float | None,
    read: Callable[[Sequence[Path]], np.ndarray],
    near: float,
    far: float,
) -> Case:
    """A case whose depth files ``read`` turns into metres (T, H, W); what is not between ``near`` and ``far`` is
    unknown."""

    def labels(names) -> dict[str, np.ndarray]:
        metres = np.asarray(read(depth), np.float32)
        with np.errstate(invalid="ignore"):
            metres = np.where((metres > near) & (metres < far), metres, np.float32(np.nan))
        return {name: metres for name in names}

    return Case(key, ("depth",), fps, partial(read_rgb, colour), labels)
