"""What is in the way over a whole clip: places that people pass through, cameras, and what stands already."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from synth.compiled import compiled
from synth.geometry import Mesh, used_vertices

_CELL = 0.03  # metres
_REMEMBERED = 2**17  # cells
_SPREAD = 0x1E3779B97F4A7C15  # odd, its bits without order: neighbouring cells get places far apart


def swept_cells(meshes: Iterable[Mesh]) -> np.ndarray:
    """(N, 3) float64 centres of the 3 cm cells that the vertices of ``meshes`` visit at any time sample."""
    keys = [np.zeros(0, np.int64), *(_visited(m.positions, used_vertices(m.faces)) for m in meshes)]
    key = np.unique(np.concatenate(keys))
    cell = np.stack([key >> 42, (key >> 21) & (2**21 - 1), key & (2**21 - 1)], 1) - 2**20
    return (cell + 0.5) * _CELL


@compiled
def _visited(positions, used):
    """Keys (n,) of the cells of the points ``used`` among (S, V, 3), some more than once: three times 21 bits."""
    out, count = np.empty(_REMEMBERED, np.int64), 0
    seen = np.full(_REMEMBERED, -1)  # the key found last among those that share a place
    for s in range(positions.shape[0]):
        for v in used:
            key = np.int64(0)
            for c in range(3):
                key = (key << 21) | (np.int64(np.floor(positions[s, v, c] / _CELL)) + 2**20)
            place = ((key * _SPREAD) >> 40) & (_REMEMBERED - 1)
            if key != seen[place]:
                seen[place] = key
                if count == len(out):
                    out = np.concatenate((out, np.empty_like(out)))
                out[count] = key
                count += 1
    return out[:count]


def cell_reach(meshes: Iterable[Mesh]) -> float:
    """How far, in metres, a surface of ``meshes`` may be from the nearest centre of ``swept_cells``."""
    longest = 0.0
    for mesh in meshes:
        for sample in {0, len(mesh.positions) // 2, len(mesh.positions) - 1}:
            corners = mesh.positions[sample][mesh.faces]
            longest = max(longest, float(np.linalg.norm(corners - np.roll(corners, 1, 1), axis=2).max()))
    return longest / 3**0.5 + _CELL * 3**0.5 / 2


@dataclass(frozen=True)
class Box:
    """An upright box that stands on the floor: centre (2,), half sizes (2,), height, heading in radians."""

    centre: np.ndarray
    half: np.ndarray
    height: float
    yaw: float

    @property
    def axes(self) -> np.ndarray:
        """(2, 2) the horizontal directions of its sides, one a row."""
        c, s = np.cos(self.yaw), np.sin(self.yaw)
        return np.array([[c, s], [-s, c]])

    def distance(self, points: np.ndarray) -> np.ndarray:
        """(N,) metres from points (N, 3) to the box, 0 inside."""
        local = np.abs((points[:, :2] - self.centre) @ self.axes.T) - self.half
        above = points[:, 2] - self.height
        return np.linalg.norm(np.maximum(np.column_stack([local, above]), 0.0), axis=1)

    def apart(self, other: Box, gap: float) -> bool:
        """Whether the two footprints are at least ``gap`` apart, along one of their sides or all round."""
        between = other.centre - self.centre
        if np.hypot(*between) >= np.hypot(*self.half) + np.hypot(*other.half) + gap:
            return True
        for axis in np.concatenate([self.axes, other.axes]):
            reach = sum((np.abs(box.axes @ axis) * box.half).sum() for box in (self, other))
            if abs(between @ axis) >= reach + gap:
                return True
        return False
