"""Pictures of patterned cloth, by numpy: a tile that repeats without a seam, as plain image textures are fast."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from synth.spec.fabrics import FabricSpec
from synth.spec.seeds import generator

SIDE = 256  # pixels of a tile
_Y, _X = np.mgrid[0:SIDE, 0:SIDE] / SIDE


def fabric_tile(spec: FabricSpec) -> np.ndarray:
    """(256, 256, 3) float32 linear RGB of one repeat; along x the pattern runs across the cloth."""
    rng = generator("fabric", spec.seed)
    shares = np.clip(np.stack(_WEAVES[spec.weave](rng), -1), 0.0, 1.0)
    colours = np.array(spec.colours)
    picture = np.broadcast_to(colours[0], (SIDE, SIDE, 3))
    for k in range(shares.shape[-1]):  # later colours lie over earlier ones
        over = shares[..., k, None]
        picture = picture * (1 - over) + colours[k + 1] * over
    yarn = 1.0 + 0.06 * _noise(rng, 40.0, 40.0)[..., None]
    return np.clip(picture * yarn, 0.0, 1.0).astype(np.float32)


def _noise(rng: np.random.Generator, across: float, along: float) -> np.ndarray:
    """(SIDE, SIDE) noise of unit deviation that repeats, of about so many waves a tile across x and along y."""
    fy, fx = np.meshgrid(np.fft.fftfreq(SIDE, 1 / SIDE), np.fft.fftfreq(SIDE, 1 / SIDE), indexing="ij")
    band = np.exp(-0.5 * ((fx / across) ** 2 + (fy / along) ** 2))
    band[0, 0] = 0.0
    out = np.fft.ifft2(np.fft.fft2(rng.normal(size=(SIDE, SIDE))) * band).real
    return out / out.std()


def _bands(rng: np.random.Generator, where: np.ndarray, count: int, widths: tuple[float, float]) -> np.ndarray:
    """Coverage by ``count`` bands across ``where`` in [0, 1)."""
    out = np.zeros_like(where)
    for centre in (np.arange(count) + rng.uniform(0.25, 0.75, count)) / count:
        half = rng.uniform(*widths) / (2 * count)
        out = np.maximum(out, (np.abs((where - centre + 0.5) % 1 - 0.5) < half).astype(float))
    return out


def _stripes(rng):
    return [_bands(rng, _Y, 1, (0.3, 0.6)), _bands(rng, _Y, 2, (0.0, 0.3)) if rng.uniform() < 0.5 else 0 * _Y]


def _pinstripes(rng):
    return [_bands(rng, _X, 1, (0.05, 0.1))]


def _checks(rng):
    a, b = _bands(rng, _X, 1, (0.5, 0.5)), _bands(rng, _Y, 1, (0.5, 0.5))
    return [(a + b) / 2]


def _plaid(rng):
    twill = ((np.floor(_X * 64) + np.floor(_Y * 64)) % 4 < 2).astype(float)
    state = int(rng.integers(2**31))
    warp = [generator("sett", state) for _ in range(2)]  # both ways the same sett
    shares = []
    for count, widths in ((2, (0.4, 0.8)), (3, (0.05, 0.25))):
        across, along = (_bands(r, where, count, widths) for r, where in zip(warp, (_X, _Y), strict=True))
        shares.append(np.where(twill > 0, across, along) * 0.5 + (across + along) / 4)
    return shares


def _dots(rng):
    radius = rng.uniform(0.1, 0.22)
    shifts = ((0.25, 0.25), (0.75, 0.75))
    away = [np.hypot((_X - x + 0.5) % 1 - 0.5, (_Y - y + 0.5) % 1 - 0.5) for x, y in shifts]
    one, two = (np.clip((radius - a) * SIDE / 2, 0, 1) for a in away)
    return [one, two] if rng.uniform() < 0.3 else [np.maximum(one, two)]


def _flowers(rng):
    petals, hearts = np.zeros((SIDE, SIDE)), np.zeros((SIDE, SIDE))
    for k in range(12):
        place = (np.array([k % 4, k // 4]) + rng.uniform(0.2, 0.8, 2)) / (4, 3)
        size, turn, count = rng.uniform(0.06, 0.12), rng.uniform(0, 2 * np.pi), int(rng.integers(4, 8))
        dx, dy = (_X - place[0] + 0.5) % 1 - 0.5, (_Y - place[1] + 0.5) % 1 - 0.5
        away, angle = np.hypot(dx, dy), np.arctan2(dy, dx) + turn
        petals = np.maximum(petals, np.clip((size * (0.7 + 0.3 * np.cos(count * angle)) - away) * SIDE / 2, 0, 1))
        hearts = np.maximum(hearts, np.clip((size * 0.28 - away) * SIDE / 2, 0, 1))
    return [petals, hearts]


def _blotches(rng):
    fields = [_noise(rng, 2.5, 2.5) + 0.25 * _noise(rng, 9.0, 9.0) for _ in range(2)]
    return [np.clip((f - cut) * 12, 0, 1) for f, cut in zip(fields, (0.1, 0.6), strict=True)]


def _heather(rng):
    return [np.clip(0.4 + 0.3 * _noise(rng, 60.0, 20.0), 0, 1), np.clip(0.3 * _noise(rng, 20.0, 60.0), 0, 1)]


def _denim(rng):
    twill = 0.5 + 0.5 * np.cos(2 * np.pi * 32 * (_X + _Y))
    return [0.35 * twill + 0.12 * _noise(rng, 60.0, 6.0), np.clip(0.25 * _noise(rng, 60.0, 3.0), 0, 1)]


def _herringbone(rng):
    zigzag = np.abs((_X * 2) % 1 - 0.5) * 2
    return [((zigzag + _Y * 6) % 1 < 0.5).astype(float) * 0.8]


def _ribs(rng):
    return [0.0 * _X, 0.5 + 0.5 * np.cos(2 * np.pi * 2 * _X)]


_WEAVES: dict[str, Callable[[np.random.Generator], list[np.ndarray]]] = {
    "stripes": _stripes, "pinstripes": _pinstripes, "checks": _checks, "plaid": _plaid, "dots": _dots,
    "flowers": _flowers, "blotches": _blotches, "heather": _heather, "denim": _denim, "herringbone": _herringbone,
    "ribs": _ribs,
}  # fmt: skip
