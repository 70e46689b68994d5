"""The stool that people sit on: a mesh of the scene, where their motion has its seat."""

from __future__ import annotations

import numpy as np

from synth.conventions import Part, Semantic
from synth.geometry import Material, Mesh

_RADIUS, _THICK, _FOOT, _POLE = 0.17, 0.05, 0.2, 0.028  # metres
_AROUND = 32
_COLOURS = (
    (0.28, 0.15, 0.07), (0.09, 0.045, 0.02), (0.5, 0.34, 0.18), (0.03, 0.03, 0.035), (0.55, 0.53, 0.5),
    (0.3, 0.04, 0.035), (0.03, 0.09, 0.2), (0.06, 0.16, 0.09),
)  # fmt: skip


def stool_mesh(name: str, place: np.ndarray, seed: int) -> Mesh:
    """A round stool on the floor z = 0, its seat centred at ``place`` (3,), world metres; ``seed`` picks its colour."""
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
    faces = []
    for level in range(len(outline) - 1):
        a = level * _AROUND + np.arange(_AROUND)
        b = level * _AROUND + (np.arange(_AROUND) + 1) % _AROUND
        faces += [np.stack([a, a + _AROUND, b], axis=1), np.stack([b, a + _AROUND, b + _AROUND], axis=1)]
    # rings of no radius leave triangles without area
    mesh = np.concatenate(faces).astype(np.int32)
    corner = points[mesh]
    area = np.linalg.norm(np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), axis=1)
    mesh = mesh[area > 1e-9]
    count = len(mesh)
    return Mesh(
        name=name,
        person=0,
        faces=mesh,
        positions=points.astype(np.float32)[None],
        uv=points[:, :2].astype(np.float32),
        face_uv=mesh,
        part=np.full(count, Part.NONE, np.uint8),
        semantic=np.full(count, Semantic.PROP, np.uint8),
        canonical=np.full((len(points), 3), np.nan, np.float32),
        shown=np.ones(count, bool),
        materials=(Material("plain", tint=_COLOURS[seed % len(_COLOURS)], roughness=0.55),),
        material_index=np.zeros(count, np.uint8),
    )
