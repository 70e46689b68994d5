"""Segmentation metrics out of one confusion matrix over a set."""

from __future__ import annotations

import numpy as np


def confusion(prediction: np.ndarray, truth: np.ndarray, valid: np.ndarray, classes: int) -> np.ndarray:
    """(classes, classes) float64 number of valid pixels, rows by truth, columns by prediction."""
    pairs = truth[valid].astype(np.int64) * classes + prediction[valid]
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes).astype(np.float64)


def confusion_summary(matrix: np.ndarray, names: tuple[str, ...]) -> dict[str, float]:
    """mIoU over the classes that truth or prediction holds, mAcc over those of truth, accuracy, IoU of each class."""
    hit, truth, answered = matrix.diagonal(), matrix.sum(1), matrix.sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        iou, recall = hit / (truth + answered - hit), hit / truth
    there = np.isfinite(iou)
    if not there.any():
        return {"miou": float("nan"), "macc": float("nan"), "accuracy": float("nan")}
    return {
        "miou": float(iou[there].mean()),
        "macc": float(recall[truth > 0].mean()),
        "accuracy": float(hit.sum() / truth.sum()),
        **{f"iou/{name}": float(value) for name, value in zip(names, iou, strict=True) if np.isfinite(value)},
    }
