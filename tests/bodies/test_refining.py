"""Coarse garments with their long edges halved: the same cloth, with more points."""

from collections import Counter

import numpy as np
import pytest
import trimesh

from synth.bodies.refining import LONGEST, refined, rounded
from synth.bodies.wardrobe import Item, load_item
from tests.bodies.wearers import dressed


def mesh(item: Item) -> trimesh.Trimesh:
    return trimesh.Trimesh(item.anchor.astype(float) + item.offsets, item.faces, process=False)


def uv_area(item: Item) -> np.ndarray:
    a, b, c = np.moveaxis(item.uv[item.face_uv].astype(float), 1, 0)
    (x, y), (u, v) = (b - a).T, (c - a).T
    return np.abs(x * v - y * u) / 2


def borders(faces: np.ndarray) -> int:
    """How many closed lines an open mesh ends at."""
    count = Counter(tuple(sorted(e)) for f in faces.tolist() for e in zip(f, f[1:] + f[:1], strict=True))
    open_edges = [e for e, n in count.items() if n == 1]
    return trimesh.graph.connected_components(open_edges, min_len=1).__len__()


@pytest.mark.parametrize("name", ["suit_trousers", "jeans_tight", "field_jacket"])
def test_a_finer_garment_is_the_same_cloth(name):
    item = load_item(name)
    finer, matrix = refined(item)
    before, after = mesh(item), mesh(finer)
    assert len(finer.faces) > 1.5 * len(item.faces) and finer.faces.max() == matrix.shape[0] - 1
    np.testing.assert_allclose(after.area, before.area, rtol=1e-5)
    np.testing.assert_allclose(uv_area(finer).sum(), uv_area(item).sum(), rtol=1e-4)
    assert borders(finer.faces) == borders(item.faces), "no face is torn off its neighbours"
    assert after.edges_unique_length.max() < 0.75 * before.edges_unique_length.max()
    lengths = np.sort(before.edges_unique_length)
    assert np.quantile(after.edges_unique_length, 0.9) < max(LONGEST * 1.2, np.quantile(lengths, 0.9) * 0.7)
    for kind in np.unique(item.semantic):
        np.testing.assert_allclose(
            after.area_faces[finer.semantic == kind].sum(), before.area_faces[item.semantic == kind].sum(), rtol=1e-5
        )
    np.testing.assert_allclose(matrix.sum(1), 1.0)
    np.testing.assert_allclose(np.einsum("ij,ij->i", after.face_normals, after.face_normals), 1.0, atol=1e-6)
    assert refined(item)[0] is finer, "it is worked out once"


def test_a_round_limb_becomes_rounder():
    tube = trimesh.creation.cylinder(0.06, 0.3, sections=9)
    tube.update_faces(np.abs(tube.face_normals[:, 2]) < 0.5)
    tube.remove_unreferenced_vertices()
    still = load_item("suit_trousers")
    count = len(tube.vertices)
    item = Item(**{
        **still.__dict__, "faces": tube.faces.astype(np.int32), "face_uv": tube.faces.astype(np.int32),
        "anchor": tube.vertices.astype(np.float32), "offsets": np.zeros((count, 3), np.float32),
        "uv": np.zeros((count, 2), np.float32), "loose": np.zeros(count, np.float32),
        "semantic": np.zeros(len(tube.faces), np.uint8),
    })  # fmt: skip
    finer, matrix = refined(item)
    flat = matrix @ tube.vertices
    new = rounded(tube.vertices, tube.faces, matrix)
    around = np.flatnonzero(np.hypot(*flat[:, :2].T) < 0.0595)
    assert len(around) >= 18
    off = [np.abs(np.hypot(*points[around, :2].T) - 0.06).mean() for points in (flat, new)]
    assert off[1] < 0.6 * off[0]
    np.testing.assert_array_equal(new[:count], tube.vertices)


def test_people_wear_the_finer_garments():
    worn = {m.name: m for m in dressed("male", 24.0, "synth:walk", "suit_trousers", "tee_blue").meshes}
    assert len(worn["suit_trousers"].faces) == len(refined(load_item("suit_trousers"))[0].faces)
    assert len(worn["suit_trousers"].uv[worn["suit_trousers"].face_uv]) == len(worn["suit_trousers"].part)
