"""Takes MakeHuman's rest pose (arms down and bent, legs apart, fingers curled) to SMPL-X's T-pose, shape by shape."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from openbody.skeleton import (
    BONES,
    FINGERS,
    JOINTS,
    PARENTS,
    SIDES,
    fingertip_rows,
    index,
    joint_regressor,
    seat_ids,
    seat_joints,
)
from openbody.skinning import CARRIERS, ReferenceSkinning, twist
from openbody.sources import Sources

PELVIS = np.array([0.0, -0.35, 0.012])
COLLAR_UP, COLLAR_BACK = np.radians(12.0), np.radians(5.0)
# SMPL-X's own rest limbs: the thigh leans outwards and the shin backwards by these slopes
THIGH = np.array([0.028, -1.0, 0.0])
SHIN = np.array([-0.022, -1.0, -0.075])
FINGER_FAN = {"index": 3.0, "middle": 0.0, "ring": -3.0, "pinky": -6.0}  # degrees towards the front
THUMB_RAISE = np.radians(30.0)  # towards the plane of the palm
EXTENDED_THUMB = 0.5  # share of the thumb's own curl that is kept


def unit(v: np.ndarray) -> np.ndarray:
    return v / np.linalg.norm(v)


def frame(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Orthonormal columns: ``first``, the part of ``second`` square to it, and their cross product."""
    a = unit(first)
    b = unit(second - a * np.dot(a, second))
    return np.stack([a, b, np.cross(a, b)], 1)


def between(first: np.ndarray, second: np.ndarray, to_first: np.ndarray, to_second: np.ndarray) -> np.ndarray:
    """The rotation that takes the pair of directions to the other pair (the first one exactly)."""
    return frame(to_first, to_second) @ frame(first, second).T


def _arm(p: dict[str, np.ndarray], side: str, s: float) -> dict[str, np.ndarray]:
    x, z = np.array([s, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])
    at = lambda name: p[f"{side}_{name}"]  # noqa: E731
    upper, lower = at("elbow") - at("shoulder"), at("wrist") - at("elbow")
    hinge, hinge_to = np.cross(upper, lower), np.cross(x, z)
    raised = Rotation.from_rotvec([0.0, s * COLLAR_BACK, 0.0]) * Rotation.from_rotvec([0.0, 0.0, s * COLLAR_UP])
    across = at("index1") - at("pinky1")
    turned = {
        "collar": raised.as_matrix(),
        "upperarm": between(upper, hinge, x, hinge_to),
        "elbow": between(lower, hinge, x, hinge_to),
        "wrist": between(at("middle1") - at("wrist"), across, x, z),
    }
    turned["shoulder"] = turned["upperarm"]
    turned["forearm"] = twist(turned["wrist"] @ turned["elbow"].T, x, 0.5) @ turned["elbow"]
    for finger, fan in FINGER_FAN.items():
        points = [at(f"{finger}{k}") for k in (1, 2, 3)] + [at(f"{finger}_tip")]
        steps = np.diff(points, axis=0)
        curl = s * np.cross(unit(steps[2]), unit(steps[0]))  # along the flexion hinge, towards the index finger
        along = np.array([s * np.cos(np.radians(fan)), 0.0, np.sin(np.radians(fan))])
        for k in (1, 2, 3):
            turned[f"{finger}{k}"] = between(steps[k - 1], curl + 0.3 * unit(across), along, z)
    thumb = Rotation.from_rotvec([-THUMB_RAISE, 0.0, 0.0]).as_matrix() @ turned["wrist"]
    turned["thumb1"] = thumb
    before = thumb @ (at("thumb2") - at("thumb1"))
    for k, end in ((2, "thumb3"), (3, "thumb_tip")):
        step = thumb @ (at(end) - at(f"thumb{k}"))
        curl = Rotation.from_rotvec(np.cross(unit(step), unit(before)) * (1.0 - EXTENDED_THUMB))
        turned[f"thumb{k}"] = curl.as_matrix() @ thumb
    return {f"{side}_{name}": rotation for name, rotation in turned.items()}


def _leg(p: dict[str, np.ndarray], side: str, s: float) -> dict[str, np.ndarray]:
    z, mirror = np.array([0.0, 0.0, 1.0]), np.array([s, 1.0, 1.0])
    hip, knee, ankle = (p[f"{side}_{name}"] for name in ("hip", "knee", "ankle"))
    thigh = between(knee - hip, z, THIGH * mirror, z)
    return {f"{side}_hip": thigh, f"{side}_thigh": thigh, f"{side}_knee": between(ankle - knee, z, SHIN * mirror, z)}


def tpose_transforms(joints: np.ndarray, fingertips: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bone transforms from MakeHuman's rest pose to the T-pose.

    Args:
        joints: (55, 3) rest joints. fingertips: (10, 3) left then right in the order of FINGERS.

    Returns:
        rotations (61, 3, 3) and shifts (61, 3) with x -> R x + t, and the joints of the T-pose (55, 3), the pelvis
        at PELVIS.
    """
    points = dict(zip(JOINTS, joints, strict=True))
    names = [f"{side}_{finger}_tip" for side, _, _, _ in SIDES for finger in FINGERS]
    points |= dict(zip(names, fingertips, strict=True))
    turned: dict[str, np.ndarray] = {}
    for side, _, _, s in SIDES:
        turned |= _arm(points, side, s) | _leg(points, side, s)
    rotations = np.stack([turned.get(name, np.eye(3)) for name in BONES])
    posed = np.empty_like(joints)
    for j, parent in enumerate(PARENTS):
        posed[j] = PELVIS if parent < 0 else posed[parent] + rotations[_limb(parent)] @ (joints[j] - joints[parent])
    shifts = posed[CARRIERS] - np.einsum("bij,bj->bi", rotations, joints[CARRIERS])
    return rotations, shifts, posed


def _limb(joint: int) -> int:
    """The bone whose rotation carries the children of ``joint``."""
    name = JOINTS[joint].replace("shoulder", "upperarm").replace("hip", "thigh")
    return index(name)


class TPose:
    """Takes shapes to the T-pose and seats the joint cubes, so that ``seated_regressor`` gives the joints exactly.

    ``regressor`` (55, V) and ``tips`` (10, V) give joints and finger tips in MakeHuman's rest pose.
    """

    def __init__(self, sources: Sources, skin: ReferenceSkinning):
        self._skin, self._cubes = skin, seat_ids(sources)
        self.regressor, self.tips = joint_regressor(sources), fingertip_rows(sources)

    def __call__(self, vertices: np.ndarray) -> np.ndarray:
        """(V, 3) of MakeHuman's rest pose -> (V, 3) of the T-pose."""
        rotations, shifts, joints = tpose_transforms(self.regressor @ vertices, self.tips @ vertices)
        return seat_joints(self._skin(vertices, rotations, shifts), joints, self._cubes)
