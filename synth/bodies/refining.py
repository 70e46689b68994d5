"""Coarse cloth made finer: long edges are halved, so that it is round, and gives way where it must and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import scipy.sparse as sp

from synth.bodies.surface import vertex_normals
from synth.bodies.wardrobe import Item

LONGEST = 0.03  # metres of an edge, as its author made it
ROUND = 0.6  # share of the way to the planes that touch both ends of an edge, to which its middle goes
BULGE = 0.003  # metres that it goes at most


@lru_cache(maxsize=256)
def refined(item: Item) -> tuple[Item, sp.csr_matrix]:
    """The item with every edge halved that is longer than ``LONGEST``, and the (n', n) matrix that takes values of its
    vertices to the new ones. Reference points are those of no vertex: fit the item first."""
    made = item.anchor.astype(np.float64) + item.offsets
    edge, middle = _middles(item.faces, np.linalg.norm(made[item.faces] - made[np.roll(item.faces, -1, 1)], axis=2))
    faces, owner = _split(item.faces, np.where(middle < 0, -1, middle + len(made)))
    uv_edge, uv_middle = _middles(item.face_uv, np.where(middle < 0, 0.0, np.inf))
    face_uv, _ = _split(item.face_uv, np.where(middle < 0, -1, uv_middle + len(item.uv)))
    halves = sp.csr_matrix(
        (np.full(edge.size, 0.5), (np.repeat(np.arange(len(edge)), 2), edge.ravel())), shape=(len(edge), len(made))
    )
    matrix = sp.vstack([sp.eye(len(made)), halves]).tocsr()
    finer = replace(
        item,
        faces=faces,
        face_uv=face_uv,
        uv=np.concatenate([item.uv, item.uv[uv_edge].mean(1)]),
        semantic=item.semantic[owner],
        **{key: (matrix @ getattr(item, key)).astype(np.float32) for key in ("offsets", "anchor", "loose")},
        rigid=np.zeros(matrix.shape[0], bool),
    )
    return finer, matrix


def rounded(points: np.ndarray, faces: np.ndarray, matrix: sp.csr_matrix) -> np.ndarray:
    """Points (n', 3) of a refined item from those it was fitted with (n, 3), and its former faces: the middles of edges
    follow the bend of the cloth."""
    out, normals = matrix @ points, vertex_normals(points, faces)
    new = matrix[len(points) :]
    ends = new.indices.reshape(-1, 2)
    away = out[len(points) :, None] - points[ends]
    by = -0.5 * (np.einsum("ekc,ekc->ek", away, normals[ends])[..., None] * normals[ends]).sum(1)
    size = np.linalg.norm(by, axis=1, keepdims=True)
    out[len(points) :] += ROUND * by * np.minimum(1.0, BULGE / np.maximum(ROUND * size, 1e-12))
    return out


def _middles(faces: np.ndarray, length: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Edges (m, 2) to be halved, those longer than ``LONGEST`` where ``length`` (F, 3) is that from each corner to the
    next; and which of them (F, 3) each is, or -1."""
    ends = np.sort(np.stack([faces, np.roll(faces, -1, 1)], -1), axis=2)
    long = length > LONGEST
    edge, number = np.unique(ends[long], axis=0, return_inverse=True)
    which = np.full(faces.shape, -1)
    which[long] = number.ravel()
    return edge, which


def _split(faces: np.ndarray, middle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Faces (F', 3) of faces (F, 3) whose edges have new vertices ``middle`` (F, 3) or -1; and whose each was."""
    count = (middle >= 0).sum(1)
    # the first edge is halved, and the last is not, unless all are
    first = np.select([count == 1, count == 2], [(middle >= 0).argmax(1), ((middle < 0).argmax(1) + 1) % 3], default=0)
    turn = (first[:, None] + np.arange(3)) % 3
    (a, b, c), (ab, bc, ca) = np.take_along_axis(faces, turn, 1).T, np.take_along_axis(middle, turn, 1).T
    parts = {
        0: [(a, b, c)],
        1: [(a, ab, c), (ab, b, c)],
        2: [(ab, b, bc), (a, ab, bc), (a, bc, c)],
        3: [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)],
    }
    made, owner = [], []
    for number, triangles in parts.items():
        mine = np.flatnonzero(count == number)
        made += [np.stack(triangle, 1)[mine] for triangle in triangles]
        owner += [mine] * len(triangles)
    order = np.argsort(np.concatenate(owner), kind="stable")
    return np.concatenate(made)[order].astype(np.int32), np.concatenate(owner)[order]
