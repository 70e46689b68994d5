"""How well a retargeted motion follows its source."""

from __future__ import annotations

import numpy as np

from synth.bodies.kinematics import JOINT, BodyGeometry, motion_joints
from synth.bodies.motion import Motion
from synth.bodies.motion_io import SkeletonClip
from synth.bodies.rotations import unit

_BONES = (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))


def limb_error(clip: SkeletonClip, motion: Motion, body: BodyGeometry) -> float:
    """Mean angle in degrees between source and result over upper and lower arms and legs and the torso."""
    joints = motion_joints(motion, body)
    pairs = []
    for side in ("left", "right"):
        for start, end in _BONES:
            source = clip.place(f"{side}_{end}") - clip.place(f"{side}_{start}")
            pairs.append((source, joints[:, JOINT[f"{side}_{end}"]] - joints[:, JOINT[f"{side}_{start}"]]))
    ends = [("left_shoulder", 1), ("right_shoulder", 1), ("left_hip", -1), ("right_hip", -1)]
    torso = sum(sign * clip.place(role) for role, sign in ends)
    pairs.append((torso, sum(sign * joints[:, JOINT[role]] for role, sign in ends)))
    angles = [np.arccos(np.clip((unit(a) * unit(b)).sum(axis=1), -1, 1)) for a, b in pairs]
    return float(np.degrees(np.mean(angles)))
