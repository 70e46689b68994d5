"""What pictures of surfaces are made of: periodic noise, joints between stones, weaves. Pure numpy."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

# Width and height of a stone and how far every other row is shifted, in cells.
STONES = {"tiles": (1.0, 1.0, 0.0), "planks": (1.0, 0.125, 0.5), "bricks": (0.5, 0.25, 0.5), "slabs": (1.0, 0.5, 0.5)}


def noise(
    rng: np.random.Generator, pixels: int, exponent: float, lowest: float, stretch: tuple[float, float] = (1.0, 1.0)
) -> np.ndarray:
    """(pixels, pixels) periodic noise in [0, 1] whose amplitude falls with frequency to the power ``exponent``.

    ``stretch`` lengthens it along rows' and columns' axes: (rows, columns).
    """
    rows, columns = np.meshgrid(np.fft.fftfreq(pixels) * pixels, np.fft.rfftfreq(pixels) * pixels, indexing="ij")
    frequency = np.hypot(rows * stretch[0], columns * stretch[1])
    amplitude = np.where(frequency < lowest, 0.0, np.maximum(frequency, 1.0) ** -exponent)
    field = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((pixels, pixels))) * amplitude, s=(pixels, pixels))
    return np.clip(0.5 + field / (4 * field.std()), 0.0, 1.0)


def brickwork(u: np.ndarray, v: np.ndarray, pattern: str, cells: int, rng: np.random.Generator):
    """Mortar mask in [0, 1] and a shade in [0, 1] per stone, for coordinates in cells."""
    width, height, shift = STONES[pattern]
    row = np.floor(v / height).astype(int)
    along = u / width + shift * (row % 2)
    column = np.floor(along).astype(int) % round(cells / width)
    shade = rng.random((round(cells / height), round(cells / width)))[row % round(cells / height), column]
    edge = np.minimum(to_edge(along) * width, to_edge(v / height) * height)
    return np.clip(1.5 - edge / 0.012, 0.0, 1.0), shade


def to_edge(x: np.ndarray) -> np.ndarray:
    """Distance to the nearest whole number."""
    part = x - np.floor(x)
    return np.minimum(part, 1.0 - part)


def cobble(u: np.ndarray, v: np.ndarray, cells: int, rng: np.random.Generator):
    """Gap mask in [0, 1] and a shade per stone: a periodic Voronoi diagram."""
    sites = (np.stack(np.meshgrid(np.arange(4 * cells), np.arange(4 * cells)), -1).reshape(-1, 2) + 0.5) / 4.0
    sites = (sites + rng.uniform(-0.1, 0.1, sites.shape)) % cells
    distance, index = cKDTree(sites, boxsize=cells).query(np.stack([u, v], -1) % cells, k=2, workers=1)
    gap = np.clip(1.3 - (distance[..., 1] - distance[..., 0]) / 0.02, 0.0, 1.0)
    return gap, rng.random(len(sites))[index[..., 0]]


def weave(u: np.ndarray, v: np.ndarray, threads: int) -> np.ndarray:
    """Height in [0, 1] of a plain weave with ``threads`` threads a cell."""
    x, y = u * threads, v * threads
    over = (np.floor(x) + np.floor(y)) % 2
    return np.where(over > 0, np.abs(np.sin(np.pi * x)), np.abs(np.sin(np.pi * y)))


def ornament(u: np.ndarray, v: np.ndarray, variant: int) -> np.ndarray:
    """Mask in [0, 1] of a wallpaper's drawing with one repeat a cell: stripes, dots, damask, lattice, waves, none."""
    x, y = u - np.floor(u), v - np.floor(v)
    kind = variant % 6
    if kind == 0:
        return (to_edge(2 * u) < 0.13).astype(float)
    if kind == 1:
        shifted = (u + 0.5 * (np.floor(v * 2) % 2)) % 1.0
        return (np.hypot(shifted - 0.5, (2 * v) % 1.0 / 2 - 0.25) < 0.11).astype(float)
    if kind == 2:
        angle, radius = np.arctan2(y - 0.5, x - 0.5), np.hypot(x - 0.5, y - 0.5)
        petals = 0.24 + 0.12 * np.cos(6 * angle)
        return ((radius < petals) ^ (radius < 0.55 * petals)).astype(float)
    if kind == 3:
        return (np.minimum(to_edge(u + v), to_edge(u - v)) < 0.04).astype(float)
    if kind == 4:
        return (to_edge(2 * v + 0.15 * np.sin(2 * np.pi * u)) < 0.12).astype(float)
    return np.zeros_like(u)
