"""VideoMatte240K's test clips over backgrounds, as Robust Video Matting (Lin et al., WACV 2022) composed them.

Layout: ``evaluation/`` of github.com/PeterL1n/RobustVideoMatting: ``videomatte_motion/0000/com/0000.png``,
``.../pha/0000.png`` and the same under ``videomatte_static``, in a folder like ``videomatte_512x288``. What
``generate_videomatte_with_background_*.py`` of that repository writes is read too (clips without the two folders).

Subset and protocol: every clip with ``com`` and ``pha``. Numbers as that repository's ``evaluate_lr.py`` prints them:
MAD and MSE x 1000, dtSSD x 100; its Grad first stretches each matte to [0, 1], ours does not; its dtSSD counts a 0 for
the first frame of each clip.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from synth.conventions import ThfmError
from train.benchmarks.base import Benchmark, Column, Request
from train.benchmarks.files import folders, pictures, read_alpha, read_rgb
from train.benchmarks.sequence import sequence_cases
from train.inference.cases import Case

_FPS = 30.0


def _cases(request: Request) -> list[Case]:
    clips: dict[str, Path] = {}
    for first in folders(request.folder):
        if (first / "com").is_dir():
            clips[first.name] = first
        for second in folders(first):
            if (second / "com").is_dir():
                clips[f"{first.name}-{second.name}"] = second
    cases: list[Case] = []
    for name, clip in clips.items():
        colour, alpha = pictures(clip / "com"), pictures(clip / "pha")
        if not colour or [p.stem for p in colour] != [p.stem for p in alpha]:
            raise ThfmError(f"{clip}: com and pha do not hold the same frames: unpack the data set completely.")
        cases += _clip(name, colour, alpha, request.frames)
    return cases


def _clip(name: str, colour: list[Path], alpha: list[Path], piece: int | None) -> list[Case]:
    def labels(part: slice) -> dict[str, np.ndarray]:
        return {"matte": read_alpha(alpha[part])}

    return sequence_cases(name, len(colour), piece, _FPS, ("matte",), lambda part: read_rgb(colour[part]), labels)


BENCHMARK = Benchmark(
    name="videomatte",
    title="VideoMatte240K over backgrounds, matting",
    layout="videomatte_motion and videomatte_static, each <clip>/com and <clip>/pha",
    protocol="every clip, whole; MAD and MSE x 1000, dtSSD x 100",
    tasks={"matte": {}},
    columns=(
        Column("matte", "mad", "MAD ↓", 1000),
        Column("matte", "mse", "MSE ↓", 1000),
        Column("matte", "grad", "Grad ↓"),
        Column("matte", "conn", "Conn ↓"),
        Column("matte", "dtssd", "dtSSD ↓", 100),
    ),
    published=(),
    cases=_cases,
)
