"""base.obj, the mesh that the wardrobe hangs on, seen from a body: which of its vertices lie where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp


@dataclass(frozen=True, eq=False)
class BaseMap:
    """How base.obj's 19,158 vertices follow a body of V vertices and F faces.

    Attributes:
        matrix: (19158, V) sparse; ``matrix @`` per-vertex values of the body gives them at base.obj's vertices.
        offsets: (19158, 3) float64 metres, added to positions at rest; zero where a base vertex lies on the body.
        nearest: (V,) int32, the base vertex that stands for each vertex of the body; -1 for none.
    """

    matrix: sp.csr_matrix
    offsets: np.ndarray
    nearest: np.ndarray

    @classmethod
    def own(cls, base_to_vertex: np.ndarray, num_vertices: int) -> BaseMap:
        """The map of a body that carries base.obj itself; ``base_to_vertex`` (19158,) gives its vertices."""
        count = len(base_to_vertex)
        matrix = sp.csr_matrix((np.ones(count), (np.arange(count), base_to_vertex)), (count, num_vertices))
        nearest = np.full(num_vertices, -1, np.int32)
        nearest[base_to_vertex] = np.arange(count)
        return cls(matrix, np.zeros((count, 3)), nearest)

    def positions(self, rest: np.ndarray) -> np.ndarray:
        """(19158, 3) float64 base.obj on a shaped body at rest (V, 3), metres."""
        return self.matrix @ np.asarray(rest, np.float64) + self.offsets
