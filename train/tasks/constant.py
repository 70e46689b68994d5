"""The best constant answer: what every report stands beside."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from synth.conventions import ThfmError
from train.tasks.base import Task


class MeanAnswer:
    """Running mean of a task's encoded targets; the same answer for every frame of every video.

    Dense targets are averaged for each place of a grid over the picture, sparse ones for each number of each group, and
    codings without a meaningful mean in what they code (``Task.averaged``): depth in s, classes by vote.

    Args:
        task: whose targets these are.
        grid: rows and columns that a picture is averaged on.
    """

    def __init__(self, task: Task, grid: tuple[int, int] = (64, 64)):
        self.task, self.grid = task, grid
        self._sum: np.ndarray | float = 0.0
        self._weight: np.ndarray | float = 0.0

    def update(self, target: np.ndarray, valid: np.ndarray) -> None:
        """Add one encoded sample: ``target`` and ``valid`` of ``Task.encode``."""
        if self.task.sparse:
            weight = valid.astype(np.float64)
            self._sum = self._sum + (target * weight).sum(1)
            self._weight = self._weight + weight.sum(1)
            return
        for frame, mask in zip(target, valid, strict=True):
            values = self.task.averaged(frame) * mask[..., None]
            self._sum = self._sum + self._on_grid(values)
            self._weight = self._weight + self._on_grid(mask[..., None])

    def answer(self, frames: int, height: int, width: int) -> np.ndarray:
        """The answer for a video of this size: (T, H, W, 3) or (G, T, K) float32.

        Raises:
            ThfmError: no sample was added.
        """
        if np.isscalar(self._sum):
            raise ThfmError(f"No labels of {self.task.name} were averaged; add training clips first.")
        overall = self._sum.sum((0, 1)) / np.maximum(self._weight.sum((0, 1)), 1e-9)
        if self.task.sparse:
            mean = self._sum / np.maximum(self._weight, 1e-9)
            return np.repeat(self.task.from_average(mean)[:, None], frames, 1)
        mean = np.where(self._weight > 1e-9, self._sum / np.maximum(self._weight, 1e-9), overall)
        planes = torch.from_numpy(mean).permute(2, 0, 1)[None].float()
        resized = F.interpolate(planes, (height, width), mode="bilinear", align_corners=False)[0].permute(1, 2, 0)
        return np.repeat(self.task.from_average(resized.numpy())[None], frames, 0)

    def _on_grid(self, values: np.ndarray) -> np.ndarray:
        """(H, W, V) -> float64 means over the cells of the grid."""
        planes = torch.from_numpy(np.ascontiguousarray(values, np.float32)).permute(2, 0, 1)[None]
        return F.adaptive_avg_pool2d(planes, self.grid)[0].permute(1, 2, 0).double().numpy()
