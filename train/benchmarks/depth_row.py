"""What all depth benchmarks share: columns, options, and labels out of files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from train.benchmarks.base import Column
from train.benchmarks.files import read_rgb
from train.benchmarks.sequence import sequence_cases
from train.inference.cases import Case

COLUMNS = (
    Column("depth", "abs_rel", "AbsRel ↓"),
    Column("depth", "delta1", "δ1 % ↑", 100),
    Column("depth", "rmse", "RMSE m ↓"),
)
OPTIONS = {"depth": {"alignment": "scale_shift", "measure_far": True, "region": "scene"}}


def depth_cases(
    name: str,
    colour: Sequence[Path],
    depth: Sequence[Path],
    fps: float | None,
    read: Callable[[Sequence[Path]], np.ndarray],
    near: float,
    far: float,
    length: int | None = None,
    rgb: Callable[[Sequence[Path]], np.ndarray] = read_rgb,
) -> list[Case]:
    """A video in pieces of ``length``, whose depth files ``read`` turns into metres (T, H, W); what is not between
    ``near`` and ``far`` is unknown."""

    def labels(part: slice) -> dict[str, np.ndarray]:
        metres = np.asarray(read(depth[part]), np.float32)
        with np.errstate(invalid="ignore"):
            return {"depth": np.where((metres > near) & (metres < far), metres, np.float32(np.nan))}

    return sequence_cases(name, len(colour), length, fps, ("depth",), lambda part: rgb(colour[part]), labels)
