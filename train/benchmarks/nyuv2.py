"""NYU Depth V2 (Silberman et al., ECCV 2012): indoor rooms, a Kinect.

Layout: the test pictures as github.com/cleinc/bts and its many successors have them, in
``official_splits/test/<room>/rgb_00045.jpg`` and ``sync_depth_00045.png`` (16 bit, millimetres); the folder named may
be ``test``, ``official_splits`` or the one above.

Subset and protocol: all 654 test pictures, depth from 1 mm to 10 m, Eigen's crop (rows 45 to 470, columns 41 to 600),
one scale and shift for each picture, which is a video of one frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from train.benchmarks.base import Benchmark, Request
from train.benchmarks.depth_row import COLUMNS, OPTIONS, depth_cases
from train.benchmarks.files import check_there, folders, read_raw
from train.inference.cases import Case

_TOP, _BOTTOM, _LEFT, _RIGHT = 45, 471, 41, 601


def _cases(request: Request) -> list[Case]:
    cases = []
    for root in (request.folder, request.folder / "test", request.folder / "official_splits" / "test"):
        for room in folders(root):
            for colour in sorted(room.glob("rgb_*.jpg")):
                depth = room / f"sync_depth_{colour.stem.removeprefix('rgb_')}.png"
                check_there([depth])
                key = f"{room.name}-{colour.stem.removeprefix('rgb_')}"
                cases += depth_cases(key, [colour], [depth], None, _read, 1e-3, 10.0)
    return cases


def _read(paths: Sequence[Path]) -> np.ndarray:
    metres = np.full((raw := read_raw(paths)).shape, np.nan, np.float32)
    crop = (slice(None), slice(_TOP, _BOTTOM), slice(_LEFT, _RIGHT))
    metres[crop] = raw[crop] / np.float32(1000)
    return metres


BENCHMARK = Benchmark(
    name="nyuv2",
    title="NYU Depth V2, depth of pictures",
    layout="official_splits/test/<room>/rgb_*.jpg and sync_depth_*.png",
    protocol="654 test pictures, 1 mm to 10 m, Eigen's crop, one frame each",
    tasks=OPTIONS,
    columns=COLUMNS,
    published=(),
    cases=_cases,
)
