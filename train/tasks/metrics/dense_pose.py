"""Errors of canonical surface points."""

from __future__ import annotations

import numpy as np

from train.tasks.metrics.sums import mean

_FALL = 0.255  # metres: DensePose's kappa


def surface_sums(prediction: np.ndarray, truth: np.ndarray, extent: float) -> dict[str, np.ndarray]:
    """Sums over the pixels of one clip; surfaces (T, H, W, 3) in the unit cube, ``extent`` metres wide, NaN off people.

    Distances are straight lines through the rest pose, not geodesics: they need no mesh, and are the shorter, so that
    GPS is a little kinder than DensePose's own wherever two parts lie close together (fingers, thighs).
    """
    p, a = np.isfinite(prediction[..., 0]), np.isfinite(truth[..., 0])
    both = p & a
    metres = np.linalg.norm(prediction[both].astype(np.float64) - truth[both], axis=-1) * extent
    sums = {
        "metres": metres.sum(),
        "similarity": np.exp(-np.square(metres) / (2 * _FALL**2)).sum(),
        "both": both.sum(),
        "either": (p | a).sum(),
        "person": a.sum(),
    }
    return {name: np.float64(value) for name, value in sums.items()}


def surface_summary(total: dict[str, np.ndarray]) -> dict[str, float]:
    """Metrics over all pixels of a set.

    error_cm: over pixels that are a person in both. gps: over pixels that are a person in truth, where a missed pixel
    scores 0. iou: of the masks. gpsm: sqrt(gps * iou).
    """
    gps, iou = mean(total["similarity"], total["person"]), mean(total["both"], total["either"])
    return {
        "error_cm": 100 * mean(total["metres"], total["both"]),
        "gps": gps,
        "iou": iou,
        "gpsm": float(np.sqrt(gps * iou)),
    }
