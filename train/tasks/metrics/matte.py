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
    error of the change from frame to frame (0 for one frame), of pixels known in both: all per frame, averaged over
    frames, then over clips, never scaled up. ``intersection`` and ``union`` of alpha >= 0.5 are pixels, pooled over the
    set. Frame by frame, so that a long clip takes no more memory than its arrays.
    """
    frames, changes, pixels = [], [], np.zeros(2)
    before: tuple[np.ndarray, np.ndarray] | None = None
    for p, a, known in zip(prediction, truth, valid, strict=True):
        p, a = (np.where(known, x, 0).astype(np.float32) for x in (p, a))
        error = p - a
        if known.any():
            frames.append(_frame_errors(p, a, known))
        if before is not None and (both := known & before[1]).any():
            changes.append(np.sqrt(np.square(error - before[0])[both].mean(dtype=np.float64)))
        before = error, known
        p, a = (p >= 0.5) & known, (a >= 0.5) & known
        pixels += (p & a).sum(), (p | a).sum()
    means = dict.fromkeys(MATTE_METRICS, np.nan)
    if frames:
        means = dict(zip(MATTE_METRICS, (*np.mean(frames, 0), np.mean(changes or 0.0)), strict=True))
    return {**per_clip(means), "intersection": pixels[0], "union": pixels[1]}


def _frame_errors(p: np.ndarray, a: np.ndarray, known: np.ndarray) -> tuple[float, ...]:
    """MAD, MSE, SAD, Grad and Conn of mattes (H, W) that are 0 where they are not known."""
    error = (p - a)[known].astype(np.float64)
    total = np.abs(error).sum()
    slopes = np.square(gradient(p) - gradient(a))[known].sum(dtype=np.float64)
    torn = np.abs(np.subtract(*disconnection(p, a))).sum()
    return total / len(error), np.square(error).mean(), total / 1000, slopes / 1000, torn / 1000
