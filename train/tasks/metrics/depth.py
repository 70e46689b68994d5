"""Errors of depth after one least-squares alignment a video."""

from __future__ import annotations

from typing import Literal

import numpy as np

from train.tasks.metrics.sums import per_clip

Alignment = Literal["scale_shift", "scale", "none"]


def align(prediction: np.ndarray, truth: np.ndarray, valid: np.ndarray, how: Alignment) -> tuple[float, float]:
    """The scale and shift that bring a prediction (T, H, W) nearest to the truth in least squares, over valid pixels.

    "none" does not look at the prediction: it turns medians of the truth into the truth's unit.
    """
    if how == "none":
        return float(np.median(truth[valid])), 0.0
    means, products = _moments(prediction, truth, valid, (0.0, 0.0))
    if how == "scale":
        return float(products[1] / max(products[0], 1e-30)), 0.0
    centre, level = means
    _, (power, together) = _moments(prediction, truth, valid, (centre, level))
    scale = together / power if power > 1e-12 * max(centre**2, 1e-12) else 0.0
    return float(scale), float(level - scale * centre)


def _moments(
    prediction: np.ndarray, truth: np.ndarray, valid: np.ndarray, origin: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Means of p and d, and of p^2 and p d, both counted from an origin; frame by frame, since a copy of a whole video
    in float64 takes gigabytes."""
    sums = np.zeros(4)
    for x, y, v in zip(prediction, truth, valid, strict=True):
        p, d = x[v].astype(np.float64) - origin[0], y[v].astype(np.float64) - origin[1]
        sums += p.sum(), d.sum(), p @ p, p @ d
    sums /= np.count_nonzero(valid)
    return sums[:2], sums[2:]


def depth_errors(prediction: np.ndarray, truth: np.ndarray, valid: np.ndarray, how: Alignment) -> dict[str, np.ndarray]:
    """AbsRel, RMSE (metres) and delta1 of one clip: per frame over valid pixels, averaged over frames.

    Args:
        prediction: (T, H, W), relative. truth: (T, H, W), metres. valid: (T, H, W) bool.
        how: what is fitted over all valid pixels of the video before.

    Returns:
        Sums over clips, ``clips`` among them; frames without a valid pixel are left out.
    """
    names = ("abs_rel", "rmse", "delta1")
    if not valid.any():
        return per_clip(dict.fromkeys(names, np.nan))
    scale, shift = align(prediction, truth, valid, how)
    frames = []
    for p, d, v in zip(prediction, truth, valid, strict=True):
        if v.any():
            p, d = scale * p[v].astype(np.float64) + shift, d[v].astype(np.float64)
            error = np.abs(p - d)
            close = (p < 1.25 * d) & (d < 1.25 * p)  # a depth behind the camera is never close
            frames.append(((error / d).mean(), np.sqrt(np.square(error).mean()), close.mean()))
    return per_clip(dict(zip(names, np.mean(frames, axis=0), strict=True)))
