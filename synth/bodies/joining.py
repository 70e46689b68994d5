"""Joining motions: the second takes over from the first without a step in pose or speed, the root aligned."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from synth.bodies.kinematics import JOINT, BodyGeometry, joint_positions, local_pose, world_rotations
from synth.bodies.motion import Motion, pose_fields
from synth.bodies.planting import reach_feet
from synth.bodies.rotations import between
from synth.conventions import ThfmError

_STILL = 0.25  # m/s: an ankle slower than this stands
_SMALL = 0.03  # m: both feet may shuffle this far at once


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
        mixed = one[start:] + ease[:, None] * (two[:count] - one[start:])
        return np.concatenate([one[:start], mixed, two[count:]])

    return Motion(
        fps=first.fps, name=f"{first.name} then {second.name}", source=f"{first.source}; {second.source}",
        transl=faded(first.transl, transl), expression=faded(first.expression, second.expression), **pose_fields(whole),
    )  # fmt: skip


def _yaw(orient: np.ndarray) -> float:
    """Heading of a root rotation about the vertical, radians: where its left side points, which no bow changes."""
    left = Rotation.from_rotvec(orient).apply([1.0, 0.0, 0.0])
    return float(np.arctan2(left[1], left[0]))


def step_across(motion: Motion, start: int, stop: int, body: BodyGeometry) -> Motion:
    """Turn what feet slide between two frames into steps: one foot after the other where both stand at either end.

    A blend moves feet over the floor from where one motion has them to where the other does. Here each foot leaves its
    first place, is lifted, and lands on its last; legs follow by inverse kinematics.
    """
    world = world_rotations(motion.full_pose())
    root = motion.transl + body.rest_joints[0]
    joints = joint_positions(body, world, root)
    ankles = [JOINT[f"{side}_ankle"] for side in ("left", "right")]
    goals = joints[:, ankles].copy()
    first, last = max(start, 1), min(stop, len(motion) - 2)
    if last - first < 4:
        return motion
    speed = {k: goals[k + 1] - goals[k] if k == last else goals[k] - goals[k - 1] for k in (first, last)}
    rests = all(np.linalg.norm(v, axis=-1).max() * motion.fps < _STILL for v in speed.values())
    far = np.linalg.norm((goals[last] - goals[first])[:, :2], axis=1)
    lead = int(np.argmax(far))
    frames = np.arange(first, last + 1)
    for s, ankle in enumerate(ankles):
        if rests and far[s] < _SMALL:
            window = (first, last) if far[s] > 0.004 else None
        elif rests and far.min() >= _SMALL:
            middle = (first + last) / 2
            window = (first, middle) if s == lead else (middle, last)
        else:
            window = (first, last)
        if window is None:
            continue
        u = np.clip((frames - window[0]) / (window[1] - window[0]), 0.0, 1.0)
        span, h = window[1] - window[0], u[:, None]
        slopes = [0.0 if rests else speed[k][s] * span for k in (first, last)]
        path = (1 + 2 * h) * (1 - h) ** 2 * goals[first, s] + h * h * (3 - 2 * h) * goals[last, s]
        path = path + h * (1 - h) ** 2 * slopes[0] + h * h * (h - 1) * slopes[1]
        path[:, 2] += 16 * (u * (1 - u)) ** 2 * min(0.02 + 0.2 * far[s], 0.08)
        turn = between(
            np.broadcast_to(world[first, ankle], (len(u), 3, 3)), np.broadcast_to(world[last, ankle], (len(u), 3, 3)),
            u * u * (3 - 2 * u),
        )  # fmt: skip
        goals[frames, s] = path
        world[frames, ankle] = turn
        world[frames, ankle + 3] = turn  # toes in line with the foot
    posed = reach_feet(body, world, root, goals)
    return motion.with_full_pose(local_pose(posed))
