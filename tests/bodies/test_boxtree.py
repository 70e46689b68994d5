"""Nearest points on moving triangles, against trimesh and against trying every triangle."""

import os
import subprocess
import sys

import numpy as np
import pytest
import trimesh

from synth.bodies.boxtree import BoxTree, closest_on_triangles
from synth.bodies.surface import open_edges, vertex_normals

SPHERE = trimesh.creation.icosphere(subdivisions=3, radius=0.5)


def _bent(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return SPHERE.vertices * rng.uniform(0.3, 1.5, 3) + 0.02 * rng.standard_normal(SPHERE.vertices.shape)


@pytest.mark.parametrize("moves", [0, 1, 3])
def test_the_nearest_point_is_trimeshs_however_the_mesh_has_moved(moves):
    tree = BoxTree(SPHERE.vertices, SPHERE.faces)
    where = SPHERE.vertices
    for seed in range(moves):
        where = _bent(seed)
        tree = tree.moved(where)
    points = np.random.default_rng(7).uniform(-1, 1, (500, 3))
    face, bary = tree.nearest(points)
    spot = (where[SPHERE.faces[face]] * bary[..., None]).sum(1)
    mesh = trimesh.Trimesh(where, SPHERE.faces, process=False)
    truth, distance, _ = trimesh.proximity.closest_point_naive(mesh, points)
    np.testing.assert_allclose(np.linalg.norm(spot - points, axis=1), distance, atol=1e-9)
    np.testing.assert_allclose(spot, truth, atol=1e-7)
    assert bary.min() >= 0 and np.abs(bary.sum(1) - 1).max() < 1e-12


def test_further_coordinates_count_and_no_guess_changes_the_answer():
    rng = np.random.default_rng(1)
    vertices = np.concatenate([_bent(4), rng.uniform(0, 0.3, (len(SPHERE.vertices), 2))], 1)
    points = np.concatenate([rng.uniform(-1, 1, (200, 3)), rng.uniform(0, 0.3, (200, 2))], 1)
    tree = BoxTree(vertices, SPHERE.faces)
    face, bary = tree.nearest(points)
    corners = vertices[SPHERE.faces]
    for point, f, b in zip(points, face, bary, strict=True):
        each = closest_on_triangles(np.repeat(point[None, :3], len(corners), 0), corners[..., :3])
        cost = (((corners * each[..., None]).sum(1) - point) ** 2).sum(1)
        assert cost[f] == pytest.approx(cost.min(), abs=1e-12)
        np.testing.assert_allclose(b, each[f], atol=1e-9)
    guessed, where = tree.nearest(points, rng.integers(-1, len(SPHERE.faces), 200))
    assert (guessed == face).all()
    np.testing.assert_array_equal(where, bary)


@pytest.mark.parametrize("guess", [False, True])
def test_what_is_farther_than_asked_for_is_not_found_and_all_else_is(guess):
    rng = np.random.default_rng(3)
    points = rng.uniform(-1, 1, (500, 3))
    tree = BoxTree(_bent(3), SPHERE.faces)
    face, bary = tree.nearest(points)
    away = np.linalg.norm((tree.vertices[SPHERE.faces[face]] * bary[..., None]).sum(1) - points, axis=1)
    near, where = tree.nearest(points, rng.integers(0, len(SPHERE.faces), 500) if guess else None, within=0.2)
    assert 50 < (away < 0.2).sum() < 450
    np.testing.assert_array_equal(near, np.where(away < 0.2, face, -1))
    np.testing.assert_array_equal(where, np.where((away < 0.2)[:, None], bary, 0.0))


def test_the_open_border_is_trimeshs():
    mesh = trimesh.creation.icosphere(subdivisions=2)
    faces = mesh.faces[mesh.triangles_center[:, 2] < 0.4]
    open_mesh = trimesh.Trimesh(mesh.vertices, faces, process=False)
    groups = trimesh.grouping.group_rows(open_mesh.edges_sorted, require_count=1)
    truth = {tuple(edge) for edge in open_mesh.edges_sorted[groups]}
    assert {tuple(edge) for edge in open_edges(faces)} == truth and truth
    assert not len(open_edges(mesh.faces))


def test_triangles_without_area_are_points_and_edges():
    vertices = np.array([[0.0, 0, 0], [1, 0, 0], [1, 0, 0], [0, 3, 0]])
    tree = BoxTree(vertices, np.array([[0, 0, 0], [0, 1, 2], [3, 3, 3]]))
    face, bary = tree.nearest(np.array([[0.5, 1.0, 0], [0.0, 2, 0]]))
    assert face.tolist() == [1, 2]
    assert (bary[0] @ vertices[[0, 1, 2]]).tolist() == [0.5, 0, 0]


def test_normals_are_trimeshs():
    mesh = trimesh.Trimesh(_bent(2), SPHERE.faces, process=False)
    weighted = trimesh.geometry.weighted_vertex_normals(
        len(mesh.vertices), mesh.faces, mesh.face_normals, np.repeat(mesh.area_faces[:, None], 3, 1)
    )
    np.testing.assert_allclose(vertex_normals(mesh.vertices, mesh.faces), weighted, atol=1e-9)


_ASKED = """
import hashlib, numpy as np
from synth.bodies.boxtree import BoxTree
rng = np.random.default_rng(0)
tree = BoxTree(rng.standard_normal((900, 9)), rng.integers(0, 900, (1500, 3)))
print(hashlib.sha256(tree.nearest(rng.standard_normal((800, 9)))[1].tobytes()).hexdigest())
"""


def test_processors_without_vector_units_say_the_same_to_the_last_bit(tmp_path):
    said = []
    for name, extra in (("host", {}), ("plain", {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""})):
        env = {**os.environ, **extra, "NUMBA_CACHE_DIR": str(tmp_path / name)}
        said.append(subprocess.run([sys.executable, "-c", _ASKED], env=env, capture_output=True, text=True, check=True))
    assert said[0].stdout == said[1].stdout != ""


def test_code_is_compiled_where_nothing_can_be_kept():
    program = "from synth.compiled import compiled\n@compiled\ndef twice(x):\n    return 2 * x\nprint(twice(21))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)  # a string has no folder
    assert done.stdout == "42\n", done.stderr
