"""The camera model of OpenCV's documentation (calib3d), written out again, and its inverse by bisection."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq


def project_points(camera: np.ndarray, k: np.ndarray, distortion: np.ndarray) -> np.ndarray:
    """Points (N, 3) in camera axes to pixels (N, 2), as cv2.projectPoints does."""
    k1, k2, p1, p2, k3 = distortion
    out = []
    for x, y in (camera[:, :2] / camera[:, 2:]).tolist():
        r2 = x * x + y * y
        radial = 1 + k1 * r2 + k2 * r2**2 + k3 * r2**3
        xd = x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)
        yd = y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y
        out.append((k[0, 0] * xd + k[0, 2], k[1, 1] * yd + k[1, 2]))
    return np.array(out)


def radial_rays(pixels: np.ndarray, k: np.ndarray, distortion: np.ndarray) -> np.ndarray:
    """Camera-space directions (N, 3), z = 1, of pixels (N, 2) behind a lens without tangential distortion."""
    k1, k2, _, _, k3 = distortion
    flat = (pixels - k[:2, 2]) / k[[0, 1], [0, 1]]
    if not np.any(distortion):
        return np.concatenate([flat, np.ones((len(flat), 1))], 1)
    radius = np.hypot(*flat.T)
    true = [brentq(lambda u, r=r: u * (1 + k1 * u**2 + k2 * u**4 + k3 * u**6) - r, 0, 1.6 * r, xtol=1e-14)
            for r in radius]  # fmt: skip
    return np.concatenate([flat * (np.array(true) / radius)[:, None], np.ones((len(flat), 1))], 1)
