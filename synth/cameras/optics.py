"""Pinholes: camera matrices and poses out of focal lengths, eyes and directions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

FULL_FRAME_MM = 36.0


def intrinsics(focal_mm: float, width: int, height: int) -> np.ndarray:
    """K (3, 3) of a camera whose sensor is 36 mm on its long side, with square pixels and a centred principal point."""
    f = focal_mm / FULL_FRAME_MM * max(width, height)
    return np.array([[f, 0.0, width / 2], [0.0, f, height / 2], [0.0, 0.0, 1.0]])


def level_rotations(forward: np.ndarray) -> np.ndarray:
    """World -> camera rotations (S, 3, 3) of upright cameras that look along ``forward`` (S, 3)."""
    forward = forward / np.linalg.norm(forward, axis=-1, keepdims=True)
    right = np.cross(forward, np.array([0.0, 0.0, 1.0]))
    right /= np.linalg.norm(right, axis=-1, keepdims=True)
    return np.stack([right, np.cross(forward, right), forward], -2)


def poses(eye: np.ndarray, rotation: np.ndarray) -> np.ndarray:
    """world_to_camera (S, 4, 4) of cameras at ``eye`` (S, 3) turned by ``rotation`` (S, 3, 3), world -> camera."""
    out = np.tile(np.eye(4), (len(eye), 1, 1))
    out[:, :3, :3] = rotation
    out[:, :3, 3] = -np.einsum("sij,sj->si", rotation, eye)
    return out


def look_at(eye: np.ndarray, target: np.ndarray) -> np.ndarray:
    """world_to_camera (S, 4, 4) of level cameras at ``eye`` (S, 3) that look at ``target`` (S, 3)."""
    return poses(eye, level_rotations(target - eye))


def direction(azimuth: np.ndarray, elevation: np.ndarray) -> np.ndarray:
    """Unit vectors (S, 3) at angles (S,) in radians about z and above the horizon."""
    flat = np.cos(elevation)
    return np.stack(np.broadcast_arrays(flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(elevation)), -1)


def angles(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Azimuth and elevation (S,) of vectors (S, 3)."""
    return np.arctan2(vectors[:, 1], vectors[:, 0]), np.arctan2(vectors[:, 2], np.hypot(vectors[:, 0], vectors[:, 1]))


@dataclass(frozen=True)
class Rig:
    """A camera over S time samples, taken apart so that it can be aimed anew and still be held as it was.

    Attributes:
        eye: (S, 3) world metres.
        azimuth, elevation: (S,) direction of the view, radians.
        held: (S, 3, 3) rotation of the camera against the level one that looks so: roll, shake, a captured hand.
        focal_mm: (S,).
    """

    eye: np.ndarray
    azimuth: np.ndarray
    elevation: np.ndarray
    held: np.ndarray
    focal_mm: np.ndarray

    @classmethod
    def watching(cls, eye: np.ndarray, target: np.ndarray, focal_mm: np.ndarray) -> Rig:
        """Level cameras at ``eye`` (S, 3) that look at ``target`` (S, 3)."""
        return cls(eye, *angles(target - eye), np.tile(np.eye(3), (len(eye), 1, 1)), focal_mm)

    def world_to_camera(self) -> np.ndarray:
        """(S, 4, 4)."""
        level = level_rotations(direction(self.azimuth, np.clip(self.elevation, -1.5, 1.5)))
        return poses(self.eye, self.held @ level)

    def intrinsics(self, width: int, height: int) -> np.ndarray:
        """(S, 3, 3)."""
        return np.stack([intrinsics(f, width, height) for f in self.focal_mm])


def rolled(angle: float) -> np.ndarray:
    """(3, 3) rotation of a camera by ``angle`` radians about its view, clockwise as it sees the world."""
    return Rotation.from_rotvec([0.0, 0.0, -angle]).as_matrix()
