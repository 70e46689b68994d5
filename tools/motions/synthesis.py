"""Synthesised motions: simple, plausible movements from joint angle curves, with the feet planted like captured ones.

Angles are anatomical: flexion of hip, knee, shoulder and elbow are positive forwards, in the way those joints bend.
Where the body goes follows from its feet: it moves so that those that stand do not.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from synth.bodies.hands import relaxed_hands
from synth.bodies.kinematics import JOINT, BodyGeometry, joint_positions, local_pose, skin_points, world_rotations
from synth.bodies.motion import Motion, pose_fields
from synth.bodies.planting import plant_feet

FPS = 60.0
_UPRIGHT = Rotation.from_matrix([[1, 0, 0], [0, 0, -1], [0, 1, 0]])  # canonical y up -> world z up, facing -y
_SIDES = (("left", 1.0), ("right", -1.0))

# Degrees over the gait cycle of one leg, from heel strike to heel strike (textbook curves of level walking).
_HIP = ((0, 30), (0.15, 24), (0.3, 8), (0.5, -10), (0.6, -4), (0.75, 22), (0.87, 33), (1, 30))
_KNEE = ((0, 4), (0.13, 18), (0.28, 10), (0.4, 6), (0.5, 12), (0.6, 36), (0.72, 62), (0.85, 32), (0.96, 4), (1, 4))
_ANKLE = ((0, 0), (0.07, -6), (0.25, 5), (0.45, 10), (0.6, -16), (0.68, -10), (0.82, 2), (1, 0))


class _Pose:
    """Joint angles over time, collected and turned into a Motion. All angles in degrees, arrays (T,)."""

    def __init__(self, seconds: float):
        self.t = np.arange(round(seconds * FPS) + 1) / FPS
        self.rotations = {name: Rotation.identity(len(self.t)) for name in JOINT}
        self.contacts = np.ones((len(self.t), 2, 2), dtype=bool)
        self.yaw = np.zeros(len(self.t))
        self.arms()
        self.breathe()

    def turn(self, joint: str, axis: str, degrees: np.ndarray | float) -> None:
        """Turn a joint further about a canonical axis (x left, y up, z forward) of its parent."""
        angles = np.broadcast_to(np.asarray(degrees, dtype=np.float64), self.t.shape)
        self.rotations[joint] = Rotation.from_euler(axis, angles[:, None], degrees=True) * self.rotations[joint]

    def arms(self, abduction: float = 12.0, elbow: float = 18.0) -> None:
        """Let the arms hang."""
        for side, sign in _SIDES:
            self.turn(f"{side}_collar", "z", -sign * 6.0)
            self.turn(f"{side}_shoulder", "z", -sign * (84.0 - abduction))
            self.turn(f"{side}_elbow", "y", -sign * elbow)

    def breathe(self) -> None:
        self.turn("spine3", "x", 0.8 * np.sin(2 * np.pi * self.t / 3.7))
        self.turn("head", "x", 1.5 * np.sin(2 * np.pi * self.t / 4.9 + 1) - 0.6)
        self.turn("head", "y", 4.0 * np.sin(2 * np.pi * self.t / 7.3 + 0.4))

    def leg(self, side: str, hip: np.ndarray, knee: np.ndarray, ankle: np.ndarray | float) -> None:
        self.turn(f"{side}_hip", "x", -hip)
        self.turn(f"{side}_knee", "x", knee)
        self.turn(f"{side}_ankle", "x", -np.asarray(ankle))

    def motion(self, body: BodyGeometry, name: str) -> Motion:
        pose = np.stack([self.rotations[n].as_rotvec() for n in JOINT], axis=1)
        facing = Rotation.from_euler("z", self.yaw[:, None], degrees=True) * _UPRIGHT * self.rotations["pelvis"]
        pose[:, 0] = facing.as_rotvec()
        world = world_rotations(pose)
        root = _follow_feet(body, world, self.contacts)
        world, root = plant_feet(body, world, root, self.contacts, FPS)
        fields = pose_fields(local_pose(world))
        for side, _ in _SIDES:
            fields[f"{side}_hand_pose"] = relaxed_hands(len(self.t), FPS, side)
        transl = root - body.rest_joints[0]
        transl[:, :2] -= transl[0, :2]
        return Motion(fps=FPS, transl=transl, name=name, source="synthesised by tools/bake_motions.py", **fields)


def _follow_feet(body: BodyGeometry, world: np.ndarray, contacts: np.ndarray) -> np.ndarray:
    """The root (T,3) that keeps standing feet where they are and the lower foot on the floor."""
    joints = joint_positions(body, world, np.zeros((len(world), 3)))
    feet = joints[:, [JOINT["left_foot"], JOINT["right_foot"]]]
    step = np.diff(feet, axis=0)
    standing = contacts.any(axis=2)
    both = (standing[1:] & standing[:-1]).astype(float)[..., None]
    moved = -(step * both).sum(axis=1) / np.maximum(both.sum(axis=1), 1e-9)
    root = np.zeros((len(world), 3))
    root[1:] = np.cumsum(gaussian_filter1d(moved, 0.05 * FPS, axis=0, mode="nearest"), axis=0)
    soles = np.flatnonzero(np.isin(body.part, [JOINT[f"{s}_{p}"] for s, _ in _SIDES for p in ("ankle", "foot")]))
    low = skin_points(body, world, joints, soles)[..., 2].min(axis=1)
    root[:, 2] = gaussian_filter1d(-low, 0.05 * FPS, mode="nearest")
    return root


def _cycle(points: tuple[tuple[float, float], ...]) -> Callable[[np.ndarray], np.ndarray]:
    x, y = np.array(points).T
    return CubicSpline(x, y, bc_type="periodic")


def _between(t: np.ndarray, start: float, end: float) -> np.ndarray:
    """0 before ``start``, 1 after ``end`` (seconds), smooth in between."""
    x = np.clip((t - start) / (end - start), 0, 1)
    return x**3 * (10 - 15 * x + 6 * x**2)


def walk(body: BodyGeometry, name: str, seconds: float, cycle: float, stride: float) -> Motion:
    """Level walking: ``cycle`` seconds per two steps, ``stride`` scales how far the legs swing (1: 1.4 m a cycle)."""
    pose = _Pose(seconds)
    for s, (side, sign) in enumerate(_SIDES):
        phase = (pose.t / cycle + 0.5 * s) % 1.0
        hip = 8 + (_cycle(_HIP)(phase) - 8) * stride
        pose.leg(side, hip, _cycle(_KNEE)(phase) * (0.4 + 0.6 * stride), _cycle(_ANKLE)(phase))
        pose.contacts[:, s, 0] = phase < 0.38
        pose.contacts[:, s, 1] = (phase > 0.08) & (phase < 0.58)
        swing = np.cos(2 * np.pi * (phase - 0.04))
        pose.turn(f"{side}_shoulder", "x", (20 * swing - 4) * stride)  # arms swing against the legs
        pose.turn(f"{side}_elbow", "y", -sign * 12 * (1 - swing) * stride)
    turn = np.cos(2 * np.pi * (pose.t / cycle - 0.02))
    pose.turn("pelvis", "y", -5 * stride * turn)
    pose.turn("spine2", "y", 4 * stride * turn)
    pose.turn("spine3", "y", 5 * stride * turn)
    pose.turn("spine1", "x", 3.0)
    return pose.motion(body, name)


def idle(body: BodyGeometry, name: str, seconds: float) -> Motion:
    """Standing with the weight going from leg to leg and looks around."""
    pose = _Pose(seconds)
    shift = np.sin(2 * np.pi * pose.t / 6.1) + 0.35 * np.sin(2 * np.pi * pose.t / 2.7 + 1.3)
    for side, sign in _SIDES:
        pose.turn(f"{side}_hip", "z", sign * 4.0 + 2.2 * shift)
        bend = 4 + 3 * np.clip(-sign * shift, 0, None)
        pose.leg(side, bend, 2 * bend, bend)
        pose.turn(f"{side}_shoulder", "x", -3 * np.sin(2 * np.pi * pose.t / 5.2 + sign))
    pose.turn("pelvis", "z", -2.2 * shift)
    pose.turn("spine1", "z", 2.6 * shift)
    pose.turn("head", "y", 22 * np.sin(2 * np.pi * pose.t / 8.3) ** 3)
    return pose.motion(body, name)


def wave(body: BodyGeometry, name: str, seconds: float) -> Motion:
    """The right hand goes up, waves, and comes down again."""
    pose = _Pose(seconds)
    up = _between(pose.t, 0.5, 1.4) - _between(pose.t, seconds - 1.5, seconds - 0.5)
    swing = np.sin(2 * np.pi * 1.6 * (pose.t - 1.2)) * up**2
    for side, sign in _SIDES:
        pose.turn(f"{side}_hip", "z", sign * 3.0)
        pose.leg(side, np.full(len(pose.t), 3.0), np.full(len(pose.t), 6.0), 3.0)
    pose.turn("right_elbow", "y", 62 * up + 24 * swing)
    pose.rotations["right_shoulder"] = Rotation.identity(len(pose.t))
    pose.turn("right_shoulder", "x", -95 * up)  # about the upper arm itself: the forearm points up
    pose.turn("right_shoulder", "z", 72 - 58 * up)
    pose.turn("right_collar", "z", -8 * up)
    pose.turn("spine2", "z", 3 * up)
    return pose.motion(body, name)


def squat(body: BodyGeometry, name: str, seconds: float, depth: float = 95.0) -> Motion:
    """Knee bends with the arms stretched forward for balance."""
    pose = _Pose(seconds)
    down = 0.5 - 0.5 * np.cos(2 * np.pi * np.clip(pose.t - 0.4, 0, None) / 2.6)
    down *= _between(pose.t, 0.3, 0.8) * (1 - _between(pose.t, seconds - 0.6, seconds - 0.1))
    for side, sign in _SIDES:
        pose.turn(f"{side}_hip", "z", sign * 7.0)
        pose.leg(side, 4 + 0.92 * depth * down, 8 + depth * down, 4 + 0.3 * depth * down)
        pose.turn(f"{side}_shoulder", "x", -78 * down)
    pose.turn("pelvis", "x", 0.38 * depth * down)
    pose.turn("spine1", "x", 8 * down)
    pose.turn("neck", "x", -18 * down)
    return pose.motion(body, name)


def turn_around(body: BodyGeometry, name: str, seconds: float, degrees: float) -> Motion:
    """Turning on the spot in small steps."""
    pose = _Pose(seconds)
    cycle = 1.1
    last = cycle * (np.floor((seconds - 0.3) / cycle - 0.44) + 0.44)  # both feet stand at this phase
    pose.yaw = degrees * _between(pose.t, 0.4, last)
    active = (pose.t > 0.45) & (pose.t < last)
    for s, (side, sign) in enumerate(_SIDES):
        phase = (pose.t / cycle + 0.5 * s) % 1.0
        lifted = active & (phase < 0.38)
        lift = np.where(lifted, np.sin(np.pi * phase / 0.38) ** 2, 0.0)
        pose.contacts[lifted, s] = False
        pose.turn(f"{side}_hip", "z", sign * 3.0)
        pose.leg(side, 4 + 22 * lift, 8 + 44 * lift, 4 + 8 * lift)
        pose.turn(f"{side}_shoulder", "x", 8 * np.sin(2 * np.pi * pose.t / cycle + np.pi * s) * active)
    looking = _between(pose.t, 0.1, 0.8) - _between(pose.t, seconds - 1.2, seconds)
    pose.turn("head", "y", np.sign(degrees) * 25 * looking)
    return pose.motion(body, name)


def synthesised(body: BodyGeometry) -> list[tuple[Motion, tuple[str, ...]]]:
    """All synthesised motions with their tags."""
    return [
        (idle(body, "idle", 12.0), ("stand", "idle", "synthesised")),
        (walk(body, "walk_slow", 6.0, 1.3, 0.72), ("walk", "synthesised")),
        (walk(body, "walk_brisk", 6.0, 1.0, 1.05), ("walk", "synthesised")),
        (wave(body, "wave", 5.0), ("stand", "gesture", "wave", "synthesised")),
        (squat(body, "knee_bends", 6.0), ("squat", "synthesised")),
        (turn_around(body, "turn_around_left", 4.5, 180.0), ("turn", "synthesised")),
    ]
