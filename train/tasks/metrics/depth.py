"""Errors of depth after one least-squares alignment a video."""

from __future__ import annotations

from typing import Literal

import numpy as np

from train.tasks.metrics.sums import per_clip

Alignment = Literal["scale_shift", "scale", "none"]


def align(prediction: np.ndarray, truth: np.ndarray, how: Alignment) -> tuple[float, float]:
    """The scale and shift that bring a prediction (N,) nearest to the truth (N,) in least squares.

    "none" does not look at the prediction: it turns medians of the truth into the truth's unit.
    """
    if how == "none":
        return float(np.median(truth)), 0.0
    if how == "scale":
        return float(prediction @ truth / max(prediction @ prediction, 1e-30)), 0.0
    centre, level = prediction.mean(), truth.mean()
    spread = prediction - centre
    power = spread @ spread
    scale = spread @ (truth - level) / power if power > 1e-12 * len(prediction) * max(centre**2, 1e-12) else 0.0
    return float(scale), float(level - scale * centre)


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
    scale, shift = align(prediction[valid].astype(np.float64), truth[valid].astype(np.float64), how)
    frames = []
    for p, d, v in zip(prediction, truth, valid, strict=True):
        if v.any():
            p, d = scale * p[v].astype(np.float64) + shift, d[v].astype(np.float64)
            error = np.abs(p - d)
            close = (p < 1.25 * d) & (d < 1.25 * p)  # a depth behind the camera is never close
            frames.append(((error / d).mean(), np.sqrt(np.square(error).mean()), close.mean()))
    return per_clip(dict(zip(names, np.mean(frames, axis=0), strict=True)))
