"""Surfaces as tileable pictures: colour and tangent-space normals of a ``SurfaceSpec``.

The drawing of a pattern takes time and is kept; colours are laid on it in milliseconds.
"""

from __future__ import annotations

import functools

import numpy as np

from synth.scenes.patterns import STONES, brickwork, cobble, noise, ornament, weave
from synth.spec.scenes.model import SurfaceSpec
from synth.spec.seeds import generator

PIXELS = 512
_CELLS = {"bricks": 4, "planks": 2, "tiles": 4, "slabs": 4, "checker": 4, "cobble": 4, "wallpaper": 4, "fabric": 4}


def side_metres(spec: SurfaceSpec) -> float:
    """Width of the surface that one picture covers."""
    return spec.scale * _CELLS.get(spec.pattern, 2)


@functools.lru_cache(maxsize=48)
def _drawing(pattern: str, variant: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Mix of the colours, joints, brightness and height of a pattern, each (PIXELS, PIXELS) float32."""
    rng = generator("surface", pattern, variant)
    cells = _CELLS.get(pattern, 2)
    at = (np.arange(PIXELS) + 0.5) / PIXELS * cells
    u, v = np.meshgrid(at, at)
    cloudy, grain = noise(rng, PIXELS, 1.3, 2.0), noise(rng, PIXELS, 0.4, 40.0)
    joint, mix, bright = np.zeros_like(u), grain, 0.75 + 0.35 * cloudy + 0.2 * (grain - 0.5)
    height = 0.3 * grain + 0.5 * cloudy
    if pattern in STONES:
        joint, shade = brickwork(u, v, pattern, cells, rng)
        mix = shade
        if pattern == "planks":
            fibre = noise(rng, PIXELS, 0.9, 2.0, (1.0, 12.0))
            bright = bright * (0.65 + 0.6 * fibre)
        height = height + 0.3 * shade - joint
    elif pattern == "cobble":
        joint, mix = cobble(u, v, cells, rng)
        height = height + 0.3 * mix - joint
    elif pattern == "checker":
        mix = (np.floor(u) + np.floor(v)) % 2
        bright, height = 0.9 + 0.15 * cloudy, 0.05 * grain
    elif pattern == "wood":
        rings = noise(rng, PIXELS, 1.6, 1.0, (1.0, 7.0))
        fibre = noise(rng, PIXELS, 0.7, 6.0, (1.0, 20.0))
        mix = np.abs(np.sin(2 * np.pi * (5 * rings)))
        bright, height = 0.7 + 0.5 * fibre, 0.4 * fibre + 0.1 * mix
    elif pattern == "plaster":
        fine = noise(rng, PIXELS, 0.8, 8.0)
        mix, bright, height = cloudy, 0.94 + 0.08 * fine, fine
    elif pattern == "wallpaper":
        mix, height = ornament(u, v, variant), 0.1 * grain
        bright = 0.95 + 0.08 * (grain - 0.5)
    elif pattern == "fabric":
        height = weave(u, v, 16)
        mix, bright = noise(rng, PIXELS, 1.0, 3.0), 0.55 + 0.45 * height + 0.2 * (grain - 0.5)
    elif pattern == "concrete":
        pores = noise(rng, PIXELS, 0.2, 30.0)
        joint = np.clip((pores - 0.9) * 10, 0, 1)
        mix, height = cloudy, 0.3 * grain + 0.4 * cloudy - joint
    elif pattern == "grass":
        blades = noise(rng, PIXELS, 0.35, 25.0, (0.35, 1.0)) * noise(rng, PIXELS, 0.35, 25.0, (1.0, 0.35))
        blades = blades / blades.max()
        mix, height = noise(rng, PIXELS, 1.1, 2.0), blades
        bright = 0.35 + 1.3 * blades
    elif pattern == "asphalt":
        stones = noise(rng, PIXELS, 0.1, 60.0)
        mix, height = np.clip((stones - 0.62) * 6, 0, 1), stones
        bright = 0.8 + 0.3 * cloudy
    return tuple(np.asarray(x, np.float32) for x in (mix, joint, bright, height))


def surface_pictures(spec: SurfaceSpec) -> tuple[np.ndarray, np.ndarray]:
    """Linear RGB and normals, both (N, N, 3) float32 in [0, 1] and periodic; row 0 is the bottom."""
    mix, joint, bright, height = _drawing(spec.pattern, spec.variant)
    a, b = np.array(spec.a, np.float32), np.array(spec.b, np.float32)
    colour = a + (b - a) * mix[..., None]
    colour = (colour + (0.4 * a - colour) * joint[..., None]) * bright[..., None]
    relief = 0.004 * spec.bump * height
    step = side_metres(spec) / PIXELS
    slope = [(np.roll(relief, -1, axis) - np.roll(relief, 1, axis)) / (2 * step) for axis in (1, 0)]
    normal = np.stack([-slope[0], -slope[1], np.ones_like(relief)], -1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    return np.clip(colour, 0.0, 1.0).astype(np.float32), (normal * 0.5 + 0.5).astype(np.float32)
