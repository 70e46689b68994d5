"""Lens distortion by the model of OpenCV (k1, k2, p1, p2, k3), in image coordinates over the focal length."""

from __future__ import annotations

import numpy as np

COEFFICIENTS = 5
NONE = np.zeros(COEFFICIENTS)
_STEPS = 60


def _last_radius(distortion: np.ndarray) -> float:
    """The squared undistorted radius at which the radial model turns back; inf if it never does."""
    k1, k2, _, _, k3 = distortion
    slope = np.polynomial.Polynomial([1, 3 * k1, 5 * k2, 7 * k3])  # of the distorted radius, over the squared radius
    return min((root.real for root in slope.roots() if abs(root.imag) < 1e-9 and root.real > 0), default=np.inf)


def _bend(points: np.ndarray, distortion: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Radial factor (..., 1) and tangential shift (..., 2) at undistorted points (..., 2)."""
    k1, k2, p1, p2, k3 = distortion
    x, y = points[..., 0], points[..., 1]
    r2 = x * x + y * y
    shift = np.stack([2 * p1 * x * y + p2 * (r2 + 2 * x * x), p1 * (r2 + 2 * y * y) + 2 * p2 * x * y], -1)
    r2 = np.minimum(r2, _last_radius(distortion))
    return (1 + r2 * (k1 + r2 * (k2 + r2 * k3)))[..., None], shift


def distorted(points: np.ndarray, distortion: np.ndarray) -> np.ndarray:
    """Where points (..., 2) of a pinhole's picture lie in the lens's, (..., 2).

    Far outside the picture, where OpenCV's polynomial would turn back and show points again that no lens sees, points
    move on outwards.
    """
    if not np.any(distortion):
        return points
    factor, shift = _bend(points, distortion)
    return points * factor + shift


def undistorted(points: np.ndarray, distortion: np.ndarray) -> np.ndarray:
    """The inverse of ``distorted``, to the last few bits, for lenses that do not fold their picture."""
    if not np.any(distortion):
        return points
    out = points
    for _ in range(_STEPS):
        factor, shift = _bend(out, distortion)
        out = (points - shift) / factor
    return out


def project(points: np.ndarray, intrinsics: np.ndarray, distortion: np.ndarray = NONE) -> np.ndarray:
    """Camera-space points (..., 3) to pixels (..., 2); NaN for points at or behind the camera plane."""
    z = np.where(points[..., 2:] > 1e-6, points[..., 2:], np.nan)
    if not np.any(distortion):
        return (points @ intrinsics.T)[..., :2] / z
    return distorted(points[..., :2] / z, distortion) @ intrinsics[:2, :2].T + intrinsics[:2, 2]


def rays(pixels: np.ndarray, intrinsics: np.ndarray, distortion: np.ndarray = NONE) -> np.ndarray:
    """Camera-space directions (..., 3) with z = 1 that image points (..., 2) in pixels see."""
    flat = np.concatenate([pixels, np.ones_like(pixels[..., :1])], -1) @ np.linalg.inv(intrinsics).T
    return np.concatenate([undistorted(flat[..., :2], distortion), flat[..., 2:]], -1)


def folds(intrinsics: np.ndarray, distortion: np.ndarray, width: int, height: int) -> bool:
    """Whether the radial model turns back before it reaches a corner of the picture: nothing is to be seen there."""
    last = np.sqrt(_last_radius(distortion))
    if not np.isfinite(last):
        return False
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]]) - intrinsics[:2, 2]
    return bool(np.linalg.norm(corners / intrinsics[[0, 1], [0, 1]], axis=1).max() >= _reach(last, distortion))


def _reach(radius: float, distortion: np.ndarray) -> float:
    return float(distorted(np.array([radius, 0.0]), distortion * (1, 1, 0, 0, 1))[0])


def corner_distortion(share: float, second: float, focal: float, width: float, height: float) -> tuple[float, float]:
    """The k1 and k2 that move a picture's corner outwards by ``share`` of its distance from the centre.

    ``second`` is k2's part of it; ``focal`` is in pixels, as width and height.
    """
    squared = (width**2 + height**2) / (2 * focal * (1 + share)) ** 2  # of the undistorted corner's radius
    return share * (1 - second) / squared, share * second / squared**2
