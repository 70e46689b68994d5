"""Joining motions: the second takes over from the first without a step in pose or speed, the root aligned."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from synth.bodies.motion import Motion, pose_fields
from synth.conventions import ThfmError


def retime(motion: Motion, speed: float) -> Motion:
    """The same frames played ``speed`` times as fast: the frame rate changes, no frame does."""
    return motion if speed == 1.0 else motion.replace(fps=motion.fps * speed)


def join(first: Motion, second: Motion, blend: float) -> Motion:
    """``first`` up to its last frame but ``blend`` seconds, then over into ``second``, which starts there.

    The second is turned about the vertical and moved over the floor to where the first is when the blend begins.
    Within the blend both play; what differs between them is faded from the one to the other (rotations along the
    shortest arc), so that speeds are continuous too. Both need the same frame rate; heights are kept.

    Raises:
        ThfmError: frame rates differ, or one of the motions is shorter than the blend.
    """
    if first.fps != second.fps:
        raise ThfmError(f"motions of {first.fps} and {second.fps} frames per second cannot be joined; resample one")
    count = round(blend * first.fps) + 1
    if count > min(len(first), len(second)):
        short = min((first, second), key=len)
        raise ThfmError(f"motion '{short.name}' is shorter than a blend of {blend:.2f} s; join with a shorter one")
    start = len(first) - count
    turn = _yaw(first.global_orient[start + count // 2]) - _yaw(second.global_orient[count // 2])
    turned = Rotation.from_euler("z", turn)
    pose, orient = second.full_pose(), (turned * Rotation.from_rotvec(second.global_orient)).as_rotvec()
    pose[:, 0] = orient
    transl = turned.apply(second.transl)
    transl[:, :2] += (first.transl[start + count // 2] - transl[count // 2])[:2]

    x = np.arange(count) / max(count - 1, 1)
    ease = x**3 * (10 - 15 * x + 6 * x * x)
    a = Rotation.from_rotvec(first.full_pose()[start:].reshape(-1, 3))
    b = Rotation.from_rotvec(pose[:count].reshape(-1, 3))
    mixed = a * Rotation.from_rotvec((a.inv() * b).as_rotvec() * np.repeat(ease, 55)[:, None])
    whole = np.concatenate([first.full_pose()[:start], mixed.as_rotvec().reshape(count, 55, 3), pose[count:]])

    def faded(one: np.ndarray, two: np.ndarray) -> np.ndarray:
        between = one[start:] + ease[:, None] * (two[:count] - one[start:])
        return np.concatenate([one[:start], between, two[count:]])

    return Motion(
        fps=first.fps, name=f"{first.name} then {second.name}", source=f"{first.source}; {second.source}",
        transl=faded(first.transl, transl), expression=faded(first.expression, second.expression), **pose_fields(whole),
    )  # fmt: skip


def _yaw(orient: np.ndarray) -> float:
    """Heading of a root rotation about the vertical, radians: where its left side points, which no bow changes."""
    left = Rotation.from_rotvec(orient).apply([1.0, 0.0, 0.0])
    return float(np.arctan2(left[1], left[0]))
