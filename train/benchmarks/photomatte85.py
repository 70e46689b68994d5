"""PhotoMatte85 (Lin et al., CVPR 2021): 85 studio portraits with alpha.

Layout: one folder of PNG pictures with an alpha channel, as the authors of github.com/PeterL1n/BackgroundMattingV2
give them out.

Subset and protocol: all pictures, each over a background of the user's (``--with backgrounds=FOLDER``, in the order
of their names, again from the first when they end), cut to the picture's aspect at the centre. A picture is a video
of one frame. Papers do not publish which backgrounds they took, so differences of some per cent mean nothing.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from synth.conventions import ThfmError
from train.benchmarks.base import Benchmark, Column, Companion, Published, Request
from train.benchmarks.files import PICTURES, read_rgb
from train.inference.cases import Case


def _cases(request: Request) -> list[Case]:
    backgrounds = sorted(p for p in request.companions["backgrounds"].rglob("*") if p.suffix.lower() in PICTURES)
    if not backgrounds:
        raise ThfmError(f"{request.companions['backgrounds']} holds no pictures: name a folder of backgrounds.")
    cases = []
    for k, path in enumerate(sorted(request.folder.glob("*.png"))):
        background = backgrounds[k % len(backgrounds)]
        cases.append(Case(path.stem, ("matte",), None, partial(_rgb, path, background), partial(_labels, path)))
    return cases


def _rgba(path: Path) -> np.ndarray:
    """(H, W, 4) uint8."""
    try:
        with Image.open(path) as picture:
            if "A" not in picture.getbands() and "transparency" not in picture.info:
                raise ThfmError(f"{path} has no alpha channel: PhotoMatte85 is PNG with alpha.")
            return np.asarray(picture.convert("RGBA"))
    except ThfmError:
        raise
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ThfmError(f"{path} cannot be read ({error}): unpack or fetch it again.") from None


def _rgb(path: Path, background: Path) -> np.ndarray:
    picture = _rgba(path)
    height, width = picture.shape[:2]
    behind = Image.fromarray(read_rgb([background])[0])
    behind = np.asarray(ImageOps.fit(behind, (width, height), Image.Resampling.BICUBIC), np.float32)
    alpha = picture[..., 3:].astype(np.float32) / 255
    return np.round(alpha * picture[..., :3] + (1 - alpha) * behind).astype(np.uint8)[None]


def _labels(path: Path, names) -> dict[str, np.ndarray]:
    return {name: _rgba(path)[None, ..., 3].astype(np.float32) / 255 for name in names}


BENCHMARK = Benchmark(
    name="photomatte85",
    title="PhotoMatte85, matting",
    layout="85 PNG pictures with alpha",
    protocol="all pictures over the backgrounds named, at full size, one frame each",
    tasks={"matte": {}},
    columns=(
        Column("matte", "mse", "MSE ↓"),
        Column("matte", "mad", "MAD ↓"),
        Column("matte", "sad", "SAD/1000 ↓"),
        Column("matte", "grad", "Grad/1000 ↓"),
        Column("matte", "conn", "Conn/1000 ↓"),
    ),
    published=(
        Published("THFM", (9.0e-4, None, None, None, None), "arXiv 2603.25892"),
        Published("DAViD multi-task", (8e-4, None, None, None, None), "quoted; look it up before citing"),
    ),
    cases=_cases,
    companions={"backgrounds": Companion("a folder of background pictures to lay people over", True)},
)
