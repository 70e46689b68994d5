"""How a picture of any size is shown to a model of fixed sizes, and how answers come back to the picture's size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

Size = tuple[int, int]
STRETCH = 1.15  # up to which a picture is squeezed into the model's aspect, about what augmentation has shown it


def nearest_size(source: Size, sizes: Sequence[Size], pixel_aspect: float = 1.0) -> Size:
    """The (height, width) whose aspect is nearest by ratio to that of a source; the earlier of equally near ones."""
    aspect = math.log(source[1] * pixel_aspect / source[0])
    return min(sizes, key=lambda size: abs(math.log(size[1] / size[0]) - aspect))


@dataclass(frozen=True)
class Fit:
    """Where a source picture lies in the model's picture. What it does not fill repeats its border.

    Attributes:
        source, model: (height, width).
        inner: (height, width) of the source in the model's picture.
        top, left: its corner there.
    """

    source: Size
    model: Size
    inner: Size
    top: int
    left: int

    @classmethod
    def of(cls, source: Size, sizes: Sequence[Size], pixel_aspect: float = 1.0) -> Fit:
        """Into the size of the nearest aspect; stretched by up to ``STRETCH`` to fill it, else in its own aspect.

        Args:
            source: (height, width), pixels.
            sizes: those of the model.
            pixel_aspect: width / height of a pixel of the source.
        """
        model = nearest_size(source, sizes, pixel_aspect)
        (height, width), aspect = model, source[1] * pixel_aspect / source[0]
        if max(aspect * height / width, width / height / aspect) > STRETCH:
            height, width = min(height, round(width / aspect)), min(width, round(height * aspect))
        inner = (max(1, height), max(1, width))
        return cls(source, model, inner, (model[0] - inner[0]) // 2, (model[1] - inner[1]) // 2)

    def shown(self, picture: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8 -> the model's picture (h, w, 3) uint8, resampled as in training."""
        if picture.shape[:2] != self.inner:
            picture = np.asarray(Image.fromarray(picture).resize(self.inner[::-1], Image.Resampling.BICUBIC))
        if self.inner == self.model:
            return picture
        below = self.model[0] - self.inner[0] - self.top
        right = self.model[1] - self.inner[1] - self.left
        return np.pad(picture, ((self.top, below), (self.left, right), (0, 0)), mode="edge")

    def _inner(self, field: np.ndarray) -> np.ndarray:
        return field[self.top : self.top + self.inner[0], self.left : self.left + self.inner[1]]

    def smooth(self, field: np.ndarray) -> np.ndarray:
        """(h, w) or (h, w, C) float -> (H, W) or (H, W, C) of the source: bilinear, areas when it shrinks."""
        inner = self._inner(field)
        if self.inner == self.source:
            return np.ascontiguousarray(inner)
        planes = torch.from_numpy(np.array(inner, np.float32).reshape(*self.inner, -1)).permute(2, 0, 1)[None]
        shrinks = self.source[0] < self.inner[0] or self.source[1] < self.inner[1]
        resized = F.interpolate(planes, self.source, mode="bilinear", align_corners=False, antialias=shrinks)
        return np.ascontiguousarray(resized[0].permute(1, 2, 0).numpy()).reshape(*self.source, *field.shape[2:])

    def nearest(self, field: np.ndarray) -> np.ndarray:
        """(h, w, ...) -> (H, W, ...) of the source: the pixel under each centre, for what must not be mixed."""
        rows, columns = (
            np.minimum(((np.arange(n) + 0.5) * (m / n)).astype(np.intp), m - 1)
            for n, m in zip(self.source, self.inner, strict=True)
        )
        return self._inner(field)[rows[:, None], columns]

    def points(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 2) x, y in pixels of the model's picture -> pixels of the source, float32."""
        corner, scale = (self.left, self.top), (self.source[1] / self.inner[1], self.source[0] / self.inner[0])
        return ((points - np.array(corner)) * np.array(scale)).astype(np.float32)
