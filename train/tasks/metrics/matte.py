"""Errors of mattes as matting benchmarks define them (Rhemann et al. 2009, Erofeev et al. 2015)."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from train.tasks.metrics.sums import per_clip

MATTE_METRICS = ("mad", "mse", "sad", "grad", "conn", "dtssd")
_SIGMA, _REACH = 1.4, 4  # of the derivative; the kernel ends where the Gaussian falls below 1 %


def _kernels() -> tuple[np.ndarray, np.ndarray]:
    """A Gaussian and its derivative, each of unit energy, as the benchmark scales them."""
    x = np.arange(-_REACH, _REACH + 1)
    smooth = np.exp(-(x**2) / (2 * _SIGMA**2))
    slope = -x * smooth
    return smooth / np.linalg.norm(smooth), slope / np.linalg.norm(slope)


def gradient(alpha: np.ndarray) -> np.ndarray:
    """Magnitude of the Gaussian derivative of a matte (H, W), edges repeated."""
    smooth, slope = _kernels()

    def along(axis: int) -> np.ndarray:
        return ndimage.convolve1d(
            ndimage.convolve1d(alpha, slope, axis=axis, mode="nearest"), smooth, axis=1 - axis, mode="nearest"
        )

    return np.hypot(along(0), along(1))


def disconnection(prediction: np.ndarray, truth: np.ndarray, step: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """How connected each pixel (H, W) of both mattes is to the largest region that both hold opaque, in [0, 1].

    A pixel's level is the last threshold at which it still belongs to the largest 4-connected region where both mattes
    reach the threshold; what its alpha exceeds that level by, if by 0.15 or more, is disconnected.
    """
    level = np.zeros(truth.shape)
    lower = np.minimum(prediction, truth)
    thresholds = np.linspace(0, 1, round(1 / step) + 1)
    window = ndimage.find_objects((lower >= thresholds[1]).astype(np.int8))
    if window:  # elsewhere the level is 0
        part, still = level[window[0]], np.ones(level[window[0]].shape, bool)
        for below, threshold in zip(thresholds[:-1], thresholds[1:], strict=True):
            regions, number = ndimage.label(lower[window[0]] >= threshold)
            largest = regions == 1 + np.argmax(np.bincount(regions.ravel())[1:]) if number else np.zeros_like(still)
            part[still & ~largest] = below
            still &= largest
        part[still] = 1.0

    def connected(alpha: np.ndarray) -> np.ndarray:
        excess = alpha - level
        return 1 - excess * (excess >= 0.15)

    return connected(prediction), connected(truth)


def matte_errors(prediction: np.ndarray, truth: np.ndarray, valid: np.ndarray) -> dict[str, np.ndarray]:
    """Errors of one clip of mattes (T, H, W) in [0, 1], where ``valid`` (T, H, W).

    MAD and MSE are means over pixels, SAD, Grad and Conn sums over pixels / 1000, dtSSD the root of the mean squared
    error of the change from frame to frame (0 for one frame): all per frame, averaged over frames, then over clips,
    never scaled up. ``intersection`` and ``union`` of alpha >= 0.5 are pixels, pooled over the set.
    """
    p = np.where(valid, prediction, 0).astype(np.float32)
    a = np.where(valid, truth, 0).astype(np.float32)
    counted = valid.sum((1, 2))
    frames = np.flatnonzero(counted)
    change = np.square(np.diff(p - a, axis=0)).mean((1, 2), dtype=np.float64)
    error = np.abs(p - a)
    total = error.sum((1, 2), dtype=np.float64)
    means = dict.fromkeys(MATTE_METRICS, np.nan)
    if len(frames):
        pixels = counted[frames]
        means = {
            "mad": (total[frames] / pixels).mean(),
            "mse": (np.square(error).sum((1, 2), dtype=np.float64)[frames] / pixels).mean(),
            "sad": total[frames].mean() / 1000,
            "grad": np.mean([np.square(gradient(p[t]) - gradient(a[t])).sum() for t in frames]) / 1000,
            "conn": np.mean([np.abs(np.subtract(*disconnection(p[t], a[t]))).sum() for t in frames]) / 1000,
            "dtssd": np.sqrt(change).mean() if len(change) else 0.0,
        }
    p, a = (p >= 0.5) & valid, (a >= 0.5) & valid
    return {**per_clip(means), "intersection": np.float64((p & a).sum()), "union": np.float64((p | a).sum())}
