"""Colours as words, by the nearest anchor to the eye (OKLab, Ottosson 2020)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

# sRGB anchors of common words, one or more each.
_COLOURS = {
    "black": "161616", "dark grey": "4c4c4c 35363c", "grey": "8a8a8a", "light grey": "c4c4c4", "white": "f2f2f2",
    "red": "d02020", "dark red": "741818 533338", "orange": "ee8420", "brown": "73492a 593f2b", "beige": "d8c4a0",
    "yellow": "f0d830", "olive": "6e6e28", "green": "3aa03a", "dark green": "1c5228", "light green": "a4dc98",
    "turquoise": "2cb4ac 48dcd0", "blue": "2f5fd0 4e677f", "dark blue": "1c2c66 3a4a66", "light blue": "98c4ee b4d8e8",
    "purple": "7a3aa8", "lilac": "bca0dc 8a7ab0", "pink": "ee94b8 fac4ce", "magenta": "cc2f94",
}  # fmt: skip
_HAIRS = {"black": "1c1a1a", "dark brown": "3f2c20", "brown": "6d4c32", "blond": "c09a60", "red": "8a4622",
          "grey": "a8a6a2", "white": "e8e6e2"}  # fmt: skip


def _oklab(linear: np.ndarray) -> np.ndarray:
    """Linear sRGB (..., 3) in [0, 1] -> OKLab (..., 3)."""
    to_cones = np.array([
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ])  # fmt: skip
    to_lab = np.array([
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ])  # fmt: skip
    return np.cbrt(linear @ to_cones.T) @ to_lab.T


def _linear(anchor: str) -> np.ndarray:
    srgb = np.frombuffer(bytes.fromhex(anchor), np.uint8) / 255
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def _nearest(colour: Sequence[float], anchors: Mapping[str, str]) -> str:
    words = [(word, _linear(anchor)) for word, texts in anchors.items() for anchor in texts.split()]
    points = _oklab(np.stack([point for _, point in words]))
    away = np.linalg.norm(points - _oklab(np.clip(colour, 0, 1)), axis=-1)
    return words[int(away.argmin())][0]


def colour_word(linear: Sequence[float]) -> str:
    """The common word for a colour in linear sRGB."""
    return _nearest(linear, _COLOURS)


def hair_word(linear: Sequence[float]) -> str:
    """The common word for a colour of hair in linear sRGB."""
    return _nearest(linear, _HAIRS)
