"""What motions need around them: the stool that people sit on, the flight of stairs that they walk on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import trimesh
from scipy.spatial.transform import Rotation

from synth.conventions import Part, Semantic
from synth.geometry import Material, Mesh

_RADIUS, _THICK, _FOOT, _POLE = 0.17, 0.05, 0.2, 0.028  # metres, of a stool
_AROUND = 32
_SPACING = 0.2  # metres, most between vertices of stairs
# Linear RGB; none like skin, or a stool reads as a part of who sits on it.
_COLOURS = (
    (0.62, 0.42, 0.05), (0.25, 0.28, 0.05), (0.45, 0.5, 0.55), (0.03, 0.03, 0.035), (0.72, 0.74, 0.76),
    (0.3, 0.04, 0.035), (0.03, 0.09, 0.2), (0.06, 0.16, 0.09),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Scenery:
    """Closed solids on the floor z = 0, in the axes of a motion or of the world.

    Attributes:
        kind: stool or stairs. points: (V, 3) float64, metres. faces: (F, 3) int32, counter-clockwise from outside.
        with_soles: it is raised by the soles that people wear, as people are; else they stand on it in their shoes.
    """

    kind: str
    points: np.ndarray
    faces: np.ndarray
    with_soles: bool

    def mirrored(self) -> Scenery:
        """Left and right, as in ``motion.mirror``, swapped."""
        return Scenery(self.kind, self.points * [-1.0, 1.0, 1.0], self.faces[:, ::-1], self.with_soles)

    def moved(self, turn: Rotation, shift: np.ndarray) -> Scenery:
        """Turned, then shifted by (3,) metres."""
        return Scenery(self.kind, turn.apply(self.points) + shift, self.faces, self.with_soles)

    def mesh(self, name: str, seed: int, soles: float) -> Mesh:
        """The mesh of the scene; ``seed`` picks its colour, ``soles`` is the height of a person's soles, metres."""
        points = self.points + [0.0, 0.0, soles if self.with_soles else 0.0]
        faces = np.ascontiguousarray(self.faces, np.int32)
        count = len(faces)
        return Mesh(
            name=name,
            person=0,
            faces=faces,
            positions=points.astype(np.float32)[None],
            uv=points[:, :2].astype(np.float32),
            face_uv=faces,
            part=np.full(count, Part.NONE, np.uint8),
            semantic=np.full(count, Semantic.PROP, np.uint8),
            canonical=np.full((len(points), 3), np.nan, np.float32),
            shown=np.ones(count, bool),
            materials=(Material("plain", tint=_COLOURS[seed % len(_COLOURS)], roughness=0.55),),
            material_index=np.zeros(count, np.uint8),
        )


def stool(place: np.ndarray) -> Scenery:
    """A round stool, its seat centred at ``place`` (3,), metres."""
    top = float(place[2])
    # radius and height of the outline, from the middle of the top down to the middle of the foot
    outline = np.array([
        (0.0, top), (_RADIUS - 0.012, top), (_RADIUS, top - 0.012), (_RADIUS, top - _THICK),
        (_POLE, top - _THICK - 0.02), (_POLE, 0.04), (_FOOT, 0.02), (_FOOT, 0.0), (0.0, 0.0),
    ])  # fmt: skip
    angle = 2 * np.pi * np.arange(_AROUND) / _AROUND
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = np.concatenate([np.column_stack([ring * radius, np.full(_AROUND, height)]) for radius, height in outline])
    points[:, :2] += place[:2]
    return Scenery("stool", points, _turned(points, len(outline)), True)


def stairs(steps: np.ndarray, width: float) -> Scenery:
    """A flight along x, ``width`` metres wide about y = 0; steps (n, 3): x of begin and end, height. Slab upon slab,
    each to the far end."""
    far, low, slabs = steps[-1, 1], 0.0, []
    for begin, _, height in steps:
        slabs.append(trimesh.creation.box(bounds=[(begin, -width / 2, low), (far, width / 2, height)]))
        low = height
    solid = trimesh.util.concatenate(slabs)
    # who keeps others out of people's way looks at vertices
    points, faces = trimesh.remesh.subdivide_to_size(solid.vertices, solid.faces, _SPACING)
    return Scenery("stairs", np.asarray(points), np.asarray(faces, np.int32), False)


def _turned(points: np.ndarray, levels: int) -> np.ndarray:
    """Triangles (F, 3) between rings of points, one a level; rings of no radius leave those without area out."""
    around, faces = np.arange(_AROUND), []
    for level in range(levels - 1):
        i, j = level * _AROUND + around, level * _AROUND + (around + 1) % _AROUND
        faces += [np.stack([i, i + _AROUND, j], axis=1), np.stack([j, i + _AROUND, j + _AROUND], axis=1)]
    faces = np.concatenate(faces).astype(np.int32)
    corner = points[faces]
    area = np.linalg.norm(np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), axis=1)
    return faces[area > 1e-9]
