"""Captured paths: written here in each format, read, resampled and replayed."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from synth.cameras import read_path, solve
from synth.conventions import ThfmError
from tests.cameras.crowd import eyes, pixels, spec, walker

FPS = 30.0


def capture(count=120):
    """A hand that walks an arc with the camera on a thing 3 m away: eyes (N, 3) and world -> camera (N, 3, 3)."""
    t = np.arange(count) / FPS
    eye = np.stack([3 * np.cos(0.2 * t) + 5, 3 * np.sin(0.2 * t) - 2, 1.5 + 0.03 * np.sin(9 * t)], 1)
    forward = np.array([5.0, -2.0, 1.2]) - eye
    forward /= np.linalg.norm(forward, axis=1, keepdims=True)
    right = np.cross(forward, (0, 0, 1.0))
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    rotation = np.stack([right, np.cross(forward, right), forward], 1)
    wobble = Rotation.from_rotvec(np.radians(0.5) * np.stack([np.sin(7 * t), np.cos(5 * t), np.sin(6 * t)], 1))
    return eye, wobble.as_matrix() @ rotation


def matrices(eye, rotation):
    pose = np.tile(np.eye(4), (len(eye), 1, 1))
    pose[:, :3, :3], pose[:, :3, 3] = rotation, -np.einsum("nij,nj->ni", rotation, eye)
    return pose


def write(folder, kind):
    eye, rotation = capture()
    path = folder / f"path.{'tum' if kind == 'tum' else 'npz'}"
    if kind == "tum":
        rows = np.concatenate(
            [100 + np.arange(len(eye))[:, None] / FPS, eye, Rotation.from_matrix(rotation).inv().as_quat()], 1
        )
        np.savetxt(path, rows, header="time x y z qx qy qz qw", fmt="%.9f")
    elif kind == "plain":
        np.savez(path, world_to_camera=matrices(eye, rotation), fps=FPS)
    else:  # as game engines and phones write: y up, cameras that look along -z, and their own clock
        turn = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])  # z up -> y up
        pose = matrices(eye @ turn.T, np.diag([1.0, -1, -1]) @ rotation @ turn.T)
        times = 7 + np.arange(len(eye)) / FPS
        np.savez(path, world_to_camera=pose, times=times, up="y", axes="opengl", focal=np.linspace(800, 1200, len(eye)))
    return path


@pytest.mark.parametrize("kind", ["plain", "tum", "phone"])
def test_every_format_gives_the_same_path(tmp_path, kind):
    eye, rotation = capture()
    found = read_path(write(tmp_path, kind))
    assert np.allclose(found.eye, eye, atol=1e-6) and np.allclose(found.rotation, rotation, atol=1e-6)
    assert found.seconds == pytest.approx(119 / FPS) and found.times[0] == 0
    between = found.at(np.array([0.5 / FPS]))
    assert np.allclose(between.eye, (eye[0] + eye[1]) / 2, atol=1e-6)


def test_a_replay_keeps_the_metres_and_the_hand_and_shows_the_people(tmp_path):
    eye, rotation = capture()
    subject, start = walker(distance=0.3), 20
    camera = spec("replay", replay={"path": "path", "start": start / FPS}, focal_mm=24, azimuth=2.0)
    cameras = solve(camera, subject, 832, 480, FPS, read_path(write(tmp_path, "plain")))
    taken = slice(start, start + len(subject.points))
    # Relative to its first sample, each pose is the captured one: nothing but a turn about z and a shift lies between.
    relative = cameras.world_to_camera @ np.linalg.inv(cameras.world_to_camera[0])
    captured = matrices(eye[taken], rotation[taken])
    expected = captured @ np.linalg.inv(captured[0])
    assert np.allclose(relative, expected, atol=1e-6)
    assert np.allclose(cameras.world_to_camera[:, :3, 2], captured[:, :3, 2], atol=1e-6)  # gravity in camera axes
    where, depth = pixels(cameras, subject.points)
    assert depth.min() > 0 and where.min() >= 0 and (where.max((0, 1)) <= (832, 480)).all()
    towards = eyes(cameras).mean(0) - subject.points.mean((0, 1))
    assert np.arctan2(towards[1], towards[0]) == pytest.approx(2.0, abs=0.15)


def test_a_captured_zoom_is_replayed(tmp_path):
    camera = spec("replay", replay={"path": "path", "start": 0.0}, focal_mm=24)
    found = read_path(write(tmp_path, "phone"))
    k = solve(camera, walker(samples=120, distance=0.1), 832, 480, FPS, found).intrinsics[:, 0, 0]
    assert k[-1] / k[0] == pytest.approx(1.5)


def test_a_path_that_turns_away_is_refused(tmp_path):
    eye, rotation = capture()
    away = Rotation.from_rotvec(np.linspace(0, -np.pi, len(eye))[:, None] * (0, 0, 1)).as_matrix()
    np.savez(tmp_path / "away.npz", world_to_camera=matrices(eye, rotation @ away), fps=FPS)
    camera = spec("replay", replay={"path": "away", "start": 0.0})
    with pytest.raises(ThfmError, match="shorter stretch of the path"):
        solve(camera, walker(samples=118), 832, 480, FPS, read_path(tmp_path / "away.npz"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"fps": 30}, "world_to_camera"),
        ({"world_to_camera": np.zeros((5, 3, 3)), "fps": 30}, "(5, 3, 3)"),
        ({"world_to_camera": np.tile(2 * np.eye(4), (5, 1, 1)), "fps": 30}, "no rotations"),
        ({"world_to_camera": np.tile(np.diag([-1.0, 1, 1, 1]), (5, 1, 1)), "fps": 30}, "no rotations"),
        ({"world_to_camera": np.tile(np.eye(4), (1, 1, 1)), "fps": 30}, "two or more"),
        ({"world_to_camera": np.tile(np.eye(4), (5, 1, 1)), "fps": 30, "focal": [1, 1, 0, 1, 1]}, "focal"),
        (b"", "cannot be read"),
        (b"PK\x03\x04 cut off", "cannot be read"),
        (None, "cannot be read"),
    ],
)
def test_broken_files_are_named(tmp_path, content, message):
    path = tmp_path / "bad.npz"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        np.savez(path, **content)
    with pytest.raises(ThfmError) as error:
        read_path(path)
    assert "bad.npz" in str(error.value) and message in str(error.value)
