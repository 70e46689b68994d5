"""Floors as tileable pictures: colour and tangent-space normals of a ``GroundSpec``, in numpy.

Shading a floor through procedural nodes costs several times the rest of the picture; a picture costs a look-up.
"""

from __future__ import annotations

import numpy as np

from synth.scenes.patterns import brickwork, cobble, noise
from synth.spec.model import GroundSpec
from synth.spec.seeds import generator

PIXELS = 1024
_SIDE_METRES = 4.0  # about this much floor before the picture repeats
_CELLED = ("tiles", "planks", "bricks")


def side_metres(spec: GroundSpec) -> float:
    """Width of the floor that one picture covers: a whole, even number of cells."""
    return spec.scale * _cells(spec)


def _cells(spec: GroundSpec) -> int:
    return 2 * max(1, round(_SIDE_METRES / spec.scale / 2))


def floor_pictures(spec: GroundSpec) -> tuple[np.ndarray, np.ndarray]:
    """Linear RGB and normals, both (N, N, 3) float32 in [0, 1] and periodic; row 0 is the bottom."""
    rng = generator("floor", spec.model_dump_json())
    cells = _cells(spec)
    at = (np.arange(PIXELS) + 0.5) / PIXELS * cells
    u, v = np.meshgrid(at, at)
    cloudy, grain = noise(rng, PIXELS, 1.3, 2.0), noise(rng, PIXELS, 0.4, 40.0)
    mortar, shade = np.zeros_like(u), grain
    if spec.pattern in _CELLED:
        mortar, shade = brickwork(u, v, spec.pattern, cells, rng)
    elif spec.pattern == "cobble":
        mortar, shade = cobble(u, v, cells, rng)
    elif spec.pattern == "checker":
        shade = ((np.floor(u) + np.floor(v)) % 2).astype(float)
    elif spec.pattern == "plain":
        shade = 0.5 + 0.4 * (grain - 0.5)
    a, b = np.array(spec.a), np.array(spec.b)
    colour = a + (b - a) * shade[..., None]
    colour = colour + (0.35 * a - colour) * mortar[..., None]
    colour = colour * (0.6 + 0.55 * cloudy + 0.25 * (grain - 0.5))[..., None]
    # Millimetres of relief: joints lie low, the surface is rough, and stones are not quite level.
    height = spec.bump * (0.0012 * grain + 0.002 * cloudy - 0.004 * mortar)
    step = side_metres(spec) / PIXELS
    slope = [(np.roll(height, -1, axis) - np.roll(height, 1, axis)) / (2 * step) for axis in (1, 0)]
    normal = np.stack([-slope[0], -slope[1], np.ones_like(height)], -1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    return np.clip(colour, 0.0, 1.0).astype(np.float32), (normal * 0.5 + 0.5).astype(np.float32)
