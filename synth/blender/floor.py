"""Floors as tileable pictures: colour and tangent-space normals of a ``GroundSpec``, in numpy.

Shading a floor through procedural nodes costs several times the rest of the picture; a picture costs a look-up.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from synth.spec.model import GroundSpec
from synth.spec.seeds import generator

PIXELS = 1024
_SIDE_METRES = 4.0  # about this much floor before the picture repeats
_CELLS = {"tiles": (1.0, 1.0, 0.0), "planks": (1.0, 0.125, 0.5), "bricks": (0.5, 0.25, 0.5)}  # width, height, row shift


def _noise(rng: np.random.Generator, exponent: float, lowest: float) -> np.ndarray:
    """(PIXELS, PIXELS) periodic noise in [0, 1] whose amplitude falls with frequency to the power ``exponent``."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(PIXELS) * PIXELS, np.fft.rfftfreq(PIXELS) * PIXELS, indexing="ij"))
    amplitude = np.where(frequency < lowest, 0.0, np.maximum(frequency, 1.0) ** -exponent)
    field = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((PIXELS, PIXELS))) * amplitude, s=(PIXELS, PIXELS))
    return np.clip(0.5 + field / (4 * field.std()), 0.0, 1.0)


def _brickwork(u: np.ndarray, v: np.ndarray, pattern: str, cells: int, rng: np.random.Generator):
    """Mortar mask in [0, 1] and a shade in [0, 1] per stone, for coordinates in cells."""
    width, height, shift = _CELLS[pattern]
    row = np.floor(v / height).astype(int)
    along = u / width + shift * (row % 2)
    column = np.floor(along).astype(int) % round(cells / width)
    shade = rng.random((round(cells / height), round(cells / width)))[row % round(cells / height), column]
    edge = np.minimum(_to_edge(along) * width, _to_edge(v / height) * height)
    return np.clip(1.5 - edge / 0.012, 0.0, 1.0), shade


def _to_edge(x: np.ndarray) -> np.ndarray:
    part = x - np.floor(x)
    return np.minimum(part, 1.0 - part)


def _cobble(u: np.ndarray, v: np.ndarray, cells: int, rng: np.random.Generator):
    """Gap mask in [0, 1] and a shade per stone: a periodic Voronoi diagram."""
    sites = (np.stack(np.meshgrid(np.arange(4 * cells), np.arange(4 * cells)), -1).reshape(-1, 2) + 0.5) / 4.0
    sites = (sites + rng.uniform(-0.1, 0.1, sites.shape)) % cells
    distance, index = cKDTree(sites, boxsize=cells).query(np.stack([u, v], -1) % cells, k=2, workers=1)
    gap = np.clip(1.3 - (distance[..., 1] - distance[..., 0]) / 0.02, 0.0, 1.0)
    return gap, rng.random(len(sites))[index[..., 0]]


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
    cloudy, grain = _noise(rng, 1.3, 2.0), _noise(rng, 0.4, 40.0)
    mortar, shade = np.zeros_like(u), grain
    if spec.pattern in _CELLS:
        mortar, shade = _brickwork(u, v, spec.pattern, cells, rng)
    elif spec.pattern == "cobble":
        mortar, shade = _cobble(u, v, cells, rng)
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
