"""Reading pictures, one to a file or several that move."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from synth.conventions import ThfmError

PICTURES = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}


def is_picture(path: Path) -> bool:
    """Neither a folder nor what Macs write beside a file (``._frame.png``)."""
    return path.suffix.lower() in PICTURES and not path.name.startswith(".") and path.is_file()


def natural(path: Path) -> list:
    """frame2 before frame10."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", path.name)]


def moving_format(path: Path) -> str | None:
    """Pillow's name of the format of a picture that moves; None if it does not."""
    try:
        with Image.open(path) as image:
            moves = getattr(image, "n_frames", 1) > 1 and image.format in ("WEBP", "PNG", "GIF")
            return image.format if moves else None
    except (OSError, SyntaxError, Image.DecompressionBombError):  # reading it will say why
        return None


def read_picture(path: Path) -> np.ndarray:
    """(H, W, 3) uint8, upright; of several pictures in a file the first.

    Raises:
        ThfmError: it cannot be read, or is of floating numbers.
    """
    try:
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image)
            if upright.mode == "F":
                raise ThfmError(f"{path} holds floating numbers, which say no white: save it with 8 or 16 bits.")
            if upright.mode.startswith("I"):  # 16 bit
                return np.repeat((np.asarray(upright).clip(0, 65535) / 257).round().astype(np.uint8)[..., None], 3, -1)
            return np.asarray(upright.convert("RGB"))
    except ThfmError:
        raise
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ThfmError(f"{path} is no readable picture ({one_line(error)}).") from None


def webp_frames(path: Path) -> Iterator[tuple[np.ndarray, Fraction]]:
    """(H, W, 3) uint8 and seconds of each; by Pillow, since FFmpeg's reader of WebP knows no films.

    Raises:
        ThfmError: it cannot be read.
    """
    try:
        with Image.open(path) as image:
            for number in range(image.n_frames):
                image.seek(number)
                rgb = np.asarray(image.convert("RGB"))
                yield rgb, Fraction(image.info["timestamp"], 1000)
    except (OSError, EOFError, ValueError, Image.DecompressionBombError) as error:
        raise ThfmError(f"{path} is no readable picture ({one_line(error)}).") from None


def one_line(error: BaseException) -> str:
    """What an error of a library says, in one line."""
    return " ".join((getattr(error, "strerror", None) or str(error) or type(error).__name__).split())
