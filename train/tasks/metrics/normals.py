"""Angles between unit vectors, pooled over all pixels of a set."""

from __future__ import annotations

import numpy as np

from train.tasks.metrics.sums import mean

_BINS = 9000  # of 0.02 degree: the median's resolution
LIMITS = (11.25, 22.5, 30.0)


def angle_sums(prediction: np.ndarray, truth: np.ndarray, valid: np.ndarray) -> dict[str, np.ndarray]:
    """Angles in degrees between unit normals (T, H, W, 3) where ``valid`` (T, H, W): sum, shares, histogram, number."""
    sums = {"sum": 0.0, "within": np.zeros(len(LIMITS)), "histogram": np.zeros(_BINS), "pixels": 0.0}
    for p, n, v in zip(prediction, truth, valid, strict=True):
        p, n = p[v].astype(np.float64), n[v].astype(np.float64)
        # Kahan's formula for unit vectors: exact for tiny and for straight angles, unlike the arc cosine.
        angle = np.degrees(2 * np.arctan2(np.linalg.norm(p - n, axis=-1), np.linalg.norm(p + n, axis=-1)))
        sums["sum"] += angle.sum()
        sums["within"] += [(angle < limit).sum() for limit in LIMITS]
        sums["histogram"] += np.histogram(angle, _BINS, (0, 180))[0]
        sums["pixels"] += len(angle)
    return {name: np.asarray(value, np.float64) for name, value in sums.items()}


def angle_summary(total: dict[str, np.ndarray]) -> dict[str, float]:
    """Mean, median (interpolated within its bin) and shares under 11.25, 22.5 and 30 degrees."""
    count = total["pixels"]
    shares = {f"under_{limit:g}": mean(n, count) for limit, n in zip(LIMITS, total["within"], strict=True)}
    return {"mean": mean(total["sum"], count), "median": _median(total["histogram"]), **shares}


def _median(histogram: np.ndarray) -> float:
    below = np.concatenate([[0], histogram.cumsum()])
    if below[-1] == 0:
        return float("nan")
    return float(np.interp(below[-1] / 2, below, np.linspace(0, 180, len(below))))
