"""All meshes of a clip as one triangle soup, and the smooth normals of its vertices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synth.geometry import Mesh


@dataclass(frozen=True)
class LabelScene:
    """Meshes laid end to end, in the order in which the renderer numbers faces.

    Attributes:
        faces: (F, 3) int32 into the vertices of all meshes.
        person, part, semantic: (F,) uint8.
        canonical: (V, 3) float32.
    """

    meshes: tuple[Mesh, ...]
    faces: np.ndarray
    person: np.ndarray
    part: np.ndarray
    semantic: np.ndarray
    canonical: np.ndarray

    @classmethod
    def of(cls, meshes: Sequence[Mesh]) -> LabelScene:
        starts = np.cumsum([0] + [m.positions.shape[1] for m in meshes])[:-1]
        return cls(
            meshes=tuple(meshes),
            faces=np.concatenate([m.faces + s for m, s in zip(meshes, starts, strict=True)]).astype(np.int32),
            person=np.concatenate([np.full(len(m.faces), m.person, np.uint8) for m in meshes]),
            part=np.concatenate([m.part for m in meshes]).astype(np.uint8),
            semantic=np.concatenate([m.semantic for m in meshes]).astype(np.uint8),
            canonical=np.concatenate([m.canonical for m in meshes]).astype(np.float32),
        )

    def vertices(self, sample: int) -> np.ndarray:
        """(V, 3) float64 world positions at a time sample (frame t is sample t + 1)."""
        return np.concatenate([m.positions[min(sample, len(m.positions) - 1)] for m in self.meshes]).astype(np.float64)


def vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit normals (V, 3) float64 of vertices: the normals of their faces weighted by the angle at the vertex.

    The weights are those of Blender and of trimesh (Thuermer and Wuethrich 1998). Unused vertices get zero.
    """
    corners = vertices[faces]
    edges = np.roll(corners, -1, axis=1) - corners
    lengths = np.linalg.norm(edges, axis=2)
    normal = np.cross(edges[:, 0], edges[:, 1])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-30)
    unit = edges / np.maximum(lengths, 1e-30)[..., None]
    angles = np.arccos(np.clip(-np.einsum("fci,fci->fc", unit, np.roll(unit, 1, axis=1)), -1.0, 1.0))
    index = faces.ravel()
    weighted = (angles[:, :, None] * normal[:, None, :]).reshape(-1, 3)
    total = np.stack([np.bincount(index, weighted[:, k], len(vertices)) for k in range(3)], 1)
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-30)
