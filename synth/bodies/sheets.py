"""Garments of several pieces and layers: collars, belts and buttons go with their cloth."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from synth.bodies.layers import border
from synth.bodies.surface import averaging, vertex_normals

LARGE = 0.15  # share of the vertices, from which on a piece is cloth and no trimming
THICK = 0.03  # metres between the sides of cloth that is doubled, at most
BACK = -0.3  # cosine between their normals, at most
SEAM = 0.004  # metres within which pieces are sewn to each other
SEWN, WIDE = 0.2, 0.15  # share of its border, and metres, from which on what is sewn to others is cloth
FORM = 10  # rounds of averaging by which a trimming keeps its form


T = TypeVar("T")


def once_a_mesh(work: Callable[[np.ndarray, np.ndarray], T]) -> Callable[[np.ndarray, np.ndarray], T]:
    """``work`` on vertices and faces that is done once for each mesh: what it returns is to be read only."""

    @functools.lru_cache(maxsize=16)
    def known(mesh: tuple[tuple[bytes, str], ...]) -> T:
        return work(*(np.frombuffer(data, kind).reshape(-1, 3) for data, kind in mesh))

    @functools.wraps(work)
    def asked(points: np.ndarray, faces: np.ndarray) -> T:
        return known(tuple((a.tobytes(), a.dtype.str) for a in (points, faces)))

    return asked


@once_a_mesh
def pieces(points: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of vertices (n, 3) the number (n,) of their connected piece, and whether (n,) it is a trimming, not cloth: small,
    and no wide piece that is sewn to others along its border, as a yoke is."""
    piece = connected_components(averaging(faces, len(points)), directed=False)[1]
    small = np.bincount(piece) <= LARGE * len(points)
    edge = np.zeros(len(points), bool)
    edge[border(faces)] = True
    one, other = _both_ways(cKDTree(points).query_pairs(SEAM, output_type="ndarray"))
    seam = np.zeros(len(points), bool)
    seam[one[piece[one] != piece[other]]] = True
    share = np.bincount(piece, seam & edge) / np.maximum(np.bincount(piece, edge), 1)
    for k in np.flatnonzero(small & (share > SEWN)):
        small[k] = np.ptp(points[piece == k], axis=0).max() < WIDE
    return piece, small[piece]


@once_a_mesh
def as_one(points: np.ndarray, faces: np.ndarray) -> sp.csr_matrix:
    """(n, n) sparse, the mean over what is nearer than ``THICK`` where cloth is doubled, less and less with distance:
    both sides of a lapel move as one. (Across a hollow, what faces each other lies before the cloth, not behind it.)"""
    normals, (_, small) = vertex_normals(points, faces), pieces(points, faces)
    one, other = _both_ways(cKDTree(points).query_pairs(THICK, output_type="ndarray"))
    apart = np.linalg.norm(points[other] - points[one], axis=1)
    turned = np.einsum("nc,nc->n", normals[one], normals[other]) < BACK
    behind = np.einsum("nc,nc->n", points[other] - points[one], normals[one]) < 0
    cloth = ~(small[one] | small[other])
    doubled = np.bincount(one, turned & behind & cloth, len(points)) > 0
    use = (doubled[one] | doubled[other]) & cloth
    return _mean_over(one[use], other[use], 1.0 - (apart[use] / THICK) ** 2, len(points))


@once_a_mesh
def sewn(points: np.ndarray, faces: np.ndarray) -> sp.csr_matrix:
    """(n, n) sparse, the mean over a vertex and those of other pieces that it is sewn to."""
    piece, _ = pieces(points, faces)
    one, other = _both_ways(cKDTree(points).query_pairs(SEAM, output_type="ndarray"))
    use = piece[one] != piece[other]
    return _mean_over(one[use], other[use], np.ones(use.sum()), len(points))


def with_cloth(
    points: np.ndarray, faces: np.ndarray, values: np.ndarray, small: np.ndarray | None = None
) -> np.ndarray:
    """Values (n, k) of vertices, those of trimmings (n,), if they are known, taken from the cloth that they lie on."""
    small = pieces(points, faces)[1] if small is None else small
    if small.all() or not small.any():
        return values
    out = np.array(values)
    on = np.flatnonzero(~small)[cKDTree(points[~small]).query(points[small])[1]]
    out[small] = values[on]
    mean = averaging(faces, len(points))[small][:, small]
    for _ in range(FORM):
        out[small] = mean @ out[small]
    return out


def in_sheets(
    made: np.ndarray,
    fitted: np.ndarray,
    faces: np.ndarray,
    frames: tuple[np.ndarray, np.ndarray],
    one: sp.csr_matrix,
    rounds: int = 0,
) -> np.ndarray:
    """Fitted vertices (n, 3), each put where those that move with it, and its neighbours, say that it belongs.

    Args:
        made: (n, 3) as their author made them. frames: rotations (n, 3, 3) and scales (n,) from there to ``fitted``.
        one: (n, n) sparse, the mean over those that move as one. rounds: of averaging over neighbours.
    """
    turn = frames[1][:, None, None] * frames[0]
    base = fitted - np.einsum("vij,vj->vi", turn, made)
    told = one @ np.concatenate([turn.reshape(-1, 9), base], 1)
    mean = averaging(faces, len(made))
    for _ in range(rounds):
        told = 0.5 * told + 0.5 * (mean @ told)
    return np.einsum("vij,vj->vi", told[:, :9].reshape(-1, 3, 3), made) + told[:, 9:]


def _both_ways(pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate([pairs, pairs[:, ::-1]]).T


def _mean_over(one: np.ndarray, other: np.ndarray, share: np.ndarray, n: int) -> sp.csr_matrix:
    """(n, n) sparse, the mean over each vertex and its partners, which count by ``share``."""
    near = sp.coo_matrix((share, (one, other)), shape=(n, n)).tocsr() + sp.identity(n)
    return (sp.diags(1 / np.asarray(near.sum(1)).ravel()) @ near).tocsr()
