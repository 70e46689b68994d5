"""Nearest points between triangle meshes whose vertices carry skin weights: one place, numpy and scipy alone.

A sleeve in T-pose runs close to the torso, a chin close to the collar: what lies nearest in space need not belong
together. Distances are therefore taken in space and in (coarse) skin weights at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.spatial import cKDTree

from synth.conventions import JOINT_NAMES, NUM_TREE_JOINTS

WEIGHT_METRES = 0.15  # how far apart in space two points count when they hang on different limbs
CANDIDATES = 16


def _limb(joint: str) -> int:
    stem = joint.removeprefix("left_").removeprefix("right_")
    if stem in ("neck", "head", "jaw", "eye_smplhf"):
        return 1
    if stem in ("pelvis", "spine1", "spine2", "spine3", "collar"):
        return 0
    leg = stem in ("hip", "knee", "ankle", "foot")
    return (2 if leg else 4) + joint.startswith("right_")


LIMBS = np.eye(6)[[_limb(name) for name in JOINT_NAMES[:NUM_TREE_JOINTS]]]  # (55, 6): torso, head, legs, arms


@dataclass(frozen=True)
class Attachment:
    """Nearest surface points: ``face`` (N,) int32, ``bary`` (N, 3) float32 and the ``points`` (N, 3) themselves."""

    face: np.ndarray
    bary: np.ndarray
    points: np.ndarray


def vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(V, 3) unit normals, area-weighted; zero for a vertex of no face."""
    corner = vertices[faces]
    n = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    incidence = sp.csr_matrix((np.ones(faces.size), (faces.ravel(), np.repeat(np.arange(len(faces)), 3))))
    incidence.resize(len(vertices), len(faces))
    out = incidence @ n
    return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12)


def averaging(faces: np.ndarray, n: int) -> sp.csr_matrix:
    """(n, n) sparse: ``averaging @ x`` is the mean of x over the neighbours of each vertex."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    m = sp.coo_matrix((np.ones(2 * len(edges)), np.concatenate([edges, edges[:, ::-1]]).T), shape=(n, n)).tocsr()
    m.data[:] = 1
    return sp.diags(1 / np.maximum(np.asarray(m.sum(1)).ravel(), 1)) @ m


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(N,) products of the rows of (N, C); a sum along so short an axis takes several times as long."""
    return np.einsum("nc,nc->n", a, b)


def closest_on_triangles(p: np.ndarray, tri: np.ndarray) -> np.ndarray:
    """(N, 3) barycentric coordinates of the point of triangle ``tri`` (N, 3, 3) nearest to ``p`` (N, 3)."""
    a, b, c = tri[:, 0], tri[:, 1], tri[:, 2]
    ab, ac, ap = b - a, c - a, p - a
    d00, d01, d11, d20, d21 = _dot(ab, ab), _dot(ab, ac), _dot(ac, ac), _dot(ap, ab), _dot(ap, ac)
    det = d00 * d11 - d01 * d01
    det = np.where(np.abs(det) < 1e-18, 1e-18, det)
    v, w = (d11 * d20 - d01 * d21) / det, (d00 * d21 - d01 * d20) / det
    best = np.stack([1 - v - w, v, w], 1)
    outside = best.min(1) < 0
    if outside.any():
        best[outside] = _closest_on_edges(p[outside], tri[outside])
    return best


def _closest_on_edges(p: np.ndarray, tri: np.ndarray) -> np.ndarray:
    best, least = np.zeros((len(p), 3)), np.full(len(p), np.inf)
    for i, j in ((0, 1), (1, 2), (2, 0)):
        edge = tri[:, j] - tri[:, i]
        to_p = p - tri[:, i]
        t = np.clip(_dot(to_p, edge) / np.maximum(_dot(edge, edge), 1e-18), 0, 1)
        gap = t[:, None] * edge - to_p
        distance = _dot(gap, gap)
        bary = np.zeros((len(p), 3))
        bary[:, i], bary[:, j] = 1 - t, t
        nearer = distance < least
        best[nearer], least[nearer] = bary[nearer], distance[nearer]
    return best


class Surface:
    """A triangle mesh prepared for nearest-point queries; ``use`` (F,) bool restricts the faces."""

    def __init__(self, vertices: np.ndarray, faces: np.ndarray, weights: np.ndarray, use: np.ndarray | None = None):
        self.vertices = np.asarray(vertices, np.float64)
        self.faces = np.asarray(faces, np.int64)
        self.normals = vertex_normals(self.vertices, self.faces)
        self.limbs = np.asarray(weights) @ LIMBS * WEIGHT_METRES
        self.index = np.arange(len(self.faces)) if use is None else np.flatnonzero(use)
        corner = self.faces[self.index]
        self.tree = cKDTree(np.concatenate([self.vertices[corner].mean(1), self.limbs[corner].mean(1)], 1))

    def nearest(self, points: np.ndarray, weights: np.ndarray) -> Attachment:
        """Nearest surface points of ``points`` (N, 3) that carry skin weights (N, 55)."""
        points = np.asarray(points, np.float64)
        limbs = np.asarray(weights) @ LIMBS * WEIGHT_METRES
        k = min(CANDIDATES, len(self.index))
        near = self.tree.query(np.concatenate([points, limbs], 1), k)[1].reshape(len(points), k)
        face = self.index[near]
        corners = self.faces[face.ravel()]
        triangles = self.vertices[corners]
        bary = closest_on_triangles(np.repeat(points, k, 0), triangles)
        spot = np.einsum("nvc,nv->nc", triangles, bary)
        limb = np.einsum("nvc,nv->nc", self.limbs[corners], bary)
        miss, odd = spot - np.repeat(points, k, 0), limb - np.repeat(limbs, k, 0)
        cost = (_dot(miss, miss) + _dot(odd, odd)).reshape(len(points), k)
        pick = (np.arange(len(points)), cost.argmin(1))
        return Attachment(
            face[pick].astype(np.int32),
            bary.reshape(len(points), k, 3)[pick].astype(np.float32),
            spot.reshape(len(points), k, 3)[pick],
        )

    def normals_at(self, at: Attachment) -> np.ndarray:
        """(N, 3) smooth unit normals of the surface at attached points."""
        normal = np.einsum("nvc,nv->nc", self.normals[self.faces[at.face]], at.bary)
        return normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)

    def signed(self, points: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Height (N,) of points above the surface along its normals, the normals (N, 3) and the sideways miss (N,).

        The sideways miss is large where the nearest point lies on the mesh's open border: the height means nothing.
        """
        at = self.nearest(points, weights)
        normal = self.normals_at(at)
        gap = points - at.points
        height = _dot(gap, normal)
        return height, normal, np.linalg.norm(gap - height[:, None] * normal, axis=1)


def attach_to_body(
    points: np.ndarray, weights: np.ndarray, faces: np.ndarray, body: Surface
) -> tuple[Attachment, np.ndarray]:
    """Where a fitted item belongs on the body, at rest: for labels (part and dense-pose point of the skin beneath).

    Returns: the attachment of every vertex, and (F,) int32 the body face nearest to the centre of every item face.
    """
    at = body.nearest(points, weights)
    centre = body.nearest(points[faces].mean(1), weights[faces].mean(1))
    return at, centre.face
