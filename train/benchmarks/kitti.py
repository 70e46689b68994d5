"""KITTI depth prediction (Uhrig et al., 3DV 2017): streets from a car, accumulated laser scans.

Layout: the devkit's readme: ``val/<drive>_sync/proj_depth/groundtruth/image_02/0000000005.png`` (16 bit, metres x
256, 0 is unknown), with the raw recordings beside them, ``<date>/<drive>_sync/image_02/data/0000000005.png``, in the
same folder or below ``raw``.

Subset and protocol: the drives of the validation split, left colour camera, those frames that have depth, Garg's
crop, under 80 m, whole drives as videos in pieces of 110 frames, one scale and shift each. (The 652 single pictures
of Eigen's split need that list; the numbers are not the same.)
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from train.benchmarks.base import Benchmark, Request
from train.benchmarks.depth_row import COLUMNS, OPTIONS, depth_cases
from train.benchmarks.files import check_there, folders, pictures, read_raw
from train.inference.cases import Case

_FPS, _PIECE, _FAR = 10.0, 110, 80.0
_GARG = (0.40810811, 0.99189189, 0.03594771, 0.96405229)  # top, bottom, left, right of the picture


def _cases(request: Request) -> list[Case]:
    cases = []
    for drive in folders(request.folder / "val"):
        depth = pictures(drive / "proj_depth" / "groundtruth" / "image_02")
        date = drive.name[:10]
        roots = (request.folder / "raw", request.folder)
        root = next((r for r in roots if (r / date / drive.name).is_dir()), roots[1])
        colour = [root / date / drive.name / "image_02" / "data" / path.name for path in depth]
        check_there(colour)
        cases += depth_cases(drive.name, colour, depth, _FPS, _read, 1e-3, _FAR, request.frames or _PIECE)
    return cases


def _read(paths: Sequence[Path]) -> np.ndarray:
    raw = read_raw(paths)
    height, width = raw.shape[1:]
    metres = np.full(raw.shape, np.nan, np.float32)
    top, bottom, left, right = (int(g * s) for g, s in zip(_GARG, (height, height, width, width), strict=True))
    metres[:, top:bottom, left:right] = raw[:, top:bottom, left:right] / np.float32(256)
    return metres


BENCHMARK = Benchmark(
    name="kitti",
    title="KITTI, video depth",
    layout="val/<drive>_sync/proj_depth/groundtruth/image_02 and <date>/<drive>_sync/image_02/data",
    protocol="validation drives, left camera, Garg's crop, under 80 m, pieces of up to 110 frames",
    tasks=OPTIONS,
    columns=COLUMNS,
    published=(),
    cases=_cases,
)
