"""Projection of points, and which keypoints a camera really sees."""

from __future__ import annotations

import numpy as np

from synth.conventions import Visibility


def to_camera(points: np.ndarray, world_to_camera: np.ndarray) -> np.ndarray:
    """World points (..., 3) in camera axes (..., 3), metres, float64."""
    return np.asarray(points, np.float64) @ world_to_camera[:3, :3].T + world_to_camera[:3, 3]


def keypoint_visibility(
    joints: np.ndarray,
    keypoints: np.ndarray,
    canonical: np.ndarray,
    reach: np.ndarray,
    depth: np.ndarray,
    instances: np.ndarray,
    surface: np.ndarray,
) -> np.ndarray:
    """Flags of ``conventions.Visibility`` for each keypoint, (P, T, J) uint8.

    A keypoint is occluded when the surface that its pixel shows lies in front of it: by something else when that
    surface is not its person's; by its own person when that surface belongs to another region of the body, that is,
    when on the rest pose it is farther from the joint than the joint's own skin is. The skin of the torso does not hide
    a hip, an arm across the torso does, however close it is. Clothes and hair count as the skin that they cover.

    Args:
        joints: (P, T, J, 3) camera space, metres; keypoints: (P, T, J, 2) pixels.
        canonical: (P, J, 3), reach: (P, J): joints on the rest pose and the extent of their own skin, unit cube.
        depth, instances: (T, H, W); surface: (T, H, W, 3), the labels.
    """
    frames, height, width = depth.shape
    with np.errstate(invalid="ignore"):
        inside = (keypoints >= 0).all(-1) & (keypoints < (width, height)).all(-1) & (joints[..., 2] > 0)
    safe = np.where(inside[..., None], keypoints, 0.0)
    column, row = safe[..., 0].astype(int), safe[..., 1].astype(int)
    time = np.broadcast_to(np.arange(frames)[None, :, None], column.shape)
    seen_depth, seen_person = depth[time, row, column].astype(np.float64), instances[time, row, column]
    elsewhere = np.linalg.norm(surface[time, row, column] - canonical[:, None], axis=-1) > reach[:, None]
    own = seen_person == np.arange(1, len(joints) + 1)[:, None, None]
    with np.errstate(invalid="ignore"):
        hidden = inside & (seen_depth < joints[..., 2])
        # A surface of nobody that only touches the joint (a heel on the floor) hides nothing.
        by_other = hidden & ~own & (joints[..., 2] - seen_depth > 0.02)
    flags = np.where(inside, int(Visibility.IN_FRAME), 0)
    flags |= np.where(hidden & own & elsewhere, int(Visibility.SELF_OCCLUDED), 0)
    flags |= np.where(by_other, int(Visibility.OTHER_OCCLUDED), 0)
    return flags.astype(np.uint8)
