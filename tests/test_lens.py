"""Lens distortion against OpenCV's documented formula, written out elsewhere."""

import numpy as np
import pytest

from synth.lens import corner_distortion, distorted, folds, project, rays, undistorted
from tests.opencv import project_points, radial_rays

K = np.array([[70.0, 0, 50], [0, 70.0, 30], [0, 0, 1]])
LENSES = [(-0.15, 0, 0, 0, 0), (-0.12, 0.03, 0, 0, -0.002), (0.1, -0.01, 0, 0, 0), (-0.1, 0.02, 0.003, -0.004, 0.001)]


@pytest.mark.parametrize("lens", LENSES)
def test_projection_is_opencvs(lens):
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.uniform(-0.8, 0.8, (200, 2)), np.ones((200, 1))], 1) * rng.uniform(0.5, 5, (200, 1))
    np.testing.assert_allclose(project(points, K, np.array(lens)), project_points(points, K, lens), atol=1e-10)


@pytest.mark.parametrize("lens", LENSES)
def test_rays_go_back_where_points_came_from(lens):
    lens = np.array(lens)
    pixels = np.stack(np.meshgrid(np.arange(100) + 0.5, np.arange(60) + 0.5), -1).reshape(-1, 2)
    seen = rays(pixels, K, lens)
    np.testing.assert_allclose(project(seen * 3.0, K, lens), pixels, atol=1e-8)
    if not lens[2:4].any():
        np.testing.assert_allclose(seen, radial_rays(pixels, K, lens), atol=1e-10)


def test_no_lens_is_a_pinhole():
    points = np.random.default_rng(1).uniform(0.1, 2, (50, 3))
    flat = points[:, :2] / points[:, 2:]
    assert distorted(flat, np.zeros(5)) is flat and undistorted(flat, np.zeros(5)) is flat
    np.testing.assert_allclose(project(points, K), flat * 70 + (50, 30))
    assert np.isnan(project(np.array([[0.0, 0, -1]]), K, np.array(LENSES[0]))).all()


def test_what_a_lens_cannot_see_stays_out_of_its_picture():
    """OpenCV's polynomial turns back far outside and would show such points again."""
    lens = np.array([-0.15, 0, 0, 0, 0])
    far = np.array([[u, 0.0, 1.0] for u in np.linspace(0, 20, 2000)])
    assert (np.diff(project(far, K, lens)[:, 0]) > 0).all()
    assert project_points(far[-1:], K, lens)[0, 0] < 0


@pytest.mark.parametrize(("k1", "folded"), [(-0.2, False), (-0.5, True), (0.3, False), (0.0, False)])
def test_lenses_that_fold_are_told(k1, folded):
    corner = np.hypot(50, 30) / 70
    radius = np.linspace(0, 5, 5001)
    reached = (radius * (1 + k1 * radius**2))[: np.argmax(1 + 3 * k1 * radius**2 < 0) or None].max()
    assert (reached < corner) == folded
    assert folds(K, np.array([k1, 0, 0, 0, 0]), 100, 60) == folded


@pytest.mark.parametrize("share", [-0.15, 0.1])
@pytest.mark.parametrize("second", [-0.3, 0.0, 0.3])
def test_a_corner_moves_by_its_share(share, second):
    k1, k2 = corner_distortion(share, second, 70, 100, 60)
    corner = np.array([[50.0, 30.0]]) / 70  # distorted
    seen = np.linalg.norm(corner) / np.linalg.norm(undistorted(corner, np.array([k1, k2, 0, 0, 0])))
    assert seen == pytest.approx(1 + share)
    assert k2 == 0 if second == 0 else np.sign(k2) == np.sign(share * second)
