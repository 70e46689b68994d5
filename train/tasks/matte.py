"""Foreground matte: how much of a pixel people cover."""

from __future__ import annotations

import numpy as np

from train.tasks.base import DenseTask, Labels, Measure
from train.tasks.metrics.matte import MATTE_METRICS, matte_errors
from train.tasks.metrics.sums import mean


class MatteTask(DenseTask):
    """Alpha in three equal channels."""

    name = "matte"
    default_prompt = "Input: RGB. Output: Foreground Matte."
    fields = ("matte",)
    headline = ("iou", True)

    def encode(self, labels: Labels) -> dict[str, np.ndarray]:
        valid = np.isfinite(labels["matte"])
        alpha = np.where(valid, np.clip(labels["matte"], 0, 1), 0).astype(np.float32)
        return {"target": np.repeat(alpha[..., None], 3, -1), "valid": valid}

    def decode(self, answer: np.ndarray) -> dict[str, np.ndarray]:
        """``matte`` (T, H, W) float32 in [0, 1]."""
        return {"matte": np.clip(np.asarray(answer, np.float32).mean(-1), 0, 1)}

    def measure(self, prediction: Labels, labels: Labels) -> Measure:
        return matte_errors(prediction["matte"], labels["matte"], np.isfinite(labels["matte"]))

    def summarise(self, total: Measure) -> dict[str, float]:
        means = {name: mean(total[name], total["clips"]) for name in MATTE_METRICS}
        return {**means, "iou": mean(total["intersection"], total["union"])}
