"""Dense pose: which point of the body a pixel shows."""

from __future__ import annotations

import numpy as np

from synth.conventions import CANONICAL_EXTENT
from train.tasks.base import DenseTask, Labels, Measure, Metric
from train.tasks.metrics.dense_pose import surface_summary, surface_sums
from train.tasks.pixels import has_value

# A pixel is a person where its channels add up to more than this. The points of a T-posed body lie in the unit cube
# between the planes x + y + z = 1 (feet and right hand) and 2.2; black lies on 0. The plane half way is what noise on
# either crosses least, and needs one sum.
PERSON_ABOVE = 0.5


class DensePoseTask(DenseTask):
    """The canonical surface point in the unit cube as RGB, on black."""

    name = "dense_pose"
    default_prompt = "Input: RGB. Output: Dense Pose."
    fields = ("surface",)
    headline = ("gpsm", True)

    def encode(self, labels: Labels) -> dict[str, np.ndarray]:
        person = has_value(labels["surface"])
        target = np.zeros(labels["surface"].shape, np.float32)
        target[person] = np.clip(labels["surface"][person], 0, 1)
        return {"target": target, "valid": np.ones(person.shape, bool)}

    def decode(self, answer: np.ndarray) -> dict[str, np.ndarray]:
        """``surface`` (T, H, W, 3) float32 in the unit cube; NaN off people."""
        surface = np.clip(np.asarray(answer, np.float32), 0, 1)
        surface[~_is_person(answer)] = np.nan
        return {"surface": surface}

    def measure(self, prediction: Labels, labels: Labels) -> Measure:
        return surface_sums(prediction["surface"], labels["surface"], CANONICAL_EXTENT)

    def summarise(self, total: Measure) -> dict[str, float]:
        return surface_summary(total)

    def metrics(self) -> dict[str, Metric]:
        return {
            "error_cm": Metric("cm", False, "distance of canonical points, pixels that are a person in both"),
            "gps": Metric("", True, "mean exp(-g^2 / (2 * 0.255^2)), g straight in metres; a missed pixel is 0"),
            "iou": Metric("", True, "of person masks"),
            "gpsm": Metric("", True, "sqrt(gps * iou)"),
        }

    def protocol(self) -> str:
        return "no alignment; pixels of all clips pooled"

    def averaged(self, target: np.ndarray) -> np.ndarray:
        return np.concatenate([target, _is_person(target)[..., None]], -1).astype(np.float32)

    def from_average(self, mean: np.ndarray) -> np.ndarray:
        share = mean[..., 3:]
        return np.where(share > 0.5, mean[..., :3] / np.maximum(share, 0.5), 0).astype(np.float32)


def _is_person(colours: np.ndarray) -> np.ndarray:
    return colours[..., 0] + colours[..., 1] + colours[..., 2] > PERSON_ABOVE
