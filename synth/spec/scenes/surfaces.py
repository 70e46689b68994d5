"""Draws of floors, walls and grounds, in colours that they have."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Sequence

import numpy as np

from synth.spec.catalogue import TextureEntry
from synth.spec.scenes.model import SurfaceSpec

_VARIANTS = 6  # drawings of a pattern: few, so that a worker keeps them at hand

# Per use: pattern -> (scale in metres, bump, roughness), as ranges.
_USES: dict[str, dict[str, tuple]] = {
    "floor": {
        "planks": ((0.7, 1.6), (0.1, 0.4), (0.3, 0.6)), "wood": ((1.0, 2.0), (0.0, 0.1), (0.25, 0.5)),
        "tiles": ((0.25, 0.8), (0.1, 0.4), (0.2, 0.6)), "fabric": ((0.4, 1.0), (0.3, 0.8), (0.9, 1.0)),
        "concrete": ((1.5, 3.0), (0.1, 0.3), (0.4, 0.8)), "checker": ((0.2, 0.5), (0.0, 0.1), (0.2, 0.5)),
    },
    "walls": {
        "plaster": ((1.0, 2.5), (0.1, 0.5), (0.8, 1.0)), "wallpaper": ((0.15, 0.7), (0.0, 0.2), (0.7, 0.95)),
        "bricks": ((0.4, 0.6), (0.4, 0.9), (0.8, 1.0)), "tiles": ((0.1, 0.3), (0.1, 0.4), (0.15, 0.4)),
        "concrete": ((1.5, 3.0), (0.1, 0.4), (0.7, 0.95)), "wood": ((1.0, 2.0), (0.1, 0.3), (0.4, 0.7)),
    },
    "ceiling": {"plaster": ((1.0, 2.5), (0.1, 0.4), (0.9, 1.0))},
    "pavement": {
        "slabs": ((0.4, 0.9), (0.2, 0.5), (0.8, 1.0)), "cobble": ((0.3, 0.6), (0.4, 0.9), (0.7, 0.95)),
        "bricks": ((0.35, 0.5), (0.3, 0.7), (0.8, 1.0)), "concrete": ((1.5, 3.0), (0.1, 0.4), (0.8, 1.0)),
        "asphalt": ((0.8, 1.5), (0.3, 0.6), (0.85, 1.0)),
    },
    "road": {"asphalt": ((0.8, 1.6), (0.3, 0.7), (0.8, 1.0)), "cobble": ((0.3, 0.5), (0.4, 0.9), (0.7, 0.95))},
    "front": {
        "plaster": ((1.5, 3.0), (0.2, 0.6), (0.85, 1.0)), "bricks": ((0.4, 0.55), (0.4, 0.9), (0.85, 1.0)),
        "concrete": ((2.0, 3.5), (0.2, 0.5), (0.8, 1.0)), "slabs": ((0.6, 1.4), (0.2, 0.4), (0.7, 0.95)),
    },
    "ground": {
        "grass": ((0.8, 1.6), (0.5, 1.0), (0.95, 1.0)), "speckled": ((0.5, 1.5), (0.3, 0.8), (0.9, 1.0)),
        "asphalt": ((0.8, 1.6), (0.3, 0.7), (0.85, 1.0)),
    },
}  # fmt: skip
# Linear RGB of the first colour, by pattern; the second follows from it.
_WOODS = ((0.25, 0.13, 0.06), (0.12, 0.055, 0.025), (0.42, 0.27, 0.14), (0.55, 0.4, 0.24), (0.05, 0.03, 0.018))
_STONES = ((0.32, 0.31, 0.29), (0.18, 0.18, 0.18), (0.5, 0.48, 0.44), (0.42, 0.33, 0.22), (0.34, 0.13, 0.07),
           (0.62, 0.6, 0.56), (0.09, 0.11, 0.13))  # fmt: skip
_BRICKS = ((0.32, 0.1, 0.055), (0.25, 0.12, 0.08), (0.45, 0.3, 0.18), (0.6, 0.57, 0.52), (0.16, 0.14, 0.13))
_GREENS = ((0.06, 0.12, 0.025), (0.1, 0.15, 0.03), (0.16, 0.16, 0.05), (0.045, 0.085, 0.02))
_EARTHS = ((0.16, 0.1, 0.055), (0.42, 0.33, 0.22), (0.22, 0.17, 0.12), (0.5, 0.42, 0.3))
_GREYS = ((0.05, 0.05, 0.055), (0.08, 0.08, 0.08), (0.12, 0.115, 0.11))
_GRAVELS = ((0.3, 0.3, 0.29), (0.34, 0.31, 0.26), (0.4, 0.35, 0.28), (0.22, 0.21, 0.2))
_PALETTES = {"planks": _WOODS, "wood": _WOODS, "bricks": _BRICKS, "grass": _GREENS, "asphalt": _GREYS,
             "speckled": _EARTHS, "concrete": _STONES[:3], "slabs": _STONES, "cobble": _STONES, "tiles": _STONES,
             "checker": _STONES}  # fmt: skip


def between(rng: np.random.Generator, bounds: tuple[float, float]) -> float:
    return float(rng.uniform(*bounds))


def pick(rng: np.random.Generator, options: Sequence):
    return options[int(rng.integers(len(options)))]


def rounded(values) -> tuple[float, ...]:
    return tuple(round(float(v), 4) for v in values)


def paint(rng: np.random.Generator, value=(0.35, 0.8), saturation=(0.0, 0.45)) -> tuple[float, float, float]:
    """A wall colour, linear RGB: mostly light, sometimes strong."""
    return rounded(colorsys.hsv_to_rgb(rng.uniform(), between(rng, saturation), between(rng, value)))


def _photograph(rng: np.random.Generator, options: Sequence[TextureEntry]) -> SurfaceSpec:
    entry = pick(rng, options)
    shade = between(rng, (0.75, 1.0))
    tint = pick(rng, _GREENS if "grass" in entry.name else _GRAVELS) if entry.grey else (0.9, 0.9, 0.9)
    a = rounded(shade * c * between(rng, (0.92, 1.08)) * (3.0 if entry.grey else 1.0) for c in tint)
    return SurfaceSpec(
        pattern="photo", photo=entry.name, a=tuple(min(c, 1.0) for c in a), b=a, bump=0.3,
        scale=round(entry.metres * between(rng, (0.85, 1.2)), 4), roughness=round(between(rng, entry.roughness), 4),
    )  # fmt: skip


def draw_surface(rng: np.random.Generator, use: str, photographs: Sequence[TextureEntry], share: float) -> SurfaceSpec:
    """A surface for a ``use``: floor, walls, ceiling, pavement, road, front or ground."""
    options = [p for p in photographs if use in p.uses]
    if options and rng.uniform() < share:
        return _photograph(rng, options)
    pattern = pick(rng, sorted(_USES[use]))
    scale, bump, roughness = _USES[use][pattern]
    painted = pattern in ("plaster", "wallpaper", "fabric") or (use == "walls" and pattern in ("tiles", "wood"))
    if use == "ceiling":
        a = rounded((c := between(rng, (0.65, 0.85)), c, c * between(rng, (0.9, 1.0))))
    elif painted:
        a = paint(rng, (0.08, 0.6) if pattern == "fabric" else (0.35, 0.8))
    else:
        a = rounded(c * between(rng, (0.85, 1.15)) for c in pick(rng, _PALETTES[pattern]))
    if pattern == "wallpaper":
        b = paint(rng)
    elif pattern == "checker":
        b = rounded(c * between(rng, (0.15, 0.5)) for c in a)
    else:
        shift = between(rng, (0.7, 1.35))
        b = tuple(round(min(0.9, c * shift + 0.01), 4) for c in a)
    return SurfaceSpec(
        pattern=pattern, a=a, b=b, scale=round(math.exp(between(rng, tuple(math.log(s) for s in scale))), 4),
        bump=round(between(rng, bump), 4), roughness=round(between(rng, roughness), 4),
        variant=int(rng.integers(_VARIANTS)),
    )  # fmt: skip
