"""ScanNet (Dai et al., CVPR 2017): indoor rooms, filmed by hand with a depth sensor.

Layout: what the authors' ``SensReader`` (github.com/ScanNet/ScanNet) writes of a scan, ``scene0707_00/color/0.jpg``
and ``scene0707_00/depth/0.png`` (16 bit, millimetres, 0 is unknown), a folder a scan, or all below ``scans_test``.

Subset and protocol: every scan of the folder; every third frame, the first 90 of them, as video methods took it; 1 mm
to 10 m, one scale and shift a scan. Colour is brought to the size of the depth maps, as the sensors are registered.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from train.benchmarks.base import Benchmark, Request
from train.benchmarks.depth_row import COLUMNS, OPTIONS, depth_cases
from train.benchmarks.files import check_there, folders, read_raw, read_rgb
from train.inference.cases import Case

_FPS, _STEP, _FRAMES = 10.0, 3, 90


def _cases(request: Request) -> list[Case]:
    cases = []
    for root in (request.folder, request.folder / "scans_test"):
        for scan in folders(root):
            numbered = sorted((int(p.stem), p) for p in (scan / "color").glob("*.jpg") if p.stem.isdigit())
            colour = [path for _, path in numbered][::_STEP][: request.frames or _FRAMES]
            depth = [scan / "depth" / f"{path.stem}.png" for path in colour]
            check_there(depth)
            rgb = partial(_rgb, like=depth[:1])
            cases += depth_cases(scan.name, colour, depth, _FPS, _read, 1e-3, 10.0, rgb=rgb)
    return cases


def _read(paths: Sequence[Path]) -> np.ndarray:
    return read_raw(paths) / np.float32(1000)


def _rgb(paths: Sequence[Path], like: Sequence[Path]) -> np.ndarray:
    height, width = read_raw(like).shape[1:]
    frames = [Image.fromarray(frame).resize((width, height), Image.Resampling.LANCZOS) for frame in read_rgb(paths)]
    return np.stack([np.asarray(frame) for frame in frames])


BENCHMARK = Benchmark(
    name="scannet",
    title="ScanNet, video depth",
    layout="<scan>/color/*.jpg and <scan>/depth/*.png",
    protocol="every scan, every third frame, the first 90 of them, 1 mm to 10 m",
    tasks=OPTIONS,
    columns=COLUMNS,
    published=(),
    cases=_cases,
)
