"""Camera paths, against projections computed here."""

import numpy as np
import pytest

from synth.cameras import intrinsics, solve
from synth.conventions import ThfmError
from synth.spec.model import CameraSpec


def walker(samples=20, distance=1.5):
    rng = np.random.default_rng(0)
    body = rng.uniform([-0.4, -0.3, 0.0], [0.4, 0.3, 1.8], (200, 3))
    path = np.linspace(0, distance, samples)[:, None, None] * np.array([1.0, 0.2, 0.0])
    return body[None] + path


def pixels(cameras, points):
    homogeneous = np.concatenate([points, np.ones_like(points[..., :1])], -1)
    camera = np.einsum("sij,snj->sni", cameras.world_to_camera[:, :3], homogeneous)
    image = np.einsum("sij,snj->sni", cameras.intrinsics, camera)
    return image[..., :2] / image[..., 2:], camera[..., 2]


def spec(move, **changes):
    base = {"focal_mm": 35, "azimuth": 1.0, "elevation": 0.1, "fill": 0.8, "orbit": 1.2 if move == "orbit" else 0.0}
    return CameraSpec(move=move, **{**base, **changes})


@pytest.mark.parametrize("move", ["static", "pan", "orbit", "follow"])
@pytest.mark.parametrize("size", [(832, 480), (480, 832)])
@pytest.mark.parametrize("aim", [(0.0, 0.0), (0.7, -0.6)])
def test_people_stay_in_sight(move, size, aim):
    points = walker()
    where, depth = pixels(solve(spec(move, aim=aim), points, *size, 24.0), points)
    assert depth.min() > 0.2
    assert where.min() >= 0 and (where.max((0, 1)) <= size).all()


@pytest.mark.parametrize("focal", [12.0, 35.0, 120.0])
def test_fill_is_reached_not_exceeded(focal):
    points = walker()
    where, _ = pixels(solve(spec("static", focal_mm=focal), points, 640, 480, 24.0), points)
    spans = np.abs(where - (320, 240)).max((0, 1)) / (320, 240)
    assert spans.max() == pytest.approx(0.8, abs=1e-3)


def test_moves_are_what_they_are_called():
    points = walker()
    poses = {m: solve(spec(m), points, 640, 480, 24.0).world_to_camera for m in ("static", "pan", "orbit", "follow")}
    eye = {m: -np.einsum("sji,sj->si", p[:, :3, :3], p[:, :3, 3]) for m, p in poses.items()}
    turn = {m: np.ptp(p[:, 2, :3], axis=0).max() for m, p in poses.items()}
    for still in ("static", "pan"):
        assert np.ptp(eye[still], axis=0).max() < 1e-9
    assert turn["static"] < 1e-9 < 0.05 < turn["pan"]
    assert turn["follow"] < 1e-6 < 0.5 < np.linalg.norm(eye["follow"][-1] - eye["follow"][0])
    middle = (points.min((0, 1)) + points.max((0, 1))) / 2
    radius = np.linalg.norm(eye["orbit"] - middle, axis=1)
    assert np.ptp(radius) < 1e-6
    a, b = (eye["orbit"][[0, -1]] - middle)[:, :2]
    assert np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b)) == pytest.approx(1.2, abs=1e-6)


def test_rotations_are_proper_and_upright():
    rotation = solve(spec("orbit", elevation=0.6, aim=(0.9, 0.8)), walker(), 640, 480, 24.0).world_to_camera[:, :3, :3]
    assert np.allclose(rotation @ rotation.transpose(0, 2, 1), np.eye(3), atol=1e-12)
    assert np.allclose(np.linalg.det(rotation), 1)
    assert np.abs(rotation[:, 0, 2]).max() < 1e-12  # the picture's x axis is level
    assert (rotation[:, 1, 2] < 0).all()  # down in the picture is down in the world


def test_aim_moves_people_off_centre():
    points = walker()
    centred, _ = pixels(solve(spec("static"), points, 832, 480, 24.0), points)
    aimed, _ = pixels(solve(spec("static", aim=(0.8, 0.0)), points, 832, 480, 24.0), points)
    assert (aimed[..., 0].mean() < centred[..., 0].mean() - 20) and abs(
        aimed[..., 1].mean() - centred[..., 1].mean()
    ) < 10


def test_camera_stays_above_the_floor():
    cameras = solve(spec("static", elevation=-0.5), walker(), 640, 480, 24.0)
    eye = -cameras.world_to_camera[0, :3, :3].T @ cameras.world_to_camera[0, :3, 3]
    assert eye[2] >= 0.15 - 1e-9


def test_focal_length_sets_the_field_of_view():
    k = intrinsics(36.0, 800, 600)
    assert (k[0, 0], k[1, 1], k[0, 2], k[1, 2]) == (800, 800, 400, 300)


def test_too_wide_a_movement_is_an_error_with_a_remedy():
    with pytest.raises(ThfmError, match="shorter focal length"):
        solve(spec("static", focal_mm=400), walker(distance=60.0), 640, 480, 24.0)
