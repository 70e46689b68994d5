"""Camera specs -> camera paths that keep people in sight. Pure numpy; the same answer everywhere."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from synth.conventions import ThfmError
from synth.geometry import Cameras
from synth.spec.model import CameraSpec

SENSOR_MM = 36.0
_LOWEST = 0.15  # metres over the floor
_NEAREST, _FARTHEST = 0.3, 200.0


def intrinsics(focal_mm: float, width: int, height: int) -> np.ndarray:
    """K (3, 3) of a camera with a 36 mm wide sensor, square pixels and a centred principal point."""
    f = focal_mm / SENSOR_MM * width
    return np.array([[f, 0.0, width / 2], [0.0, f, height / 2], [0.0, 0.0, 1.0]])


def look_at(eye: np.ndarray, target: np.ndarray) -> np.ndarray:
    """world_to_camera (S, 4, 4) of level cameras at ``eye`` (S, 3) that look at ``target`` (S, 3)."""
    forward = target - eye
    forward = forward / np.linalg.norm(forward, axis=-1, keepdims=True)
    right = np.cross(forward, np.array([0.0, 0.0, 1.0]))
    right /= np.linalg.norm(right, axis=-1, keepdims=True)
    rotation = np.stack([right, np.cross(forward, right), forward], -2)
    out = np.tile(np.eye(4), (len(eye), 1, 1))
    out[:, :3, :3] = rotation
    out[:, :3, 3] = -np.einsum("sij,sj->si", rotation, eye)
    return out


def _direction(azimuth: np.ndarray, elevation: float) -> np.ndarray:
    flat = np.cos(elevation)
    return np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), np.full_like(azimuth, np.sin(elevation))], -1)


def _half_extent(points: np.ndarray, k: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """Largest |x|, |y| of points (S, N, 3) in shares of half the frame, (2,); inf when one is too near or behind."""
    camera = np.einsum("sij,snj->sni", pose[:, :3, :3], points) + pose[:, None, :3, 3]
    if camera[..., 2].min() < _NEAREST:
        return np.full(2, np.inf)
    image = camera[..., :2] / camera[..., 2:] * k[0, 0]
    return np.abs(image).max((0, 1)) / k[:2, 2]


def solve(spec: CameraSpec, points: np.ndarray, width: int, height: int, fps: float) -> Cameras:
    """The path of a camera that sees ``points`` at all times.

    The distance is the smallest at which people span at most ``spec.fill`` of the frame; static and pan cameras stand
    still, an orbit circles the middle of the whole movement, a follow camera keeps its offset to the people.

    Args:
        points: (S, N, 3) world points of all people per time sample, metres.

    Raises:
        ThfmError: no distance up to 200 m shows everything.
    """
    samples = len(points)
    boxes = np.stack([points.min(1), points.max(1)])
    middle = boxes.mean(0)
    anchor = gaussian_filter1d(middle, 0.35 * fps, axis=0, mode="nearest") if samples > 1 else middle
    whole = np.broadcast_to((points.min((0, 1)) + points.max((0, 1))) / 2, anchor.shape)
    progress = np.linspace(-0.5, 0.5, samples) if samples > 1 else np.zeros(1)
    azimuth = spec.azimuth + (spec.orbit * progress if spec.move == "orbit" else np.zeros(samples))
    offset = _direction(azimuth, spec.elevation)
    centre = anchor if spec.move == "follow" else whole
    target = whole if spec.move == "static" else anchor
    k = intrinsics(spec.focal_mm, width, height)

    def pose(distance: float) -> np.ndarray:
        eye = centre + distance * offset
        eye = np.concatenate([eye[:, :2], np.maximum(eye[:, 2:], _LOWEST)], 1)
        return look_at(eye, target)

    low, high = _NEAREST, _FARTHEST
    if _half_extent(points, k, pose(high)).max() > spec.fill:
        raise ThfmError(f"no camera up to {_FARTHEST:g} m away sees the whole movement: use a shorter focal length.")
    for _ in range(50):
        centre_distance = (low * high) ** 0.5
        if _half_extent(points, k, pose(centre_distance)).max() > spec.fill:
            low = centre_distance
        else:
            high = centre_distance
    poses = pose(high)
    return Cameras(np.tile(k, (samples, 1, 1)), _aimed(poses, points, k, spec.aim))


def _aimed(poses: np.ndarray, points: np.ndarray, k: np.ndarray, aim: tuple[float, float]) -> np.ndarray:
    """Turn the cameras by small constant angles that move people off centre, as far as they stay in frame, level."""
    free = np.clip(0.97 - _half_extent(points, k, poses), 0.0, 1.0)
    rotation = poses[:, :3, :3]
    eye = -np.einsum("sji,sj->si", rotation, poses[:, :3, 3])
    forward = rotation[:, 2]
    azimuth, elevation = np.arctan2(forward[:, 1], forward[:, 0]), np.arcsin(np.clip(forward[:, 2], -1, 1))
    for scale in (1.0, 0.5, 0.25):
        right, down = np.arctan(scale * np.array(aim) * free * k[:2, 2] / k[0, 0])
        turned_elevation = np.clip(elevation - down, -1.5, 1.5)
        turned = azimuth - right / np.cos(elevation)
        flat = np.cos(turned_elevation)
        ahead = np.stack([flat * np.cos(turned), flat * np.sin(turned), np.sin(turned_elevation)], -1)
        pose = look_at(eye, eye + ahead)
        if _half_extent(points, k, pose).max() < 0.98:
            return pose
    return poses
