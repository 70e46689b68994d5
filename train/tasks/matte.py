"""Foreground matte: how much of a pixel people cover."""

from __future__ import annotations

import numpy as np

from train.tasks.base import DenseTask, Labels, Measure, Metric
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

    def metrics(self) -> dict[str, Metric]:
        return {
            "mad": Metric("", False, "mean |a - a*|"),
            "mse": Metric("", False, "mean (a - a*)^2"),
            "sad": Metric("", False, "sum of |a - a*| / 1000"),
            "grad": Metric("", False, "squared difference of Gaussian derivatives, sigma 1.4, sum / 1000"),
            "conn": Metric("", False, "difference in connectivity, steps of 0.1, sum / 1000"),
            "dtssd": Metric("", False, "root of mean squared error of the change between frames"),
            "iou": Metric("", True, "of alpha >= 0.5, pixels of all clips pooled"),
        }

    def protocol(self) -> str:
        return "alpha in [0, 1], all known pixels, size of the video; per frame, mean over frames, then clips"
