"""Surface normals as colours."""

from __future__ import annotations

import numpy as np

from train.tasks.base import DenseTask, Labels, Measure, Metric
from train.tasks.metrics.normals import LIMITS, angle_summary, angle_sums
from train.tasks.pixels import RegionOptions, has_value, in_region, region_fields, region_words


class NormalsTask(DenseTask):
    """(n + 1) / 2 of unit normals in camera space: x right, y up, z towards the viewer. What is not valid is grey."""

    name = "normals"
    default_prompt = "Input: RGB. Output: Surface Normal."
    fields = ("normals",)
    Options = RegionOptions
    headline = ("mean", False)

    def __init__(self, options: RegionOptions | None = None):
        super().__init__(options)
        self.fields = region_fields("normals", self.options)

    def _valid(self, labels: Labels) -> np.ndarray:
        return in_region(labels, has_value(labels["normals"]), self.options)

    def encode(self, labels: Labels) -> dict[str, np.ndarray]:
        valid = self._valid(labels)
        target = labels["normals"] * np.float32(0.5) + np.float32(0.5)
        target[~valid] = 0.5
        return {"target": np.clip(target, 0, 1, out=target), "valid": valid}

    def decode(self, answer: np.ndarray) -> dict[str, np.ndarray]:
        """``normals`` (T, H, W, 3) float32 of unit length; an answer without direction looks at the viewer."""
        normals = 2 * np.asarray(answer, np.float32) - 1
        length = np.sqrt(np.einsum("...c,...c->...", normals, normals))
        normals[length < 1e-6] = (0, 0, 1)
        return {"normals": normals / np.where(length < 1e-6, 1, length)[..., None]}

    def measure(self, prediction: Labels, labels: Labels) -> Measure:
        return angle_sums(prediction["normals"], labels["normals"], self._valid(labels))

    def summarise(self, total: Measure) -> dict[str, float]:
        return angle_summary(total)

    def metrics(self) -> dict[str, Metric]:
        shares = {f"under_{limit:g}": Metric("", True, f"share of angles under {limit:g} degrees") for limit in LIMITS}
        return {
            "mean": Metric("degrees", False, "mean angle between unit vectors"),
            "median": Metric("degrees", False, "median angle, to 0.02 degree"),
            **shares,
        }

    def protocol(self) -> str:
        return f"camera space, no alignment; pixels of all clips pooled{region_words(self.options)}"
