"""The floor as a mesh."""

from __future__ import annotations

import numpy as np

from synth.conventions import Part, Semantic
from synth.geometry import Material, Mesh
from synth.spec.model import GroundSpec

_HALF_SIZE = 80.0  # metres


def ground_mesh(spec: GroundSpec) -> Mesh:
    """A horizontal square at z = 0, 160 m wide, centred at the origin."""
    corners = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], np.float32) * _HALF_SIZE
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    return Mesh(
        name="ground",
        person=0,
        faces=faces,
        positions=corners[None],
        uv=corners[:, :2] / (2 * _HALF_SIZE) + 0.5,
        face_uv=faces,
        part=np.full(2, Part.NONE, np.uint8),
        semantic=np.full(2, Semantic.GROUND, np.uint8),
        canonical=np.full((4, 3), np.nan, np.float32),
        shown=np.ones(2, bool),
        materials=(Material("ground", roughness=spec.roughness, settings=spec.model_dump()),),
        material_index=np.zeros(2, np.uint8),
    )
