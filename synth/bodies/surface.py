"""Nearest points between triangle meshes whose vertices carry skin weights: one place for all of them.

A sleeve in T-pose runs close to the torso, a chin close to the collar: what lies nearest in space need not belong
together. Distances are therefore taken in space and in (coarse) skin weights at once.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from synth.bodies.boxtree import BoxTree
from synth.compiled import compiled
from synth.conventions import JOINT_NAMES, NUM_TREE_JOINTS

WEIGHT_METRES = 0.15  # how far apart in space two points count when they hang on different limbs


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
    return _normals(np.ascontiguousarray(vertices, np.float64), np.ascontiguousarray(faces, np.int64))


@compiled
def _normals(vertices, faces):
    out = np.zeros(vertices.shape)
    for f in range(len(faces)):
        a, b, c = vertices[faces[f, 0]], vertices[faces[f, 1]], vertices[faces[f, 2]]
        for k in range(3):
            i, j = (k + 1) % 3, (k + 2) % 3
            across = (b[i] - a[i]) * (c[j] - a[j]) - (b[j] - a[j]) * (c[i] - a[i])
            for corner in faces[f]:
                out[corner, k] += across
    for v in range(len(out)):
        size = np.sqrt(out[v, 0] ** 2 + out[v, 1] ** 2 + out[v, 2] ** 2)
        for k in range(3):
            out[v, k] /= max(size, 1e-12)
    return out


@compiled
def _weighed(values, faces, face, bary):
    """(N, 3) values (V, 3) at barycentric places (N, 3) of faces (N,)."""
    out = np.empty((len(face), 3))
    for i in range(len(face)):
        a, b, c = faces[face[i], 0], faces[face[i], 1], faces[face[i], 2]
        for k in range(3):
            out[i, k] = values[a, k] * bary[i, 0] + values[b, k] * bary[i, 1] + values[c, k] * bary[i, 2]
    return out


def in_limbs(weights: np.ndarray) -> np.ndarray:
    """(N, 6) metres: skin weights (N, 55) as further coordinates, in which limbs lie apart."""
    return np.asarray(weights) @ LIMBS * WEIGHT_METRES


def open_edges(faces: np.ndarray) -> np.ndarray:
    """(n, 2) vertices of the edges of a mesh's open border, the lower first."""
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.int64), axis=1)
    number = int(faces.max(initial=0)) + 1
    unique, count = np.unique(edges @ (number, 1), return_counts=True)
    return np.stack(np.divmod(unique[count == 1], number), 1)


def averaging(faces: np.ndarray, n: int) -> sp.csr_matrix:
    """(n, n) sparse: ``averaging @ x`` is the mean of x over the neighbours of each vertex."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    m = sp.coo_matrix((np.ones(2 * len(edges)), np.concatenate([edges, edges[:, ::-1]]).T), shape=(n, n)).tocsr()
    m.data[:] = 1
    return sp.diags(1 / np.maximum(np.asarray(m.sum(1)).ravel(), 1)) @ m


class Surface:
    """A triangle mesh prepared for nearest-point queries; ``use`` (F,) bool restricts the faces."""

    def __init__(self, vertices: np.ndarray, faces: np.ndarray, weights: np.ndarray, use: np.ndarray | None = None):
        self.vertices = np.asarray(vertices, np.float64)
        self.faces = np.ascontiguousarray(faces, np.int64)
        self.normals = vertex_normals(self.vertices, self.faces)
        self.limbs = in_limbs(weights)
        self.index = np.arange(len(self.faces)) if use is None else np.flatnonzero(use)
        self.place = np.full(len(self.faces), -1)
        self.place[self.index] = np.arange(len(self.index))
        self.tree = BoxTree(np.concatenate([self.vertices, self.limbs], 1), self.faces[self.index])

    def moved(self, vertices: np.ndarray) -> Surface:
        """The same mesh with its vertices (V, 3) elsewhere; what does not depend on them is kept."""
        out = copy.copy(self)
        out.vertices = np.asarray(vertices, np.float64)
        out.normals = vertex_normals(out.vertices, self.faces)
        out.tree = self.tree.moved(np.concatenate([out.vertices, self.limbs], 1))
        return out

    def nearest(self, points: np.ndarray, weights: np.ndarray) -> Attachment:
        """Nearest surface points of ``points`` (N, 3) that carry skin weights (N, 55)."""
        face, bary = self.tree.nearest(np.concatenate([points, in_limbs(weights)], 1))
        return self._attached(face, bary)

    def nearest_within(
        self, reach: float, points: np.ndarray, limbs: np.ndarray, guess: np.ndarray
    ) -> tuple[np.ndarray, Attachment]:
        """(n,) which of ``points`` (N, 3) are nearer than ``reach`` to the surface, and where these n lie on it.

        Args:
            limbs: (N, 6), what ``in_limbs`` makes of their skin weights; they count among the distances.
            guess: (N,) faces that are likely nearest, such as those of a moment before; they save time, and are
                brought up to date in place.
        """
        face, bary = self.tree.nearest(np.concatenate([points, limbs], 1), self.place[guess], reach)
        found = np.flatnonzero(face >= 0)
        at = self._attached(face[found], bary[found])
        guess[found] = at.face
        return found, at

    def _attached(self, face: np.ndarray, bary: np.ndarray) -> Attachment:
        face, bary = self.index[face], bary.astype(np.float32)
        return Attachment(face.astype(np.int32), bary, _weighed(self.vertices, self.faces, face, bary))

    def normals_at(self, at: Attachment) -> np.ndarray:
        """(N, 3) smooth unit normals of the surface at attached points."""
        normal = _weighed(self.normals, self.faces, at.face, at.bary)
        return normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)

    def above(self, points: np.ndarray, at: Attachment) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Height (N,) of points over the places that are nearest to them, along the normals, the normals (N, 3) and
        the sideways miss (N,).

        The sideways miss is large where the nearest point lies on the mesh's open border: the height means nothing.
        """
        normal = self.normals_at(at)
        gap = points - at.points
        height = np.einsum("nc,nc->n", gap, normal)
        return height, normal, np.linalg.norm(gap - height[:, None] * normal, axis=1)

    def signed(self, points: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What ``above`` tells of points that carry skin weights (N, 55)."""
        return self.above(points, self.nearest(points, weights))


def attach_to_body(
    points: np.ndarray, weights: np.ndarray, faces: np.ndarray, body: Surface
) -> tuple[Attachment, np.ndarray]:
    """Where a fitted item belongs on the body, at rest: for labels (part and dense-pose point of the skin beneath).

    Returns: the attachment of every vertex, and (F,) int32 the body face nearest to the centre of every item face.
    """
    at = body.nearest(points, weights)
    centre = body.nearest(points[faces].mean(1), weights[faces].mean(1))
    return at, centre.face
