"""A rectangle of the source picture shown as the target picture, possibly mirrored: where every pixel goes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image


@dataclass(frozen=True)
class Window:
    """Which part of a source picture becomes the target picture.

    Attributes:
        source: (H, W) of the source picture.
        target: (height, width) of the target picture.
        left, top, width, height: the part, in source pixels, the picture being [0, W] x [0, H].
        mirrored: whether the target picture is mirrored left-right.
    """

    source: tuple[int, int]
    target: tuple[int, int]
    left: float
    top: float
    width: float
    height: float
    mirrored: bool = False

    @property
    def scale(self) -> tuple[float, float]:
        """Target pixels per source pixel along x and y."""
        return self.target[1] / self.width, self.target[0] / self.height

    @property
    def matrix(self) -> np.ndarray:
        """(3, 3) float64: homogeneous source pixel coordinates -> target pixel coordinates."""
        x, y = self.scale
        matrix = np.array([[x, 0, -x * self.left], [0, y, -y * self.top], [0, 0, 1.0]])
        if self.mirrored:
            matrix = np.array([[-1.0, 0, self.target[1]], [0, 1, 0], [0, 0, 1]]) @ matrix
        return matrix

    @property
    def rows(self) -> np.ndarray:
        """(height,) int: source row in which the centre of each target row lies."""
        return _cells(self.top, self.height, self.target[0], self.source[0])

    @property
    def columns(self) -> np.ndarray:
        """(width,) int: source column in which the centre of each target column lies."""
        columns = _cells(self.left, self.width, self.target[1], self.source[1])
        return columns[::-1] if self.mirrored else columns

    @property
    def whole_pixels(self) -> bool:
        """Whether target pixels are source pixels, so that nothing has to be resampled."""
        return self.scale == (1, 1) and self.left == int(self.left) and self.top == int(self.top)

    def nearest(self, maps: np.ndarray) -> np.ndarray:
        """Maps (T, H, W, ...) -> (T, height, width, ...), contiguous; each pixel is that of the source under its
        centre."""
        rows, columns = self.rows, self.columns
        if self.whole_pixels:
            part = maps[:, rows[0] : rows[-1] + 1, columns.min() : columns.max() + 1]
            return np.ascontiguousarray(part[:, :, ::-1] if self.mirrored else part)
        frames, height, width = maps.shape[:3]
        flat = np.ascontiguousarray(maps).reshape(frames, height * width, *maps.shape[3:])
        return flat.take((rows[:, None] * width + columns).ravel(), axis=1, mode="clip").reshape(
            frames, *self.target, *maps.shape[3:]
        )

    def smooth(self, pictures: np.ndarray, filter: Image.Resampling) -> np.ndarray:
        """Pictures (T, H, W, 3) uint8 or (T, H, W) float32, resampled with ``filter`` stretched to the larger of a
        source and a target pixel, so that downscaling averages areas."""
        if self.whole_pixels:
            return self.nearest(pictures)
        out = np.empty((len(pictures), *self.target, *pictures.shape[3:]), pictures.dtype)
        box = (self.left, self.top, self.left + self.width, self.top + self.height)
        for t, picture in enumerate(pictures):
            resized = Image.fromarray(np.ascontiguousarray(picture)).resize(self.target[::-1], filter, box)
            out[t] = np.asarray(resized)[:, ::-1] if self.mirrored else resized
        return out


def _cells(start: float, length: float, count: int, size: int) -> np.ndarray:
    """Indices of the ``size`` cells in which ``count`` even steps over [start, start + length] have their centres."""
    centres = start + (np.arange(count) + 0.5) * (length / count)
    return np.clip(np.floor(centres).astype(np.intp), 0, size - 1)


def largest(source: tuple[int, int], target: tuple[int, int], stretch: float = 1.0) -> tuple[float, float]:
    """(width, height) of the largest part of ``source`` (H, W) whose aspect is ``stretch`` times that of ``target``."""
    aspect = stretch * target[1] / target[0]
    width = min(float(source[1]), source[0] * aspect)
    return width, min(float(source[0]), width / aspect)


def centred(source: tuple[int, int], target: tuple[int, int], mirrored: bool = False) -> Window:
    """The largest part of the target's aspect at the centre of the source."""
    width, height = largest(source, target)
    return Window(source, target, (source[1] - width) / 2, (source[0] - height) / 2, width, height, mirrored)
