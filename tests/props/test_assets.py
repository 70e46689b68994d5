"""The baked props: real sizes, sound meshes, stated licences, small files."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from synth.bodies.config import assets_folder
from synth.conventions import ThfmError
from synth.props.shape import PropAsset, read_shape, surface_points
from tests.props.worlds import LIBRARY

FOLDER = assets_folder() / "furniture"


@pytest.mark.parametrize("name", sorted(LIBRARY.props))
def test_a_prop_is_sound(name):
    entry = LIBRARY.props[name].entry
    shape = read_shape(LIBRARY.props[name])
    assert entry["licence"] == "CC0-1.0" and entry["author"] and entry["source"].startswith("Debian sweethome3d")
    low, high = shape.positions.min(0), shape.positions.max(0)
    np.testing.assert_allclose(high - low, entry["size"], atol=0.001)
    np.testing.assert_allclose((low + high)[:2] / 2, 0, atol=0.001)
    assert abs(low[2]) < 1e-6
    assert shape.faces.max() == len(shape.positions) - 1 and shape.faces.min() == 0
    assert shape.face_uv.max() < len(shape.uv) and np.isfinite(shape.uv).all()
    assert shape.material.max() < len(shape.materials)
    corners = shape.positions[shape.faces]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 2
    assert (area > 0).mean() > 0.99
    for look in shape.materials:
        assert (look.diffuse is None) != (look.tint is None)
        assert look.diffuse is None or look.diffuse.is_file()


def test_the_folder_is_small_and_nothing_in_it_is_left_over():
    files = {f.name for f in FOLDER.iterdir()} - {"README.md", "catalogue.json"}
    entries = [a.entry for a in LIBRARY.props.values()]
    named = {e["file"] for e in entries} | {m["texture"] for e in entries for m in e["materials"] if m["texture"]}
    assert files == named
    assert sum(f.stat().st_size for f in FOLDER.iterdir()) < 6e6


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 cut off"])
def test_a_broken_file_is_named(tmp_path, content):
    if content is not None:
        (tmp_path / "crate.npz").write_bytes(content)
    with pytest.raises(ThfmError, match=r"crate\.npz cannot be read"):
        read_shape(PropAsset(tmp_path, LIBRARY.props["crate"].entry))


def test_points_cover_the_surface():
    shape = read_shape(LIBRARY.props["crate"])
    points = surface_points(shape, 0.05)
    rng = np.random.default_rng(0)
    corners = shape.positions[shape.faces[rng.integers(len(shape.faces), size=300)]]
    spots = np.einsum("nk,nkc->nc", rng.dirichlet((1, 1, 1), 300), corners)
    nearest, _ = cKDTree(points).query(spots)
    assert nearest.max() < 0.05 / 2 + 1e-4
