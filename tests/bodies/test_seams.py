"""Skirts that are sewn on a bodice lie on it at the seam, on all bodies and in all poses."""

import numpy as np
import pytest
import trimesh
from scipy.spatial import cKDTree

from synth.bodies.wardrobe import load_item
from tests.bodies.wearers import dressed


def halves(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Faces of the bodice and of the skirt, and the vertices of the skirt's upper edge."""
    item = load_item(name)
    made = item.anchor.astype(float) + item.offsets
    pieces = trimesh.graph.connected_component_labels(trimesh.Trimesh(made, item.faces, process=False).edges)
    skirt = pieces[np.argmin(made[:, 1])]
    upper = np.flatnonzero((pieces == skirt) & (made[:, 1] > made[pieces == skirt, 1].max() - 1e-3))
    return item.faces[pieces[item.faces[:, 0]] != skirt], item.faces[pieces[item.faces[:, 0]] == skirt], upper


@pytest.mark.parametrize("gender, bmi", [("female", 18.0), ("female", 36.0)])
@pytest.mark.parametrize("name", ["tunic", "dress_flared", "dress_long_sleeved", "coat_long"])
def test_a_skirt_lies_on_its_bodice_at_the_seam(name, gender, bmi):
    bodice, _, upper = halves(name)
    beneath = ("jeans_women",) if name in ("tunic", "coat_long") else ()
    worn = next(m for m in dressed(gender, bmi, "synth:stretch", *beneath, name).meshes if m.name == name)
    for sample in (0, 4, 8):
        solid = trimesh.Trimesh(worn.positions[sample], bodice, process=False)
        spots, face = trimesh.sample.sample_surface(solid, 200_000, seed=0)
        edge = worn.positions[sample][upper]
        away, at = cKDTree(spots).query(edge)
        height = ((edge - spots[at]) * solid.face_normals[face[at]]).sum(1)
        assert np.quantile(away, 0.95) < 0.009 and away.max() < 0.02, (sample, away.max())
        assert height.mean() > 0.001 and np.quantile(height, 0.05) > -0.003, (sample, np.quantile(height, 0.05))
