"""Straps of bags: every vertex lies on what is outermost beneath it, skin or cloth, and goes where that goes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from synth.bodies.surface import Surface, vertex_normals

MARGIN = 0.007  # metres between a strap and what it lies on
THICKEST = 0.09  # metres off the skin within which clothes are sought
BELOW = 0.002  # metres under it, likewise


@dataclass(frozen=True, eq=False)
class Straps:
    """What the straps of a bag lie on.

    Attributes:
        vertices: (n,) of the bag. owner: (n,) which surface each lies on: 0 the body, k the k-th garment.
        face, bary: (n,), (n, 3) where on it.
    """

    vertices: np.ndarray
    owner: np.ndarray
    face: np.ndarray
    bary: np.ndarray

    def laid(self, surfaces: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
        """(n, 3) positions of ``vertices`` on surfaces of (V, 3) vertices and (F, 3) faces, numbered as ``owner``."""
        out = np.empty((len(self.vertices), 3))
        for k, (vertices, faces) in enumerate(surfaces):
            mine = self.owner == k
            if mine.any():
                corners, bary = faces[self.face[mine]], self.bary[mine][..., None]
                normal = (vertex_normals(vertices, faces)[corners] * bary).sum(1)
                normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
                out[mine] = (vertices[corners] * bary).sum(1) + MARGIN * normal
        return out


def bind(vertices: np.ndarray, points: np.ndarray, weights: np.ndarray, skin: Surface, cloth: list[Surface]) -> Straps:
    """Lay points of straps on the clothes that a ray from the skin beneath meets last, or else on the skin.

    Args:
        vertices: (n,) numbers of the points in their item.
        points, weights: (n, 3) at rest, (n, 55).
        cloth: garments at rest, numbered from 1.
    """
    at = skin.nearest(points, weights)
    normals = skin.normals_at(at)
    owner, face, bary = np.zeros(len(points), np.int32), at.face.astype(np.int32), at.bary.astype(np.float64)
    farthest = np.full(len(points), -1.0)
    for k, surface in enumerate(cloth, 1):
        ray, hit, way, inside = _hits(at.points, normals, surface)
        order = np.argsort(way, kind="stable")  # of several, the last one counts
        ray, hit, way, inside = ray[order], hit[order], way[order], inside[order]
        last = np.full(len(points), -1)
        last[ray] = np.arange(len(ray))
        mine = np.flatnonzero(last >= 0)
        mine = mine[way[last[mine]] > farthest[mine]]
        owner[mine], face[mine], bary[mine] = k, hit[last[mine]], inside[last[mine]]
        farthest[mine] = way[last[mine]]
    return Straps(vertices, owner, face, bary)


def _hits(start: np.ndarray, ahead: np.ndarray, surface: Surface) -> tuple[np.ndarray, ...]:
    """Where rays (n, 3) meet a surface within ``THICKEST``: ray, face, metres along it, and weights of the face's
    corners (Moeller and Trumbore 1997)."""
    corners = surface.vertices[surface.faces]
    reach = np.linalg.norm(corners - corners.mean(1, keepdims=True), axis=2).max()
    near = cKDTree(corners.mean(1)).query_ball_point(start + ahead * THICKEST / 2, THICKEST / 2 + reach)
    ray = np.repeat(np.arange(len(start)), [len(n) for n in near])
    face = np.concatenate([np.asarray(n, int) for n in near]) if len(ray) else np.zeros(0, int)
    a, b, c = np.moveaxis(corners[face], 1, 0)
    across = np.cross(ahead[ray], c - a)
    scale = ((b - a) * across).sum(1)
    scale = np.where(np.abs(scale) < 1e-14, np.inf, scale)
    away = start[ray] - a
    turned = np.cross(away, b - a)
    v, w = (away * across).sum(1) / scale, (ahead[ray] * turned).sum(1) / scale
    way = ((c - a) * turned).sum(1) / scale
    met = np.isfinite(scale) & (v >= 0) & (w >= 0) & (v + w <= 1) & (way > -BELOW) & (way < THICKEST)
    return ray[met], face[met], way[met], np.stack([1 - v - w, v, w], 1)[met]
