"""What a framing asks to see of people, and how large they stand in the frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synth.cameras.optics import Rig
from synth.compiled import compiled
from synth.conventions import CANONICAL_CENTRE, CANONICAL_EXTENT
from synth.lens import distorted

NEAREST = 0.45  # metres from the eye to any skin
# On the rest pose, arms lie level at the height of the shoulders: what is farther out than this is arm, metres.
_ARM = 0.24
_HIPS, _SHOULDERS = 0.5, 0.82  # in shares of the body's height


@dataclass(frozen=True)
class Subject:
    """The people of a clip as a camera sees them.

    Attributes:
        points: (S, N, 3) world points of all people per time sample, metres.
        framed: (N,) bool, the points that the framing asks to see.
        tracked: (S, 3), the body part that a tracking camera watches; None where none does.
    """

    points: np.ndarray
    framed: np.ndarray
    tracked: np.ndarray | None = None


def framed_vertices(canonical: np.ndarray, faces: np.ndarray, band: tuple[float, float]) -> np.ndarray:
    """Which vertices of a whole body lie in a band of heights, (V,) bool.

    Arms hang where they like: they are asked for only by a band that holds hips and shoulders.

    Args:
        canonical: (V, 3) dense-pose points of the vertices, unit cube. faces: (F, 3), which vertices are in use.
        band: lowest and highest height in shares of the body's size, 0 at the soles.
    """
    if band[0] <= 0 and band[1] >= 1:
        return np.ones(len(canonical), bool)
    height = canonical[:, 1]
    body = height[np.unique(faces)]
    height = (height - body.min()) / np.ptp(body)
    aside = np.abs((canonical[:, 0] - 0.5) * CANONICAL_EXTENT + CANONICAL_CENTRE[0])
    arm = (aside > _ARM) & (height > _HIPS)
    inside = (height >= band[0]) & (height <= band[1])
    return np.where(arm, band[0] <= _HIPS and band[1] >= _SHOULDERS, inside)


def spans(rig: Rig, subject: Subject, width: int, height: int, distortion: np.ndarray) -> np.ndarray:
    """Largest |x| and |y| of the framed points in shares of half the frame, (2,); inf if the camera is too near.

    ``distortion`` (5,) is that of ``synth.lens``.
    """
    pose, k = rig.world_to_camera(), rig.intrinsics(width, height)
    flat, clear = _flattened(subject.points, np.flatnonzero(subject.framed), rig.eye, pose)
    if not clear:
        return np.full(2, np.inf)
    image = distorted(flat, distortion) * k[:, None, None, 0, 0]
    return np.abs(image).max((0, 1)) / k[0, :2, 2]


@compiled
def _flattened(points, framed, eyes, poses):
    """Points ``framed`` of (S, N, 3) in the pinhole's picture, (S, n, 2); False where one comes too near a camera."""
    flat = np.empty((len(points), len(framed), 2))
    away, seen = np.empty(3), np.empty(3)
    for s in range(len(points)):
        for i in range(points.shape[1]):
            square = 0.0
            for c in range(3):
                square += (points[s, i, c] - eyes[s, c]) ** 2
            if square < NEAREST**2:
                return flat, False
        for n, i in enumerate(framed):
            for c in range(3):
                away[c] = points[s, i, c] - eyes[s, c]
            for r in range(3):
                seen[r] = poses[s, r, 0] * away[0] + poses[s, r, 1] * away[1] + poses[s, r, 2] * away[2]
            if seen[2] < 0.5 * NEAREST:
                return flat, False
            flat[s, n, 0], flat[s, n, 1] = seen[0] / seen[2], seen[1] / seen[2]
    return flat, True
