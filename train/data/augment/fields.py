"""How each field of a clip moves with a window, so that it stays true of the picture.

A mirrored picture shows a mirrored world: camera x -> -x and world x -> -x, so that gravity keeps its axis and
``world_to_camera`` stays a proper motion. What was left is then right: parts, joints and the canonical surface change
sides. ``smplx`` has no exact mirror image, because the shape space of the body is not symmetric: it is left out.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from synth.conventions import CANONICAL_CENTRE, CANONICAL_EXTENT, MIRROR_JOINTS, MIRROR_PARTS, ThfmError, Visibility
from train.data.augment.window import Window

_MIRROR = np.array([-1.0, 1.0, 1.0])
_PARTS = np.arange(256, dtype=np.uint8)
_PARTS[: len(MIRROR_PARTS)] = MIRROR_PARTS
# Mirroring the canonical x about 0 maps unit-cube x to this minus x.
_SURFACE_SPAN = 1.0 - 2.0 * CANONICAL_CENTRE[0] / CANONICAL_EXTENT


def _normals(normals: np.ndarray, window: Window) -> np.ndarray:
    out = window.nearest(normals)
    if window.mirrored:
        out[..., 0] *= -1
    return out


def _parts(parts: np.ndarray, window: Window) -> np.ndarray:
    out = window.nearest(parts)
    return _PARTS[out] if window.mirrored else out


def _surface(surface: np.ndarray, window: Window) -> np.ndarray:
    out = window.nearest(surface)
    if window.mirrored:
        out[..., 0] = np.float32(_SURFACE_SPAN) - out[..., 0]
    return out


def _flow(flow: np.ndarray, window: Window) -> np.ndarray:
    x, y = window.scale
    return window.nearest(flow) * np.array([-x if window.mirrored else x, y], flow.dtype)


def _matte(matte: np.ndarray, window: Window) -> np.ndarray:
    # A triangle has no negative lobes: the matte stays within [0, 1].
    return window.smooth(matte, Image.Resampling.BILINEAR)


def _intrinsics(intrinsics: np.ndarray, window: Window) -> np.ndarray:
    out = window.matrix @ intrinsics
    return out * _MIRROR if window.mirrored else out


def _world_to_camera(world_to_camera: np.ndarray, window: Window) -> np.ndarray:
    if not window.mirrored:
        return world_to_camera
    mirror = np.diag([*_MIRROR, 1.0])
    return mirror @ world_to_camera @ mirror


def _distortion(coefficients: np.ndarray, window: Window) -> np.ndarray:
    """k1, k2, p1, p2, k3: in a mirror, the lens leans the other way sideways."""
    return coefficients * (1, 1, 1, -1, 1) if window.mirrored else coefficients


def _readout(times: np.ndarray, window: Window) -> np.ndarray:
    """Times of the top and the bottom edge: rows between them are read evenly."""
    shares = np.array([window.top, window.top + window.height]) / window.source[0]
    return times[:, :1] + shares * (times[:, 1:] - times[:, :1])


def _joints3d(joints: np.ndarray, window: Window) -> np.ndarray:
    return joints[:, :, MIRROR_JOINTS] * _MIRROR.astype(joints.dtype) if window.mirrored else joints


def _keypoints2d(keypoints: np.ndarray, window: Window) -> np.ndarray:
    x, y = window.matrix[0], window.matrix[1]
    wide = keypoints.astype(np.float64)
    out = np.stack([wide[..., 0] * x[0] + x[2], wide[..., 1] * y[1] + y[2]], -1).astype(keypoints.dtype)
    return out[:, :, MIRROR_JOINTS] if window.mirrored else out


_FIELDS: dict[str, Callable[[np.ndarray, Window], np.ndarray]] = {
    "depth": lambda maps, window: window.nearest(maps),
    "normals": _normals,
    "matte": _matte,
    "instances": lambda maps, window: window.nearest(maps),
    "parts": _parts,
    "semantics": lambda maps, window: window.nearest(maps),
    "surface": _surface,
    "flow_forward": _flow,
    "flow_backward": _flow,
    "intrinsics": _intrinsics,
    "distortion": _distortion,
    "readout": _readout,
    "world_to_camera": _world_to_camera,
    "joints3d": _joints3d,
    "keypoints2d": _keypoints2d,
}


def _visibility(flags: np.ndarray, keypoints: np.ndarray, window: Window) -> np.ndarray:
    """Flags of joints that are still in the picture, whose ``keypoints`` are already the target's; 0 of the others."""
    flags = flags[:, :, MIRROR_JOINTS] if window.mirrored else flags
    height, width = window.target
    with np.errstate(invalid="ignore"):
        inside = ((keypoints >= 0) & (keypoints < (width, height))).all(-1) & (flags & Visibility.IN_FRAME > 0)
    return np.where(inside, flags, 0).astype(flags.dtype)


def move(labels: dict[str, np.ndarray], window: Window) -> dict[str, np.ndarray]:
    """Labels of the source picture -> labels of the target picture; arrays that change are new.

    Maps are sampled at the source pixel under the centre of each target pixel; the matte is averaged. Joints that leave
    the picture lose all their visibility flags, as the generator flags none outside the frame. ``smplx`` is dropped
    when the window is mirrored.

    Raises:
        ThfmError: a label that is no field of a clip; ``visibility`` without ``keypoints2d``.
    """
    out = {}
    for name, value in labels.items():
        if name == "smplx":
            if not window.mirrored:
                out[name] = value
        elif name != "visibility":
            if name not in _FIELDS:
                raise ThfmError(f"augmentation cannot move {name!r}: it knows {', '.join(_FIELDS)}; drop this label.")
            out[name] = _FIELDS[name](value, window)
    if "visibility" in labels:
        if "keypoints2d" not in labels:
            raise ThfmError("visibility after a crop needs keypoints2d: let the task's fields name keypoints2d too.")
        out["visibility"] = _visibility(labels["visibility"], out["keypoints2d"], window)
    return out
