"""Small vector and rotation helpers on arrays (..., 3) and (..., 3, 3), float64."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d, maximum_filter1d
from scipy.spatial.transform import Rotation


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors of length 1 (zero stays zero)."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def apply(rotations: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Rotate (..., 3) by (..., 3, 3)."""
    return (rotations @ vectors[..., None])[..., 0]


def swing(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The shortest rotation (..., 3, 3) that turns direction ``start`` into direction ``end``."""
    start, end = np.broadcast_arrays(unit(np.asarray(start, float)), unit(np.asarray(end, float)))
    axis = np.cross(start, end)
    sine = np.linalg.norm(axis, axis=-1)
    angle = np.arctan2(sine, (start * end).sum(axis=-1))
    # opposite directions have no shortest way: turn about any perpendicular axis
    helper = np.where(np.abs(start[..., :1]) < 0.9, [1.0, 0.0, 0.0], [0.0, 1.0, 0.0])
    axis = np.where((sine < 1e-9)[..., None], np.cross(start, helper), axis)
    return about(axis, angle)


def about(axis: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Rotations (..., 3, 3) by ``angle`` (...) radians about ``axis`` (..., 3)."""
    vector = unit(axis) * np.asarray(angle)[..., None]
    return Rotation.from_rotvec(vector.reshape(-1, 3)).as_matrix().reshape(*vector.shape[:-1], 3, 3)


def frame(left: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Rotation from canonical axes (x left, y up, z forward) to the frame with that exact up and nearest left."""
    up = unit(up)
    left = unit(left - (left * up).sum(axis=-1, keepdims=True) * up)
    return np.stack([left, up, np.cross(left, up)], axis=-1)


def yaw_frame(rotations: np.ndarray) -> np.ndarray:
    """The upright frame (z up) that faces where canonical +z of ``rotations`` faces."""
    forward = rotations[..., :, 2].copy()
    forward[..., 2] = 0.0
    up = np.broadcast_to([0.0, 0.0, 1.0], forward.shape)
    return frame(np.cross(up, forward), up)


def between(start: np.ndarray, end: np.ndarray, fraction: np.ndarray | float) -> np.ndarray:
    """Slerp: ``start`` turned by ``fraction`` of the way to ``end``."""
    step = Rotation.from_matrix((start.swapaxes(-1, -2) @ end).reshape(-1, 3, 3)).as_rotvec()
    step = step.reshape(*end.shape[:-2], 3) * np.asarray(fraction)[..., None]
    return start @ Rotation.from_rotvec(step.reshape(-1, 3)).as_matrix().reshape(step.shape[:-1] + (3, 3))


def mean_rotation(rotations: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """The mean (3,3) of rotations (n,3,3)."""
    return Rotation.from_matrix(rotations).mean(weights=weights).as_matrix()


def signed_angle(start: np.ndarray, end: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """Angle from ``start`` to ``end`` as seen about ``axis`` (both are projected), radians in (-pi, pi]."""
    axis = unit(axis)
    cosine = (start * end).sum(-1) - (start * axis).sum(-1) * (end * axis).sum(-1)
    return np.arctan2((axis * np.cross(start, end)).sum(-1), cosine)


def twist_angle(rotations: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """The part of (T,3,3) rotations that turns about the fixed ``axis`` (3,), unwrapped over time, radians."""
    quaternion = Rotation.from_matrix(rotations).as_quat()
    angle = np.unwrap(2 * np.arctan2(quaternion[:, :3] @ unit(axis), quaternion[:, 3]))
    return angle - 2 * np.pi * np.round(np.median(angle) / (2 * np.pi))


def smooth(values: np.ndarray, seconds: float, fps: float) -> np.ndarray:
    """Gaussian smoothing over time (axis 0) with that standard deviation."""
    return gaussian_filter1d(values, seconds * fps, axis=0, mode="nearest") if len(values) > 1 else values


def envelope(values: np.ndarray, seconds: float, fps: float) -> np.ndarray:
    """A smooth curve (T,) that is nowhere below ``values`` (T,) and returns to them within about ``seconds``."""
    width = max(1, int(round(seconds * fps)))
    high = maximum_filter1d(values, 2 * width + 1, mode="nearest")
    return np.maximum(gaussian_filter1d(high, width / 3.0, mode="nearest"), values) if width > 1 else values


def single(values: np.ndarray) -> np.ndarray:
    """Radians or metres as float32, in steps of 1e-8.

    What ought to be zero comes out of rotations as 1e-17 and something, and what it is depends on the processor.
    """
    return (np.round(values, 8) + 0.0).astype(np.float32)  # the sum makes -0.0 plain
