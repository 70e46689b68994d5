"""Random anatomical poses that teach the pose correctives how far each joint goes (degrees about SMPL-X's axes)."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from openbody.skeleton import JOINTS

# Axis-angle ranges of the left side and the middle: x, y, z in degrees. The right side mirrors the left.
RANGES: dict[str, tuple[tuple[float, float], tuple[float, float], tuple[float, float]]] = {
    "hip": ((-130, 35), (-35, 35), (-25, 50)),
    "knee": ((0, 145), (-12, 12), (-5, 5)),
    "ankle": ((-35, 45), (-20, 20), (-20, 20)),
    "foot": ((-50, 30), (-5, 5), (-5, 5)),
    "spine1": ((-20, 40), (-20, 20), (-20, 20)),
    "spine2": ((-20, 40), (-20, 20), (-20, 20)),
    "spine3": ((-15, 30), (-20, 20), (-15, 15)),
    "neck": ((-35, 40), (-40, 40), (-30, 30)),
    "head": ((-35, 35), (-45, 45), (-25, 25)),
    "jaw": ((0, 30), (-8, 8), (-5, 5)),
    "collar": ((-15, 15), (-25, 20), (-15, 30)),
    "elbow": ((-75, 75), (-145, 5), (-10, 10)),
    "wrist": ((-70, 70), (-30, 30), (-75, 75)),
    "thumb1": ((-30, 30), (-35, 35), (-35, 35)),
    "thumb2": ((-15, 15), (-45, 20), (-45, 20)),
    "thumb3": ((-10, 10), (-60, 20), (-30, 20)),
    "finger1": ((-8, 8), (-15, 15), (-95, 20)),
    "finger2": ((-5, 5), (-5, 5), (-110, 5)),
    "finger3": ((-5, 5), (-5, 5), (-80, 5)),
}
# The arm swings to any direction in front of, beside and above the body: degrees up and backwards, then about itself.
SHOULDER = {"up": (-88.0, 95.0), "back": (-125.0, 40.0), "twist": (-70.0, 70.0)}
REST_SHARE = 0.3
# The axis along the bone: a limb first turns about itself, then swings.
ALONG = {"hip": 1, "knee": 1} | dict.fromkeys(("elbow", "wrist", "finger1", "finger2", "finger3"), 0)


def _range_key(joint: str) -> str:
    name = joint.removeprefix("left_").removeprefix("right_")
    return "finger" + name[-1] if name[:-1] in ("index", "middle", "ring", "pinky") else name


def _shoulder(rng: np.random.Generator) -> np.ndarray:
    up, back, twist = (np.radians(rng.uniform(*SHOULDER[k])) for k in ("up", "back", "twist"))
    to = np.array([np.cos(up) * np.cos(back), np.sin(up), -np.cos(up) * np.sin(back)])
    axis = np.cross((1.0, 0.0, 0.0), to)
    angle = np.arctan2(np.linalg.norm(axis), to[0])
    swing = Rotation.from_rotvec(axis / max(np.linalg.norm(axis), 1e-9) * angle)
    return (swing * Rotation.from_rotvec([twist, 0.0, 0.0])).as_matrix()


def random_pose(rng: np.random.Generator) -> np.ndarray:
    """(55, 3, 3) local rotations; each joint stays at rest with probability REST_SHARE, the pelvis and eyes always."""
    out = np.tile(np.eye(3), (len(JOINTS), 1, 1))
    flip = np.array([1.0, -1.0, -1.0])
    for j, joint in enumerate(JOINTS):
        key = _range_key(joint)
        if (key not in RANGES and key != "shoulder") or rng.uniform() < REST_SHARE:
            continue
        if key == "shoulder":
            turned = _shoulder(rng)
        else:
            # each axis alone half of the time: people bend mostly about one
            low, high = np.array(RANGES[key]).T
            kept = rng.uniform(size=3) < 0.6
            angles = np.radians(rng.uniform(low, high) * kept)
            about = np.arange(3) == ALONG.get(key, -1)
            turned = (Rotation.from_rotvec(angles * ~about) * Rotation.from_rotvec(angles * about)).as_matrix()
        if joint.startswith("right_"):
            turned = Rotation.from_rotvec(Rotation.from_matrix(turned).as_rotvec() * flip).as_matrix()
        out[j] = turned
    return out
