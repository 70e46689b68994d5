"""Arms and hands of people who hold something: the arm carries it clear of the body, the fingers close around it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.spatial.transform import Rotation

from synth.bodies.kinematics import JOINT
from synth.bodies.rotations import single
from synth.bodies.synth_motion.hands import hand_pose, shape
from synth.geometry import Mesh
from synth.props import hold
from synth.props.shape import PropShape

_AWAY = 18.0  # degrees by which an arm that carries a bag stands off
_LIFE = 0.15  # share of its own motion that an arm keeps that holds something up
_TIGHTEST = {"hang": 0.8, "fist": 0.9, "palm": 0.25}  # curls of the fingers
_CURLS = 9
# Left arm, degrees: the upper arm hangs, the forearm points forward, the palm faces inwards; or upwards, by turning
# forearm and wrist. A right arm is its mirror image.
_UPPER = Rotation.from_euler("z", -68, degrees=True)
_FOREARM = {
    "fist": Rotation.from_euler("y", -75, degrees=True),
    "palm": Rotation.from_euler("y", -80, degrees=True) * Rotation.from_euler("x", -48, degrees=True),
}
_WRIST = {"fist": Rotation.identity(), "palm": Rotation.from_euler("x", -38, degrees=True)}

Pose = Callable[[dict[str, np.ndarray]], tuple[Mesh, np.ndarray]]
"""smplx's inputs of one time sample -> the body (1, V, 3) and its joints (1, J, 3), in the world."""


def closed_hand(curl: float, side: str, frames: int) -> np.ndarray:
    """(T,45) float32 hand pose, the same at all times: curl 0 is a straight hand, 1 a fist."""
    curls = np.full((1, 5), curl)
    curls[:, 4] *= 0.8  # the thumb lies beside what fingers close around
    pose = hand_pose(side, curls, shape("flat")[5:])[0]
    rotvec = Rotation.from_matrix(pose.reshape(-1, 3, 3)).as_rotvec().reshape(1, 45)
    return single(np.repeat(rotvec, frames, axis=0))


def _mirrored(rotation: Rotation, hand: str) -> Rotation:
    return rotation if hand == "left" else Rotation.from_rotvec(rotation.as_rotvec() * (1.0, -1.0, -1.0))


def _arm(body_pose: np.ndarray, style: str, hand: str) -> np.ndarray:
    """``body_pose`` (T, 63) with the arm of a hand as it carries something in that style."""
    out = body_pose.reshape(len(body_pose), 21, 3).astype(np.float64)
    joints = {part: JOINT[f"{hand}_{part}"] - 1 for part in ("shoulder", "elbow", "wrist")}
    if style == "hang":
        away = _mirrored(Rotation.from_euler("z", _AWAY, degrees=True), hand)
        out[:, joints["shoulder"]] = (away * Rotation.from_rotvec(out[:, joints["shoulder"]])).as_rotvec()
        return single(out.reshape(body_pose.shape))
    carried = {"shoulder": _UPPER, "elbow": _FOREARM[style], "wrist": _WRIST[style]}
    for part, joint in joints.items():
        own = Rotation.from_rotvec(out[:, joint])
        life = Rotation.from_rotvec(_LIFE * (own.mean().inv() * own).as_rotvec())
        out[:, joint] = (_mirrored(carried[part], hand) * life).as_rotvec()
    return single(out.reshape(body_pose.shape))


def carrying(params: dict[str, np.ndarray], hand: str, thing: PropShape, pose: Pose) -> dict[str, np.ndarray]:
    """smplx's inputs (T, ...) of somebody whose ``hand`` (left, right) holds a thing.

    The fingers close as far as the thing leaves them room; a hand that finds no way to hold it stays open.
    """
    style = thing.grip[0]
    frames = len(params["transl"])
    params = {**params, "body_pose": _arm(params["body_pose"], style, hand)}
    for curl in np.linspace(_TIGHTEST[style], 0.0, _CURLS):
        closed = {**params, f"{hand}_hand_pose": closed_hand(float(curl), hand, frames)}
        one = {name: value[:1] if len(value) == frames and value.ndim == 2 else value for name, value in closed.items()}
        body, joints = pose(one)
        if hold(thing, joints, hand, body.person, [body]) is not None:
            break
    return closed
