"""What the tasks share that name a class for each pixel."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from synth.conventions import ThfmError
from train.tasks.base import DenseTask, Labels, Measure, Metric
from train.tasks.metrics.confusion import confusion, confusion_summary

IGNORE = 255  # of a label: nobody knows


class SegmentationTask(DenseTask):
    """A class as a colour of a palette; the answer is the class of the nearest colour.

    Attributes:
        names: K class names in the order of their numbers.
        palette: (K, 3) float32 in [0, 1]; class 0 is black.
    """

    headline = ("miou", True)
    names: ClassVar[tuple[str, ...]]
    palette: ClassVar[np.ndarray]

    def encode(self, labels: Labels) -> dict[str, np.ndarray]:
        classes = self._classes(labels)
        valid = classes != IGNORE
        colours = np.zeros((256, 3), np.float32)
        colours[: len(self.names)] = self.palette
        return {"target": colours.take(classes, axis=0), "valid": valid}

    def decode(self, answer: np.ndarray) -> dict[str, np.ndarray]:
        """The field of the task, (T, H, W) uint8."""
        return {self.fields[0]: np.stack([self._nearest(frame) for frame in answer])}

    def measure(self, prediction: Labels, labels: Labels) -> Measure:
        classes = self._classes(labels)
        return {"confusion": confusion(prediction[self.fields[0]], classes, classes != IGNORE, len(self.names))}

    def summarise(self, total: Measure) -> dict[str, float]:
        return confusion_summary(total["confusion"], self.names)

    def metrics(self) -> dict[str, Metric]:
        return {
            "miou": Metric("", True, "mean over the classes that truth or answer holds"),
            "macc": Metric("", True, "mean recall over the classes that truth holds"),
            "accuracy": Metric("", True, "share of pixels"),
            "iou": Metric("", True, "of one class"),
        }

    def protocol(self) -> str:
        return f"one confusion matrix over all clips, {len(self.names)} classes with background, label {IGNORE} ignored"

    def averaged(self, target: np.ndarray) -> np.ndarray:
        return np.eye(len(self.names), dtype=np.float32)[self._nearest(target)]

    def from_average(self, mean: np.ndarray) -> np.ndarray:
        return self.palette[mean.argmax(-1)]

    def _classes(self, labels: Labels) -> np.ndarray:
        classes = labels[self.fields[0]]
        unknown = classes[(classes >= len(self.names)) & (classes != IGNORE)]
        if len(unknown):
            raise ThfmError(
                f"{self.fields[0]} holds class {int(unknown[0])}, but only 0 to {len(self.names) - 1} and "
                f"{IGNORE} (unknown) have a meaning; map the data set's classes first."
            )
        return classes

    def _nearest(self, colours: np.ndarray) -> np.ndarray:
        """Classes uint8 (...) of colours (..., 3)."""
        # |x - c|^2 is least where x.c - |c|^2 / 2 is largest.
        score = np.asarray(colours, np.float32) @ self.palette.T - np.square(self.palette).sum(1) / 2
        return score.argmax(-1).astype(np.uint8)
