"""The vocabulary of the whole repository: axes, units, joint names, body parts, semantic classes.

World: metres, right-handed, z up, floor at z = 0. SMPL-X canonical space: y up, the body faces +z, its left is +x.
Camera: OpenCV axes (x right, y down, z forward); ``world_to_camera`` is 4x4, ``intrinsics`` is 3x3; the centre of the
pixel in column c and row r is (c + 0.5, r + 0.5). Depth is planar z in metres. Normals are in camera space with
x right, y up, z towards the viewer. Optical flow is in pixels, u right, v down.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

SCHEMA_VERSION = "1.2"


class ThfmError(ValueError):
    """An error whose message is meant for the user: one sentence that names the thing and the remedy."""


class ClipRejected(ThfmError):
    """A clip that must not enter a data set. ``reasons`` says why; ``attempts`` records every draw that failed;
    ``evidence`` shows it, as ``synth.qa.evidence`` makes it: empty where nothing was rendered."""

    def __init__(self, reasons: list[str], attempts: list[dict] | None = None, evidence: dict | None = None):
        super().__init__("; ".join(reasons))
        self.reasons, self.attempts, self.evidence = list(reasons), list(attempts or []), dict(evidence or {})

    def __reduce__(self):
        return (ClipRejected, (self.reasons, self.attempts, self.evidence))


AXES = {
    "world": "right-handed, metres, z up, floor at z = 0",
    "camera": "OpenCV: x right, y down, z forward, metres; pixel centre = index + 0.5",
    "depth": "planar z, metres",
    "normals": "camera space: x right, y up, z towards the viewer, unit length",
    "flow": "pixels: u right, v down",
    "surface": "(p - (0, -0.45, 0) m) / 2.2 m + 0.5 of the point p under the pixel on the neutral mean T-pose",
}

# SMPL-X joints in the order of smplx.joint_names.JOINT_NAMES: 55 of the kinematic tree, 21 picked vertices,
# 51 face landmarks, 17 points of the face contour.
JOINT_NAMES: tuple[str, ...] = tuple(
    [
        "pelvis",
        "left_hip",
        "right_hip",
        "spine1",
        "left_knee",
        "right_knee",
        "spine2",
        "left_ankle",
        "right_ankle",
        "spine3",
        "left_foot",
        "right_foot",
        "neck",
        "left_collar",
        "right_collar",
        "head",
        "left_shoulder",
        "right_shoulder",
        "left_elbow",
        "right_elbow",
        "left_wrist",
        "right_wrist",
        "jaw",
        "left_eye_smplhf",
        "right_eye_smplhf",
        "left_index1",
        "left_index2",
        "left_index3",
        "left_middle1",
        "left_middle2",
        "left_middle3",
        "left_pinky1",
        "left_pinky2",
        "left_pinky3",
        "left_ring1",
        "left_ring2",
        "left_ring3",
        "left_thumb1",
        "left_thumb2",
        "left_thumb3",
        "right_index1",
        "right_index2",
        "right_index3",
        "right_middle1",
        "right_middle2",
        "right_middle3",
        "right_pinky1",
        "right_pinky2",
        "right_pinky3",
        "right_ring1",
        "right_ring2",
        "right_ring3",
        "right_thumb1",
        "right_thumb2",
        "right_thumb3",
        "nose",
        "right_eye",
        "left_eye",
        "right_ear",
        "left_ear",
        "left_big_toe",
        "left_small_toe",
        "left_heel",
        "right_big_toe",
        "right_small_toe",
        "right_heel",
        "left_thumb",
        "left_index",
        "left_middle",
        "left_ring",
        "left_pinky",
        "right_thumb",
        "right_index",
        "right_middle",
        "right_ring",
        "right_pinky",
        "right_eye_brow1",
        "right_eye_brow2",
        "right_eye_brow3",
        "right_eye_brow4",
        "right_eye_brow5",
        "left_eye_brow5",
        "left_eye_brow4",
        "left_eye_brow3",
        "left_eye_brow2",
        "left_eye_brow1",
        "nose1",
        "nose2",
        "nose3",
        "nose4",
        "right_nose_2",
        "right_nose_1",
        "nose_middle",
        "left_nose_1",
        "left_nose_2",
        "right_eye1",
        "right_eye2",
        "right_eye3",
        "right_eye4",
        "right_eye5",
        "right_eye6",
        "left_eye4",
        "left_eye3",
        "left_eye2",
        "left_eye1",
        "left_eye6",
        "left_eye5",
        "right_mouth_1",
        "right_mouth_2",
        "right_mouth_3",
        "mouth_top",
        "left_mouth_3",
        "left_mouth_2",
        "left_mouth_1",
        "left_mouth_5",
        "left_mouth_4",
        "mouth_bottom",
        "right_mouth_4",
        "right_mouth_5",
        "right_lip_1",
        "right_lip_2",
        "lip_top",
        "left_lip_2",
        "left_lip_1",
        "left_lip_3",
        "lip_bottom",
        "right_lip_3",
        "right_contour_1",
        "right_contour_2",
        "right_contour_3",
        "right_contour_4",
        "right_contour_5",
        "right_contour_6",
        "right_contour_7",
        "right_contour_8",
        "contour_middle",
        "left_contour_8",
        "left_contour_7",
        "left_contour_6",
        "left_contour_5",
        "left_contour_4",
        "left_contour_3",
        "left_contour_2",
        "left_contour_1",
    ]
)
NUM_BODY_JOINTS = 22
NUM_TREE_JOINTS = 55

PARENTS: tuple[int, ...] = (
    (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 15, 15, 15)
    + (20, 25, 26, 20, 28, 29, 20, 31, 32, 20, 34, 35, 20, 37, 38)
    + (21, 40, 41, 21, 43, 44, 21, 46, 47, 21, 49, 50, 21, 52, 53)
)


class Part(IntEnum):
    """Body part of a surface point; the integer is what the ``parts`` label stores. 0 is "no person"."""

    NONE = 0
    HEAD = 1
    NECK = 2
    CHEST = 3
    ABDOMEN = 4
    HIPS = 5
    LEFT_UPPER_ARM = 6
    RIGHT_UPPER_ARM = 7
    LEFT_FOREARM = 8
    RIGHT_FOREARM = 9
    LEFT_HAND = 10
    RIGHT_HAND = 11
    LEFT_THIGH = 12
    RIGHT_THIGH = 13
    LEFT_SHIN = 14
    RIGHT_SHIN = 15
    LEFT_FOOT = 16
    RIGHT_FOOT = 17


PART_NAMES: tuple[str, ...] = tuple(p.name.lower() for p in Part)


def _side_part(joint: str, left: Part, right: Part) -> Part:
    return left if joint.startswith("left") else right


def _part_of(joint: str) -> Part:
    stem = joint.removeprefix("left_").removeprefix("right_")
    if stem in ("hip",):
        return _side_part(joint, Part.LEFT_THIGH, Part.RIGHT_THIGH)
    if stem == "knee":
        return _side_part(joint, Part.LEFT_SHIN, Part.RIGHT_SHIN)
    if stem in ("ankle", "foot"):
        return _side_part(joint, Part.LEFT_FOOT, Part.RIGHT_FOOT)
    if stem == "shoulder":
        return _side_part(joint, Part.LEFT_UPPER_ARM, Part.RIGHT_UPPER_ARM)
    if stem == "elbow":
        return _side_part(joint, Part.LEFT_FOREARM, Part.RIGHT_FOREARM)
    if stem == "wrist" or stem[:-1] in ("index", "middle", "pinky", "ring", "thumb"):
        return _side_part(joint, Part.LEFT_HAND, Part.RIGHT_HAND)
    return {
        "pelvis": Part.HIPS,
        "spine1": Part.ABDOMEN,
        "spine2": Part.CHEST,
        "spine3": Part.CHEST,
        "collar": Part.CHEST,
        "neck": Part.NECK,
        "head": Part.HEAD,
        "jaw": Part.HEAD,
        "eye_smplhf": Part.HEAD,
    }[stem]


# A face belongs to the part of the joint that moves it most: a total table over the 55 joints of the tree.
JOINT_PART: tuple[Part, ...] = tuple(_part_of(name) for name in JOINT_NAMES[:NUM_TREE_JOINTS])


# Dense pose: canonical point in metres (T-pose of the neutral mean shape, SMPL-X axes) -> unit cube.
CANONICAL_CENTRE = (0.0, -0.45, 0.0)
CANONICAL_EXTENT = 2.2


class Semantic(IntEnum):
    """What a pixel shows; the integer is what the ``semantics`` label stores. 0 is the background (sky, far world)."""

    BACKGROUND = 0
    SKIN = 1
    EYES = 2
    MOUTH = 3
    HAIR = 4
    FACIAL_HAIR = 5
    UPPER_GARMENT = 6
    JACKET = 7
    LOWER_GARMENT = 8
    SKIRT = 9
    DRESS = 10
    SUIT_ONE_PIECE = 11
    SOCKS = 12
    SHOES = 13
    HAT = 14
    TIE = 15
    ACCESSORY = 16
    PROP = 17
    GROUND = 18
    WALL = 19


SEMANTIC_NAMES: tuple[str, ...] = tuple(s.name.lower() for s in Semantic)


class Visibility(IntFlag):
    """Bits of the ``visibility`` label of a keypoint."""

    IN_FRAME = 1
    SELF_OCCLUDED = 2
    OTHER_OCCLUDED = 4


def mirrored_name(name: str) -> str:
    """``left_x`` <-> ``right_x``; other names map to themselves."""
    if name.startswith("left_"):
        return "right_" + name.removeprefix("left_")
    if name.startswith("right_"):
        return "left_" + name.removeprefix("right_")
    return name


MIRROR_JOINTS: tuple[int, ...] = tuple(JOINT_NAMES.index(mirrored_name(n)) for n in JOINT_NAMES)
MIRROR_PARTS: tuple[int, ...] = tuple(PART_NAMES.index(mirrored_name(n)) for n in PART_NAMES)

# COCO-17 in terms of JOINT_NAMES.
COCO17: tuple[str, ...] = tuple(
    [
        "nose",
        "left_eye",
        "right_eye",
        "left_ear",
        "right_ear",
        "left_shoulder",
        "right_shoulder",
        "left_elbow",
        "right_elbow",
        "left_wrist",
        "right_wrist",
        "left_hip",
        "right_hip",
        "left_knee",
        "right_knee",
        "left_ankle",
        "right_ankle",
    ]
)
_FEET = ["left_big_toe", "left_small_toe", "left_heel", "right_big_toe", "right_small_toe", "right_heel"]
_FACE = (
    [f"right_contour_{i}" for i in range(1, 9)]
    + ["contour_middle"]
    + [f"left_contour_{i}" for i in range(8, 0, -1)]
    + list(JOINT_NAMES[76:127])
)
# COCO-WholeBody's hands: wrist, then thumb, index, middle, ring, pinky from root to tip.
_HAND = [
    [f"{s}_wrist"]
    + [
        n
        for f in ("thumb", "index", "middle", "ring", "pinky")
        for n in (f"{s}_{f}1", f"{s}_{f}2", f"{s}_{f}3", f"{s}_{f}")
    ]
    for s in ("left", "right")
]
COCO_WHOLEBODY133: tuple[str, ...] = tuple(list(COCO17) + _FEET + _FACE + _HAND[0] + _HAND[1])

# Bones drawn by previews: the kinematic tree without jaw and eyes, closed with toes and finger tips.
SKELETON: tuple[tuple[int, int], ...] = tuple(
    (PARENTS[j], j) for j in range(1, NUM_TREE_JOINTS) if j not in (22, 23, 24)
) + tuple(
    (JOINT_NAMES.index(a), JOINT_NAMES.index(b))
    for s in ("left", "right")
    for a, b in [(f"{s}_foot", f"{s}_big_toe"), (f"{s}_ankle", f"{s}_heel")]
    + [(f"{s}_{f}3", f"{s}_{f}") for f in ("thumb", "index", "middle", "ring", "pinky")]
)
