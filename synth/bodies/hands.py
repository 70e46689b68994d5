"""Hands and fingers for retargeted motion: captured ones where the source has them, relaxed ones elsewhere."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from synth.bodies.kinematics import JOINT, BodyGeometry
from synth.bodies.rotations import apply, between, swing, unit
from synth.bodies.skeleton import FINGERS, SkeletonClip
from synth.bodies.synth_motion.hands import hand_pose, shape


def _palm(wrist: np.ndarray, index: np.ndarray, middle: np.ndarray, pinky: np.ndarray) -> np.ndarray:
    """Axes of a hand (..., 3, 3) from its joints: along the fingers, and across the palm."""
    along = unit(middle - wrist)
    across = index - pinky
    across = unit(across - (across * along).sum(axis=-1, keepdims=True) * along)
    return np.stack([along, across, np.cross(along, across)], axis=-1)


def hand_frame(clip: SkeletonClip, body: BodyGeometry, side: str) -> np.ndarray | None:
    """Canonical -> world (T,3,3) of a hand from its knuckles, or None when the source lacks them."""
    roles = [f"{side}_{part}" for part in ("wrist", "index1", "middle1", "pinky1")]
    if not all(role in clip.roles for role in roles):
        return None
    captured = _palm(*(clip.place(role) for role in roles))
    return captured @ _palm(*(body.rest_joints[JOINT[role]] for role in roles)).T


def finger_rotations(clip: SkeletonClip, body: BodyGeometry, side: str, hand: np.ndarray) -> dict[int, np.ndarray]:
    """World rotations (T,3,3) of the 15 finger joints, or nothing unless all five fingers were captured."""
    rotations: dict[int, np.ndarray] = {}
    for finger in FINGERS:
        names = [f"{side}_{finger}{k}" for k in (1, 2, 3)]
        if not all(name in clip.roles for name in names):
            return {}
        places = [clip.place(name) for name in names]
        rest = [body.rest_joints[JOINT[name]] for name in names]
        first = swing(apply(hand, rest[1] - rest[0]), places[1] - places[0]) @ hand
        second = swing(apply(first, rest[2] - rest[1]), places[2] - places[1]) @ first
        # The last bone's direction is not captured; it follows the joint before it.
        bend = first.swapaxes(1, 2) @ second
        third = second @ between(np.broadcast_to(np.eye(3), bend.shape), bend, 0.6)
        rotations.update(zip((JOINT[name] for name in names), (first, second, third), strict=True))
    return rotations


def relaxed_hands(frames: int, fps: float, side: str) -> np.ndarray:
    """(T,45) hand pose of a relaxed hand that opens and closes slightly, fingers slightly out of step."""
    seconds = np.arange(frames)[:, None] / fps
    phase, finger = 0.0 if side == "left" else 2.1, np.arange(len(FINGERS))
    breathing = 1 + 0.14 * np.sin(2 * np.pi * seconds / 5.3 + phase + 0.5 * finger)
    breathing += 0.08 * np.sin(2 * np.pi * seconds / 2.9 + 2 * phase + 0.9 * finger)
    curls, spread = shape("relaxed")[:5], shape("relaxed")[5]
    pose = hand_pose(side, curls * breathing, np.full(frames, spread))
    return Rotation.from_matrix(pose.reshape(-1, 3, 3)).as_rotvec().reshape(frames, 45)
