"""Means out of sums."""

from __future__ import annotations

import numpy as np


def mean(total: np.ndarray, count: np.ndarray) -> float:
    """total / count; NaN where nothing was counted."""
    return float(total / count) if count > 0 else float("nan")


def per_clip(values: dict[str, float]) -> dict[str, np.ndarray]:
    """Metrics of one clip as sums over clips, with their number ``clips``; a clip without a number counts nothing."""
    counted = all(np.isfinite(v) for v in values.values())
    sums = {name: np.float64(value if counted else 0.0) for name, value in values.items()}
    return {**sums, "clips": np.float64(counted)}
