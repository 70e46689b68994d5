"""Cloth laid flat: coordinates on which a pattern is as large everywhere on a garment, whatever body stretches it.

A garment's own texture coordinates belong to its pictures, and are stretched by up to three where it was drawn so. As
rigid as possible (Liu et al. 2008): turn each triangle to fit, then move all corners at once, and again.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

ROUNDS = 12
_TINY = 1e-9  # m2; a smaller triangle has no say


def lay_flat(rest: np.ndarray, faces: np.ndarray, uv: np.ndarray, face_uv: np.ndarray) -> np.ndarray:
    """Coordinates in metres of cloth, cut along the same seams and turned as the texture coordinates are.

    Args:
        rest: (V, 3) metres. faces: (F, 3).
        uv, face_uv: (n, 2) and (F, 3), the texture coordinates: where the seams are, and where to start.

    Returns: (n, 2) float32.
    """
    slopes, area = _slopes(rest[faces].astype(np.float64))
    flat = _unmirrored(uv.astype(np.float64), face_uv)
    count, rows = len(uv), np.repeat(np.arange(len(faces)), 3)
    # (F, n) each: how a value at the corners rises along either axis of a triangle
    rise = [sp.csr_matrix((slopes[:, :, k].ravel(), (rows, face_uv.ravel())), (len(faces), count)) for k in (0, 1)]
    weigh = sp.diags(area)
    normal = sum(r.T @ weigh @ r for r in rise)
    fixed = 1e-9 * normal.diagonal().max()  # somewhere on the plane: a piece may be moved freely
    solver = splu((normal + fixed * sp.identity(count)).tocsc())
    for _ in range(ROUNDS):
        (a, c), (b, d) = ((r @ flat).T for r in rise)
        angle = np.arctan2(c - b, a + d)
        cos, sin = np.cos(angle) * area, np.sin(angle) * area
        wanted = np.stack([rise[0].T @ cos - rise[1].T @ sin, rise[0].T @ sin + rise[1].T @ cos], 1)
        flat = solver.solve(wanted + fixed * flat)
    return _unmirrored(flat, face_uv, like=uv).astype(np.float32)


def _slopes(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(F, 3, 2) gradients of the three hat functions in each triangle's own plane, and areas (F,)."""
    along = corners[:, 1] - corners[:, 0]
    length = np.maximum(np.linalg.norm(along, axis=1), 1e-12)
    side = corners[:, 2] - corners[:, 0]
    x = (side * along).sum(1) / length
    y = np.sqrt(np.maximum((side * side).sum(1) - x * x, 0.0))
    area = length * y / 2
    use = area > _TINY
    y = np.where(use, y, 1.0)
    zero = np.zeros_like(x)
    slopes = np.stack(
        [np.stack([-1 / length, (x / length - 1) / y], 1), np.stack([1 / length, -x / (length * y)], 1),
         np.stack([zero, 1 / y], 1)], 1
    )  # fmt: skip
    return np.where(use[:, None, None], slopes, 0.0), np.where(use, area, 0.0)


def _unmirrored(flat: np.ndarray, face_uv: np.ndarray, like: np.ndarray | None = None) -> np.ndarray:
    """Coordinates with pieces that run clockwise mirrored, or mirrored as those of ``like`` are."""
    edges = np.concatenate([face_uv[:, [0, 1]], face_uv[:, [1, 2]]])
    graph = sp.coo_matrix((np.ones(len(edges)), edges.T), shape=(len(flat),) * 2)
    count, piece = connected_components(graph, directed=False)
    corners = (flat if like is None else like)[face_uv].astype(np.float64)
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    turn = np.bincount(piece[face_uv[:, 0]], one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0], count)
    return flat * np.stack([np.where(turn < 0, -1.0, 1.0)[piece], np.ones(len(flat))], 1)
