"""What a framing asks to see of people, and how large they stand in the frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synth.cameras.optics import Rig
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
    away = subject.points - rig.eye[:, None]
    if np.einsum("snc,snc->sn", away, away).min() < NEAREST**2:
        return np.full(2, np.inf)
    camera = np.einsum("sij,snj->sni", pose[:, :3, :3], away[:, subject.framed])
    if camera[..., 2].min() < 0.5 * NEAREST:
        return np.full(2, np.inf)
    flat = camera[..., :2] / camera[..., 2:]
    image = distorted(flat, distortion) * k[:, None, None, 0, 0]
    return np.abs(image).max((0, 1)) / k[0, :2, 2]
