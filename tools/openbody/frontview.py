"""What an orthographic eye in front of the face sees: the first triangle hit at given (x, y), with barycentrics."""

from __future__ import annotations

import numpy as np

CHUNK = 2000


def front_hits(
    points: np.ndarray, vertices: np.ndarray, triangles: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Looks along -z at the mesh.

    Args:
        points: (N, 2) x, y in metres. vertices: (V, 3). triangles: (F, 3), counter-clockwise outward.

    Returns:
        triangle numbers (N,) int64, -1 for a miss; barycentrics (N, 3); depth z (N,), -inf for a miss.
    """
    corner = vertices[triangles]
    front = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])[:, 2] > 0
    low, high = corner[:, :, :2].min(1), corner[:, :, :2].max(1)
    near = front & (high >= points.min(0)).all(1) & (low <= points.max(0)).all(1)
    number = np.flatnonzero(near)
    a, b, c = (corner[near][:, k] for k in range(3))
    twice = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    hit = np.full(len(points), -1, np.int64)
    weights, depth = np.zeros((len(points), 3)), np.full(len(points), -np.inf)
    for start in range(0, len(points), CHUNK):
        p = points[start : start + CHUNK, None]
        u = ((b[:, 0] - p[..., 0]) * (c[:, 1] - p[..., 1]) - (b[:, 1] - p[..., 1]) * (c[:, 0] - p[..., 0])) / twice
        v = ((c[:, 0] - p[..., 0]) * (a[:, 1] - p[..., 1]) - (c[:, 1] - p[..., 1]) * (a[:, 0] - p[..., 0])) / twice
        w = 1.0 - u - v
        z = np.where((u >= -1e-9) & (v >= -1e-9) & (w >= -1e-9), u * a[:, 2] + v * b[:, 2] + w * c[:, 2], -np.inf)
        first = z.argmax(1)
        rows = np.arange(len(p))
        found = np.isfinite(z[rows, first])
        block = slice(start, start + len(p))
        hit[block] = np.where(found, number[first], -1)
        weights[block] = np.where(found[:, None], np.stack([u, v, w], -1)[rows, first], 0.0)
        depth[block] = z[rows, first]
    return hit, weights, depth


def grid(x: tuple[float, float], y: tuple[float, float], step: float) -> tuple[np.ndarray, tuple[int, int]]:
    """(N, 2) points of a regular grid and its (rows, columns), y downwards as in a picture."""
    xs, ys = np.arange(*x, step), np.arange(y[1], y[0], -step)
    return np.stack(np.meshgrid(xs, ys), -1).reshape(-1, 2), (len(ys), len(xs))
