"""MPI Sintel (Butler et al., ECCV 2012) with its depth: an animated film.

Layout: the archives MPI-Sintel-complete and MPI-Sintel-depth-training of sintel.is.tue.mpg.de, unpacked into one
folder: ``training/final/<scene>/frame_0001.png`` and ``training/depth/<scene>/frame_0001.dpt``; a .dpt file is the
float32 202021.25, width and height as int32 and the depths as float32, little-endian (``sdk/python/sintel_io.py``
there).

Subset and protocol: all scenes of the training set, the final pass, depth under 70 m, whole videos, one scale and
shift each.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from synth.conventions import ThfmError
from train.benchmarks.base import Benchmark, Request
from train.benchmarks.depth_row import COLUMNS, OPTIONS, depth_cases
from train.benchmarks.files import check_there, folders, pictures
from train.inference.cases import Case

_MARK, _FPS, _FAR = 202021.25, 24.0, 70.0


def _cases(request: Request) -> list[Case]:
    cases = []
    for scene in folders(request.folder / "training" / "final"):
        colour = pictures(scene)
        depth = [request.folder / "training" / "depth" / scene.name / f"{p.stem}.dpt" for p in colour]
        check_there(depth)
        cases += depth_cases(scene.name, colour, depth, _FPS, _read, 0.0, _FAR, request.frames)
    return cases


def _read(paths: Sequence[Path]) -> np.ndarray:
    return np.stack([read_dpt(path) for path in paths])


def read_dpt(path: Path) -> np.ndarray:
    """(H, W) float32 metres. Raises ThfmError if it cannot be read."""
    try:
        data = path.read_bytes()
        width, height = np.frombuffer(data, "<i4", 2, 4)
        if np.frombuffer(data, "<f4", 1)[0] != np.float32(_MARK) or len(data) != 12 + 4 * width * height:
            raise ValueError("it does not begin as one, or is cut off")
        return np.frombuffer(data, "<f4", -1, 12).reshape(height, width)
    except (OSError, ValueError) as error:
        raise ThfmError(f"{path} is no depth file of Sintel that can be read ({error}): unpack it again.") from None


BENCHMARK = Benchmark(
    name="sintel",
    title="MPI Sintel, video depth",
    layout="training/final/<scene>/frame_*.png and training/depth/<scene>/frame_*.dpt",
    protocol="training scenes, final pass, depth under 70 m, whole videos",
    tasks=OPTIONS,
    columns=COLUMNS,
    published=(),
    cases=_cases,
)
