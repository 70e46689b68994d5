"""Meshes through cameras: planes and spheres in closed form, and a scan-like mesh against ray casting."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from train.benchmarks.raster import project, see, vertex_normals

K = np.array([[90.0, 0, 33], [0, 80, 25], [0, 0, 1]])
HEIGHT, WIDTH = 50, 64


def rays() -> np.ndarray:
    """(H, W, 3) directions with z = 1 through the centres of pixels."""
    x, y = np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)
    return np.stack([(x - K[0, 2]) / K[0, 0], (y - K[1, 2]) / K[1, 1], np.ones_like(x)], -1)


def depth_map(points, faces) -> np.ndarray:
    seen = see(points, project(points, K), faces, HEIGHT, WIDTH)
    depth = np.full((HEIGHT, WIDTH), np.nan)
    depth[tuple(seen.pixels.T)] = seen.depth
    return depth


def test_a_slanted_plane_that_fills_the_picture() -> None:
    corners = np.array([[-9.0, -9, 0], [9, -9, 0], [9, 9, 0], [-9, 9, 0]])
    corners[:, 2] = 5 + 0.2 * corners[:, 0] - 0.1 * corners[:, 1]
    depth = depth_map(corners, np.array([[0, 1, 2], [0, 2, 3]]))
    direction = rays()
    expected = 5 / (1 - 0.2 * direction[..., 0] + 0.1 * direction[..., 1])
    np.testing.assert_allclose(depth, expected, rtol=1e-9)


def test_a_sphere_has_its_own_normals() -> None:
    ball = trimesh.creation.icosphere(subdivisions=5, radius=1.0)
    points, faces = np.asarray(ball.vertices) + [0.1, -0.05, 4.0], np.asarray(ball.faces)
    seen = see(points, project(points, K), faces, HEIGHT, WIDTH)
    normals = (vertex_normals(points, faces)[faces[seen.faces]] * seen.weights[..., None]).sum(1)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    place = rays()[tuple(seen.pixels.T)] * seen.depth[:, None]
    outward = place - [0.1, -0.05, 4.0]
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    angle = np.degrees(np.arccos(np.clip((normals * outward).sum(1), -1, 1)))
    assert len(angle) > 900 and np.median(angle) < 0.3 and angle.max() < 3
    assert (normals[:, 2] < 0.1).all()  # towards the camera


@pytest.mark.parametrize("seed", [0, 1])
def test_against_ray_casting(seed: int) -> None:
    rng = np.random.default_rng(seed)
    blob = trimesh.creation.icosphere(subdivisions=3)
    first = blob.vertices * (0.8 + 0.3 * rng.random((len(blob.vertices), 1))) + [-0.3, 0, 4]
    second = blob.vertices * 0.5 + [0.2, 0.1, 3.4]
    mesh = trimesh.util.concatenate([trimesh.Trimesh(v, blob.faces, process=False) for v in (first, second)])
    points, faces = np.asarray(mesh.vertices), np.asarray(mesh.faces)
    depth = depth_map(points, faces)
    direction = rays().reshape(-1, 3)
    hits, which, _ = mesh.ray.intersects_location(np.zeros_like(direction), direction, multiple_hits=False)
    cast = np.full(len(direction), np.nan)
    cast[which] = hits[:, 2]
    cast = cast.reshape(HEIGHT, WIDTH)
    both = np.isfinite(depth) & np.isfinite(cast)
    assert both.sum() > 500 and (np.isfinite(depth) != np.isfinite(cast)).sum() <= 2
    np.testing.assert_allclose(depth[both], cast[both], rtol=1e-4)


def test_what_is_behind_beside_or_flat_is_not_seen() -> None:
    points = np.array([[0, 0, -1.0], [1, 0, 3], [0, 1, 3], [90, 0, 3], [91, 0, 3], [90, 1, 3], [0, 0, 3], [1, 0, 3]])
    faces = np.array([[0, 1, 2], [3, 4, 5], [6, 7, 7]])
    assert len(see(points, project(points, K), faces, HEIGHT, WIDTH).faces) == 0


def test_distortion_as_opencv_defines_it() -> None:
    points = np.array([[0.5, -0.25, 2.0], [0, 0, 1.0]])
    x, y = 0.25, -0.125
    k1, k2, p1, p2, k3 = bend = 0.1, -0.02, 0.003, -0.004, 0.005
    r = x * x + y * y
    factor = 1 + k1 * r + k2 * r**2 + k3 * r**3
    u = x * factor + 2 * p1 * x * y + p2 * (r + 2 * x * x)
    v = y * factor + p1 * (r + 2 * y * y) + 2 * p2 * x * y
    expected = [[90 * u + 33, 80 * v + 25], [33, 25]]
    np.testing.assert_allclose(project(points, K, np.array(bend)), expected)
    np.testing.assert_allclose(project(points, K)[0], [90 * x + 33, 80 * y + 25])
