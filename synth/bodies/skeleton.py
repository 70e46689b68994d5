"""``SkeletonClip``: captured motion of some skeleton, before it is retargeted, and what its joints stand for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from synth.conventions import ThfmError

SIDES = ("left", "right")
FINGERS = ("index", "middle", "pinky", "ring", "thumb")

# role -> joint names it goes by, best first, after `_plain`. Families: CMU/cgspeed, MotionBuilder, Mixamo, LAFAN,
# 3ds Max Biped and Truebones, Daz/Poser, SMPL, plain anatomical names, and CMU's ASF bones.
_SIDED = {
    "hip": ("upleg", "upperleg", "thigh", "femur", "hip"),
    "knee": ("knee", "calf", "shin", "lowerleg", "lowleg", "tibia", "leg"),
    "ankle": ("ankle", "foot"),
    "toe": ("toebase", "toe0", "toes", "toe", "ball", "foot"),
    "heel": ("heel",),
    "shoulder": ("upperarm", "uparm", "humerus", "arm", "shldr", "shoulder"),
    "collar": ("clavicle", "collar", "collarbone", "shoulder"),
    "elbow": ("elbow", "forearm", "lowerarm", "lowarm", "radius"),
    "wrist": ("wrist", "hand"),
}
_NEIGHBOUR = {"collar": "shoulder", "toe": "ankle"}
_MIDDLE = {"pelvis": ("pelvis", "hips", "hip", "root"), "head": ("head",)}
_REQUIRED = ("pelvis", "head") + tuple(f"{s}_{r}" for s in SIDES for r in _SIDED if r not in ("toe", "heel", "collar"))
# marker sets may name these directly
_HEAD_SIDES = ("head_front", "head_back", "left_head_side", "right_head_side")
_BIPED_FINGER = {"thumb": "0", "index": "1", "middle": "2", "ring": "3", "pinky": "4"}

# metres per unit of length that capture files use: m, cm, inch, mm, and CMU's 1/0.45 inch
_UNITS = (1.0, 0.01, 0.0254, 0.001, 0.0254 / 0.45)
_HIP_TO_ANKLE = 0.8


@dataclass(frozen=True, eq=False)
class SkeletonClip:
    """World motion of a named skeleton in metres, z up, float64.

    positions (T,J,3) of the joints; rotations (T,J,3,3) of the joints' frames relative to the rest pose, or None for
    a source of positions alone; rest (J,3) positions of the rest pose, given with rotations. ``parents[j] < j``, -1 for
    the root. ``roles`` maps what a joint stands for ("left_knee", "chest", "right_index2" ...) to its index.
    """

    name: str
    source: str
    fps: float
    joints: tuple[str, ...]
    parents: tuple[int, ...]
    positions: np.ndarray
    rotations: np.ndarray | None = None
    rest: np.ndarray | None = None
    roles: dict[str, int] = field(default_factory=dict)

    def place(self, role: str) -> np.ndarray:
        """(T,3) world positions of the joint with that role."""
        return self.positions[:, self.roles[role]]

    def segment(self, start: int, stop: int) -> SkeletonClip:
        """Frames start <= t < stop."""
        return SkeletonClip(
            self.name,
            self.source,
            self.fps,
            self.joints,
            self.parents,
            self.positions[start:stop],
            None if self.rotations is None else self.rotations[start:stop],
            self.rest,
            self.roles,
        )


def make_clip(
    *,
    name: str,
    source: str,
    fps: float,
    joints: list[str],
    parents: list[int],
    positions: np.ndarray,
    rotations: np.ndarray | None = None,
    rest: np.ndarray | None = None,
    up: str | None = None,
    metres_per_unit: float | None = None,
) -> SkeletonClip:
    """Find the joints' roles, turn the world z up and the lengths to metres.

    ``up`` ("y" or "z") and ``metres_per_unit`` are guessed when None: up from the direction pelvis to head (of the rest
    pose, else of the mean frame), the unit from the length of the legs. Raises ThfmError for non-finite values, an
    unusable frame rate, or joints that cannot be recognised.
    """
    if not np.isfinite(fps) or fps <= 0:
        raise ThfmError(f"{source}: frame time gives {fps} frames per second; correct it in the file")
    if not np.isfinite(positions).all():
        frame = int(np.flatnonzero(~np.isfinite(positions).all(axis=(1, 2)))[0])
        raise ThfmError(f"{source}: frame {frame} holds values that are not finite; repair or cut the file there")
    roles = find_roles(joints, parents, source)
    if up is None:
        up = _guess_up(positions if rest is None else rest[None], positions, roles)
    if up not in ("y", "z"):
        raise ThfmError(f"up axis '{up}' is unknown; give 'y' or 'z'")
    scale = metres_per_unit if metres_per_unit is not None else guess_unit(positions, roles, source)
    turn = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]) if up == "y" else np.eye(3)
    return SkeletonClip(
        name=name,
        source=source,
        fps=float(fps),
        joints=tuple(joints),
        parents=tuple(parents),
        positions=positions @ turn.T * scale,
        rotations=None if rotations is None else turn @ rotations @ turn.T,
        rest=None if rest is None else rest @ turn.T * scale,
        roles=roles,
    )


def _plain(name: str) -> str:
    """A joint name without name space, rig prefix, separators and case."""
    name = re.split(r"[:|]", name)[-1].lower()
    name = re.sub(r"^(mixamorig\d*|bip\d+|character\d+|skeleton|jnt|bn|def|b)[ _.-]+", "", name)
    return re.sub(r"[^a-z0-9]", "", name)


def find_roles(joints: list[str], parents: list[int], source: str) -> dict[str, int]:
    """Which joint plays which role. Raises ThfmError, listing the file's joints, when a needed one is not found."""
    index: dict[str, int] = {}
    for i, joint in enumerate(joints):
        index.setdefault(_plain(joint), i)

    roles: dict[str, int] = {}
    for role, names in _MIDDLE.items():
        found = [index[n] for n in names if n in index]
        if found:
            roles[role] = found[0]
    for side in SIDES:
        for role, names in _SIDED.items():
            # "shoulder" beside "arm" is the collar bone; "foot" beside "ankle" is where the toes begin (SMPL)
            taken = roles.get(f"{side}_{_NEIGHBOUR[role]}") if role in _NEIGHBOUR else None
            found = [i for n in names for i in _sided(index, side, n) if i != taken]
            if found:
                roles[f"{side}_{role}"] = found[0]
        for finger in FINGERS:
            chain = _finger_chain(index, side, finger)
            if len(chain) >= 2:
                roles.update({f"{side}_{finger}{k + 1}": joint for k, joint in enumerate(chain[:3])})
    roles.update({name: joints.index(name) for name in _HEAD_SIDES if name in joints})
    missing = [role for role in _REQUIRED if role not in roles]
    if missing:
        raise ThfmError(
            f"{source}: found no joint for {', '.join(missing)} among {', '.join(joints)}; "
            "rename the joints as CMU, Mixamo, LAFAN or Biped do"
        )
    _trunk_roles(roles, parents, source)
    _end_roles(roles, parents)
    return roles


def _sided(index: dict[str, int], side: str, name: str) -> list[int]:
    spellings = (side + name, side[0] + name, name + side, name + side[0])
    return [index[s] for s in spellings if s in index]


def _finger_chain(index: dict[str, int], side: str, finger: str) -> list[int]:
    patterns = ("{s}hand{f}{k}", "{s}{f}{k}", "{s}{f}finger{k}", "{s[0]}{f}{k}", "{s[0]}hand{f}{k}", "{f}{k}{s[0]}")
    for pattern in patterns:
        chain = [index.get(pattern.format(s=side, f=finger, k=k)) for k in (1, 2, 3)]
        if chain[0] is not None and chain[1] is not None:
            return [c for c in chain if c is not None]
    number = _BIPED_FINGER[finger]
    chain = [index.get(f"{side[0]}finger{number}{k}") for k in ("", "1", "2")]
    return [c for c in chain if c is not None] if chain[0] is not None and chain[1] is not None else []


def _ancestors(joint: int, parents: list[int]) -> list[int]:
    chain = [joint]
    while parents[chain[-1]] >= 0:
        chain.append(parents[chain[-1]])
    return chain


def _trunk_roles(roles: dict[str, int], parents: list[int], source: str) -> None:
    """Chest, neck and the joint above the pelvis follow from the tree, whatever they are called."""
    right = set(_ancestors(roles["right_shoulder"], parents))
    chest = next((j for j in _ancestors(roles["left_shoulder"], parents) if j in right), None)
    if chest is None:
        raise ThfmError(f"{source}: both shoulders must descend from one root; the hierarchy has several roots")
    roles["chest"] = chest
    to_head = _ancestors(roles["head"], parents)
    above_chest = to_head[: to_head.index(chest)] if chest in to_head else to_head
    roles["neck"] = above_chest[-1] if above_chest else roles["head"]
    to_chest = _ancestors(chest, parents)
    if roles["pelvis"] not in to_chest:
        roles["pelvis"] = to_chest[-1]
    above_pelvis = to_chest[: to_chest.index(roles["pelvis"])]
    roles["spine"] = above_pelvis[-1] if above_pelvis else roles["neck"]


def _end_roles(roles: dict[str, int], parents: list[int]) -> None:
    """The tips beyond head and toes, where the skeleton has them (BVH end sites, ASF bone ends)."""
    for role in ("head", "left_toe", "right_toe"):
        children = [j for j, parent in enumerate(parents) if role in roles and parent == roles[role]]
        if children:
            roles[f"{role}_end"] = children[0]


def _guess_up(shown: np.ndarray, frames: np.ndarray, roles: dict[str, int]) -> str:
    for places in (shown, frames):
        feet = (places[:, roles["left_ankle"]] + places[:, roles["right_ankle"]]) / 2
        mean = (places[:, roles["head"]] - feet).mean(axis=0)
        if abs(mean[2]) > 2 * abs(mean[1]):
            return "z"
        if abs(mean[1]) > 2 * abs(mean[2]):
            return "y"
    return "y"


def guess_unit(positions: np.ndarray, roles: dict[str, int], source: str) -> float:
    """Metres per unit of length, judged by the distance hip to knee to ankle. Raises ThfmError if no unit fits."""
    legs = [
        np.linalg.norm(positions[:, roles[f"{s}_{a}"]] - positions[:, roles[f"{s}_{b}"]], axis=-1).mean()
        for s in SIDES
        for a, b in (("hip", "knee"), ("knee", "ankle"))
    ]
    leg = sum(legs) / 2
    errors = [abs(np.log(max(leg, 1e-9) * unit / _HIP_TO_ANKLE)) for unit in _UNITS]
    best = int(np.argmin(errors))
    if errors[best] > np.log(2.0):
        raise ThfmError(f"{source}: a leg is {leg:.4g} units long, which fits no known unit; give metres_per_unit")
    return _UNITS[best]
