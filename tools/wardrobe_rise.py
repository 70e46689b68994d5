"""Trousers and skirts made to reach the waist, whatever height their authors cut them to."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d, map_coordinates
from scipy.spatial import ConvexHull

from tools.wardrobe_package import N_BODY

RISE = 0.235  # metres, height on base.obj of the waistband; the navel is at 0.19, the crotch at -0.02
SEAT = 0.0  # below this height nothing moves
BAND = 0.025  # metres below the upper edge that are moved, not stretched
AXIS = 0.04  # metres, z of the trunk's axis
SECTORS = 24  # directions round the trunk
DIP = 0.09  # metres by which an upper edge may sink
SLICE = 0.018  # metres above and below a height that count for its outline; the mesh has a row of vertices in each


def raised(points: np.ndarray, base: np.ndarray) -> np.ndarray:
    """Vertices (n, 3) of a lower garment whose upper edge is lifted to ``RISE`` all around.

    It stays as far from the trunk as it was.

    Args:
        points: (n, 3) its vertices on base.obj, metres, y up, +z forward.
        base: (19158, 3) base.obj.
    """
    turn = np.arctan2(points[:, 0], points[:, 2] - AXIS) % (2 * np.pi)
    edge = _upper_edge(turn, points[:, 1])
    share = np.clip((points[:, 1] - SEAT) / np.maximum(edge - BAND - SEAT, 0.01), 0.0, 1.0)
    lift = share * np.maximum(RISE - edge, 0.0)
    moved = lift > 1e-4
    out = points.astype(np.float64).copy()
    heights = points[moved, 1], points[moved, 1] + lift[moved]
    before, after = (_girth(base, turn[moved], y) for y in heights)
    out[moved, 1] = heights[1]
    out[moved, 0] += (after - before) * np.sin(turn[moved])
    out[moved, 2] += (after - before) * np.cos(turn[moved])
    return out


def _upper_edge(turn: np.ndarray, height: np.ndarray) -> np.ndarray:
    """(n,) metres, height of the upper edge in the direction ``turn`` (n,) of every point."""
    sector = (turn / (2 * np.pi) * SECTORS).astype(int) % SECTORS
    edge = np.full(SECTORS, -np.inf)
    np.maximum.at(edge, sector, height)
    known = np.flatnonzero(edge > edge.max() - DIP)
    every = np.interp(np.arange(SECTORS), known, edge[known], period=SECTORS)
    every = gaussian_filter1d(every, 1.0, mode="wrap")
    return np.interp(turn / (2 * np.pi) * SECTORS - 0.5, np.arange(SECTORS), every, period=SECTORS)


def _girth(base: np.ndarray, turn: np.ndarray, height: np.ndarray) -> np.ndarray:
    """(n,) metres from the axis of the trunk to its convex outline, in directions ``turn`` at ``height`` (n,)."""
    rows = np.arange(-0.04, 0.36, 0.01)
    angles = np.arange(SECTORS) * 2 * np.pi / SECTORS
    body = base[:N_BODY]
    trunk = body[np.abs(body[:, 0]) < 0.24]
    table = np.array([_outline(trunk[np.abs(trunk[:, 1] - y) < SLICE][:, [2, 0]] - (AXIS, 0), angles) for y in rows])
    table = gaussian_filter1d(gaussian_filter1d(table, 1.0, axis=0), 1.0, axis=1, mode="wrap")
    at = [(height - rows[0]) / 0.01, turn / (2 * np.pi) * SECTORS]
    wide = np.concatenate([table, table[:, :1]], 1)
    return map_coordinates(wide, at, order=1, mode="nearest")


def _outline(points: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Distance of the convex hull of ``points`` (n, 2) from the origin within it, ``angles`` from the first axis."""
    sides = ConvexHull(points).equations  # normal and offset: normal @ x + offset <= 0 inside
    along = np.stack([np.cos(angles), np.sin(angles)], 1) @ sides[:, :2].T
    reach = np.where(along > 1e-9, -sides[:, 2] / np.where(along > 1e-9, along, 1.0), np.inf)
    return reach.min(1)
