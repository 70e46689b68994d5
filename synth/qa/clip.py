"""What the checks look at: the arrays of a clip, its recomputed bodies, and how exactly the arrays were stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from synth.lens import project, rays
from synth.rolling import Shutter, known


@dataclass(frozen=True)
class BodyTrack:
    """The body of one person as the smplx library computes it.

    Attributes:
        vertices: (T, V, 3) float32, world metres. faces: (F, 3).
        canonical: (V, 3) dense-pose points of the vertices in the unit cube; None leaves dense pose unchecked.
        framed: (V,) bool, the vertices that the clip's framing asks to see; None stands for all. Nobody need see a
            person of whom it asks for nothing.
    """

    vertices: np.ndarray
    faces: np.ndarray
    canonical: np.ndarray | None = None
    framed: np.ndarray | None = None


@dataclass(frozen=True)
class StorageError:
    """Worst errors that storage added to a clip's arrays; the tolerances of the checks grow by them.

    depth: relative. normals: degrees. matte: absolute. surface: absolute, per axis. flow: pixels, per axis.
    """

    depth: float = 0.0
    normals: float = 0.0
    matte: float = 0.0
    surface: float = 0.0
    flow: float = 0.0


EXACT = StorageError()


def pixel_grid(height: int, width: int, step: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns (N,) of every ``step``-th pixel both ways, spread over the frame."""
    rows, columns = np.meshgrid(np.arange(step // 2, height, step), np.arange(step // 2, width, step), indexing="ij")
    return rows.ravel(), columns.ravel()


def stride(pixels: int, wanted: int) -> int:
    """The step in both directions that leaves about ``wanted`` of ``pixels`` pixels."""
    return max(1, int((pixels / wanted) ** 0.5))


@dataclass(frozen=True)
class Optics:
    """What one frame's camera makes of points: ``intrinsics`` (3, 3), ``distortion`` (5,) and its shutter.

    ``known``: see ``synth.rolling.known``.
    """

    intrinsics: np.ndarray
    distortion: np.ndarray
    shutter: Shutter
    known: bool

    @classmethod
    def of(cls, fields: Mapping, t: int) -> Optics:
        readout, height = fields["readout"], fields["depth"].shape[1]
        shutter = Shutter.of_frame(fields["world_to_camera"], readout, t, height)
        return cls(fields["intrinsics"][t], fields["distortion"][t], shutter, known(readout, t))

    def project(self, points: np.ndarray) -> np.ndarray:
        """Camera-space points (..., 3) to pixels (..., 2); NaN behind the camera."""
        return project(points, self.intrinsics, self.distortion)

    def backproject(self, rows: np.ndarray, columns: np.ndarray, depth: np.ndarray) -> np.ndarray:
        """Camera-space points (N, 3) float64 seen by the centres of pixels at planar ``depth`` (N,)."""
        pixels = np.stack([columns + 0.5, rows + 0.5], -1)
        return rays(pixels, self.intrinsics, self.distortion) * depth[:, None].astype(np.float64)


@dataclass(frozen=True)
class Taps:
    """The four pixels around image points, for bilinear look-ups.

    inside (N,) bool: all four lie in the frame; the other points' taps point at pixel (0, 0).
    rows, columns (N, 4) int; weights (N, 4).
    """

    inside: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    weights: np.ndarray

    @classmethod
    def at(cls, points: np.ndarray, height: int, width: int) -> Taps:
        """Taps of image points (N, 2) in pixels (x, y)."""
        with np.errstate(invalid="ignore"):
            inside = (points >= 0.5).all(1) & (points <= (width - 0.5, height - 0.5)).all(1)
        shifted = np.where(inside[:, None], points - 0.5, 0.0)
        low = np.minimum(np.floor(shifted).astype(int), (max(width - 2, 0), max(height - 2, 0)))
        x, y = (shifted - low).T
        columns = np.stack([low[:, 0], low[:, 0] + 1, low[:, 0], low[:, 0] + 1], 1)
        rows = np.stack([low[:, 1], low[:, 1], low[:, 1] + 1, low[:, 1] + 1], 1)
        return cls(inside, rows, columns, np.stack([(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y], 1))

    def read(self, image: np.ndarray) -> np.ndarray:
        """(N, 4, ...) the values of ``image`` (H, W, ...) at the taps."""
        return image[self.rows, self.columns]

    def blend(self, values: np.ndarray) -> np.ndarray:
        """(N, ...) bilinear mix of (N, 4, ...); NaN in, NaN out."""
        return np.einsum("nk,nk...->n...", self.weights, values)


def share(wrong: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Share of True in ``wrong`` (N,); NaN when there is nothing."""
    if len(wrong) == 0:
        return float("nan")
    return float(wrong.mean() if weight is None else weight[wrong].sum() / max(weight.sum(), 1e-30))
