"""Rotation matrices (T,3,3) from angles in degrees, about the canonical axes: x left, y up, z forward."""

from __future__ import annotations

import numpy as np

from synth.bodies.rotations import unit

# canonical y up, z forward -> world z up, facing +x
UPRIGHT = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def _about(axis: int, degrees: np.ndarray | float) -> np.ndarray:
    angle = np.radians(np.atleast_1d(np.asarray(degrees, dtype=np.float64)))
    c, s = np.cos(angle), np.sin(angle)
    out = np.zeros((len(angle), 3, 3))
    i, j = (axis + 1) % 3, (axis + 2) % 3
    out[:, axis, axis] = 1.0
    out[:, i, i], out[:, j, j], out[:, i, j], out[:, j, i] = c, c, -s, s
    return out


def rx(degrees: np.ndarray | float) -> np.ndarray:
    """About x: positive bows forwards."""
    return _about(0, degrees)


def ry(degrees: np.ndarray | float) -> np.ndarray:
    """About y: positive turns to the left."""
    return _about(1, degrees)


def rz(degrees: np.ndarray | float) -> np.ndarray:
    """About z: positive leans to the right (the left side rises)."""
    return _about(2, degrees)


def facing(yaw: np.ndarray | float) -> np.ndarray:
    """Canonical -> world of somebody upright who looks along the yaw, radians about z, 0 along +x."""
    return _about(2, np.degrees(yaw)) @ UPRIGHT


def bone_frame(along: np.ndarray, pole: np.ndarray) -> np.ndarray:
    """Orthonormal frames (...,3,3): first column along a bone, second towards the pole, as far as perpendicular."""
    a = unit(along)
    p = unit(pole - (pole * a).sum(-1, keepdims=True) * a)
    return np.stack([a, p, np.cross(a, p)], axis=-1)
