"""Flat-sided meshes out of quads that share no vertices, so that every side keeps its own normal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from synth.conventions import Part, Semantic
from synth.geometry import Material, Mesh
from synth.spec.scenes.model import SurfaceSpec


def surface(spec: SurfaceSpec) -> Material:
    """How a ``SurfaceSpec`` looks on texture coordinates in metres."""
    return Material("surface", roughness=spec.roughness, settings=spec.model_dump())


def scene_mesh(
    name: str,
    positions: np.ndarray,
    faces: np.ndarray,
    semantic: np.ndarray | Semantic,
    materials: Sequence[Material],
    material_index: np.ndarray | int = 0,
    uv: np.ndarray | None = None,
) -> Mesh:
    """A mesh that nobody wears and that stands still: positions (V, 3), faces (F, 3), uv (V, 2)."""
    count = len(faces)
    faces = faces.astype(np.int32)
    return Mesh(
        name=name,
        person=0,
        faces=faces,
        positions=positions.astype(np.float32)[None],
        uv=(positions[:, :2] if uv is None else uv).astype(np.float32),
        face_uv=faces,
        part=np.full(count, Part.NONE, np.uint8),
        semantic=np.broadcast_to(np.asarray(semantic, np.uint8), count).copy(),
        canonical=np.full((len(positions), 3), np.nan, np.float32),
        shown=np.ones(count, bool),
        materials=tuple(materials),
        material_index=np.broadcast_to(np.asarray(material_index, np.uint8), count).copy(),
    )


class Quads:
    """Quads in the making. Materials are added by looks, equal ones once."""

    def __init__(self) -> None:
        self._corners: list[np.ndarray] = []
        self._uv: list[np.ndarray] = []
        self._semantic: list[int] = []
        self._material: list[int] = []
        self._looks: list[Material] = []

    def _index(self, look: Material) -> int:
        if look not in self._looks:
            self._looks.append(look)
        return self._looks.index(look)

    def panel(self, origin, right, up, look: Material, semantic: Semantic, uv=(0.0, 0.0)) -> None:
        """A parallelogram, seen from the side to which ``right`` x ``up`` points; ``uv`` of its origin, in metres."""
        origin, right, up = (np.asarray(v, np.float64) for v in (origin, right, up))
        self._corners.append(np.stack([origin, origin + right, origin + right + up, origin + up]))
        w, h = np.linalg.norm(right), np.linalg.norm(up)
        self._uv.append(np.array([[0, 0], [w, 0], [w, h], [0, h]]) + uv)
        self._semantic.append(int(semantic))
        self._material.append(self._index(look))

    def box(self, low, high, look: Material, semantic: Semantic, axes: np.ndarray | None = None, at=(0, 0, 0)) -> None:
        """A closed box between two corners in axes (3, 3), one a row, about ``at``."""
        axes = np.eye(3) if axes is None else axes
        low, high = np.asarray(low, np.float64), np.asarray(high, np.float64)
        size = high - low
        x, y, z = (axes[k] * size[k] for k in range(3))
        base = np.asarray(at) + low @ axes
        for origin, right, up in (
            (base, x, z), (base + x, y, z), (base + x + y, -x, z), (base + y, -y, z),
            (base + z, x, y), (base + y, x, -y),
        ):  # fmt: skip
            self.panel(origin, right, up, look, semantic)

    def mesh(self, name: str) -> Mesh | None:
        """All quads as one mesh; None if there are none."""
        if not self._corners:
            return None
        corners, uv = np.concatenate(self._corners), np.concatenate(self._uv)
        first = 4 * np.arange(len(self._corners))[:, None]
        faces = np.concatenate([first + [0, 1, 2], first + [0, 2, 3]], 1).reshape(-1, 3)
        semantic, index = np.repeat(self._semantic, 2), np.repeat(self._material, 2)
        return scene_mesh(name, corners, faces, semantic, self._looks, index, uv)


def wall_with_openings(
    quads: Quads, origin, along, length: float, low: float, high: float, openings: Sequence[tuple], look: Material
) -> None:
    """An upright wall that faces right of ``along``, from ``low`` to ``high``, with rectangular holes in it.

    Args:
        along: (3,) horizontal unit vector. openings: (from, to, bottom, top) along the wall and over the floor.
    """
    origin, along = np.asarray(origin, np.float64), np.asarray(along, np.float64)
    cuts = sorted({0.0, length, *(float(x) for o in openings for x in o[:2])})
    for left, right in zip(cuts, cuts[1:], strict=False):
        holes = sorted((o[2], o[3]) for o in openings if o[0] < (left + right) / 2 < o[1])
        edges = [low, *(float(z) for hole in holes for z in hole), high]
        for bottom, top in zip(edges[::2], edges[1::2], strict=True):
            if top - bottom > 1e-6:
                quads.panel(
                    origin + left * along + [0, 0, bottom], (right - left) * along, [0, 0, top - bottom], look,
                    Semantic.WALL, (left, bottom),
                )  # fmt: skip
