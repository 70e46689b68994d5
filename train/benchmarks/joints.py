"""Joints of benchmarks in terms of ``conventions.JOINT_NAMES``, and where they are put in our labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from synth.conventions import JOINT_NAMES, Visibility

# SMPL's tree is that of SMPL-X but for its last two joints, the hands, which lie where SMPL-X has the first joints of
# the middle fingers, to about two centimetres.
SMPL24: tuple[str, ...] = (*JOINT_NAMES[:22], "left_middle1", "right_middle1")

# The 14 joints of Human3.6M's evaluation: place among its 32 markers' joints -> our joint. LSP's order, as published
# methods print them. "Neck" (13) is the base of the neck and "Head" (15) the top of the head; our head is the joint at
# the base of the skull, so the top has no counterpart and is left out: 13 joints are compared.
H36M14: tuple[tuple[int, str | None], ...] = (
    (3, "right_ankle"),
    (2, "right_knee"),
    (1, "right_hip"),
    (6, "left_hip"),
    (7, "left_knee"),
    (8, "left_ankle"),
    (27, "right_wrist"),
    (26, "right_elbow"),
    (25, "right_shoulder"),
    (17, "left_shoulder"),
    (18, "left_elbow"),
    (19, "left_wrist"),
    (13, "neck"),
    (15, None),
)
H36M_PELVIS = 0

LARGEST = 1280  # pixels of the longer side: where truth is in metres, larger pictures are made smaller when read


def joint_labels(
    joints: np.ndarray, names: Sequence[str | None], known: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """A benchmark's joints as fields of a clip.

    Args:
        joints: (P, T, K, 3) metres, camera axes.
        names: K names of ours; None for a joint that we have not.
        known: (P, T) bool, in which frames a person counts; None: in all.

    Returns:
        ``joints3d`` (P, T, J, 3) float32, NaN where unknown, and ``visibility`` (P, T, J) uint8, in_frame where known.
    """
    people, frames = joints.shape[:2]
    placed = np.full((people, frames, len(JOINT_NAMES), 3), np.nan, np.float32)
    for k, name in enumerate(names):
        if name is not None:
            placed[:, :, JOINT_NAMES.index(name)] = joints[:, :, k]
    if known is not None:
        placed[~known] = np.nan
    there = np.isfinite(placed).all(-1)
    return {"joints3d": placed, "visibility": np.where(there, int(Visibility.IN_FRAME), 0).astype(np.uint8)}


def to_camera(points: np.ndarray, world_to_camera: np.ndarray) -> np.ndarray:
    """Points (..., T, K, 3) of a world -> camera axes, by matrices (T, 4, 4) or (4, 4)."""
    turn, shift = world_to_camera[..., :3, :3], world_to_camera[..., :3, 3]
    return np.einsum("...ij,...kj->...ki", turn, points) + shift[..., None, :]
