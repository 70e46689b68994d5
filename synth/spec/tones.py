"""Whether cloth could be taken for the skin of who wears it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

RGB = tuple[float, float, float]

APART = 22.0  # in CIELAB; skin of one person varies by some 10
LIGHTNESS = 0.5  # share that counts of a difference in lightness, which shadows make as well
# Linear RGB of skins whose own colour is not known.
TONES: tuple[RGB, ...] = ((0.12, 0.045, 0.023), (0.3, 0.14, 0.085), (0.55, 0.27, 0.16), (0.65, 0.39, 0.26))
_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])  # of linear sRGB
_WHITE = _TO_XYZ.sum(1)


def cielab(linear: Sequence[float] | np.ndarray) -> np.ndarray:
    """CIELAB (..., 3) of linear sRGB (..., 3), under the white of sRGB."""
    share = np.asarray(linear) @ _TO_XYZ.T / _WHITE
    root = np.where(share > 216 / 24389, np.cbrt(share), (841 / 108) * share + 4 / 29)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def skin_tones(base_colour: RGB | None, tint: RGB) -> tuple[RGB, ...]:
    """What the skin of somebody may look like, linear RGB: their texture's mean, tinted; without one, all of them."""
    known = TONES if base_colour is None else (base_colour,)
    return tuple(tuple(c * t for c, t in zip(tone, tint, strict=True)) for tone in known)


def like_skin(cloth: RGB, skin: Sequence[RGB]) -> bool:
    """Whether the colour of cloth is so close to one of the skin's that it reads as bare."""
    if not skin:
        return False
    gap = (cielab(cloth) - cielab(np.array(skin))) * (LIGHTNESS, 1.0, 1.0)
    return bool(np.linalg.norm(gap, axis=-1).min() < APART)
