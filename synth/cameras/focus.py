"""Where a lens is focused, and how far it may be opened."""

from __future__ import annotations

import numpy as np

from synth.cameras.framing import Subject
from synth.cameras.optics import FULL_FRAME_MM, Rig

_SHARP = 0.006  # diameter of the largest blur on framed people, in shares of the frame's long side


def blur(focal_mm: np.ndarray, f_stop: float, focus: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Diameter of the blur of a point at ``depth`` with a lens focused at ``focus``, in shares of the long side.

    Both are metres; arrays that broadcast."""
    focal = focal_mm / 1000
    return focal**2 / f_stop / np.maximum(focus - focal, 1e-3) * np.abs(depth - focus) / depth / (FULL_FRAME_MM / 1000)


def focused(rig: Rig, subject: Subject, f_stop: float) -> tuple[np.ndarray, float]:
    """Planar depths (S,) of the framed people, and the widest aperture up to ``f_stop`` that keeps them sharp."""
    pose = rig.world_to_camera()
    depth = np.einsum("sj,snj->sn", pose[:, 2, :3], subject.points[:, subject.framed]) + pose[:, 2, 3:]
    focus = 2 / (1 / depth.min(1) + 1 / depth.max(1))  # equal blur before and behind
    widest = blur(rig.focal_mm[:, None], 1.0, focus[:, None], depth).max() / _SHARP
    return focus, float(max(f_stop, widest))
