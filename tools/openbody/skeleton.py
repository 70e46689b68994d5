"""The 55 SMPL-X joints on MakeHuman's mesh: where they sit, who is whose parent, which MakeHuman bone follows which.

Every joint is a fixed mix of MakeHuman's joint cubes, eight unreferenced vertices around a centre, which all morph
targets move along; so the joint regressor is exact for every shape.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from openbody.sources import VERTICES, Sources
from synth.conventions import JOINT_NAMES

JOINTS: tuple[str, ...] = tuple(name.removesuffix("_smplhf") for name in JOINT_NAMES[:55])
FINGERS = ("index", "middle", "pinky", "ring", "thumb")
FINGER_NUMBER = {"thumb": 1, "index": 2, "middle": 3, "ring": 4, "pinky": 5}
SIDES = (("left", "l", "L", 1.0), ("right", "r", "R", -1.0))

# Radii in metres and passes of the smoothing of skin weights around the shoulder joint.
SOFT_INNER, SOFT_OUTER, SOFT_STEPS = 0.15, 0.23, 6

# Twist bones of the reference skinning (see ``skinning.py``): they take part of a limb's rotation about its own axis.
TWIST_BONES = tuple(f"{side}_{part}" for side in ("left", "right") for part in ("upperarm", "forearm", "thigh"))
BONES: tuple[str, ...] = JOINTS + TWIST_BONES


def _parents() -> tuple[int, ...]:
    body = [-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 15, 15, 15]
    for wrist in (20, 21):
        for _ in FINGERS:
            first = len(body)
            body += [wrist, first, first + 1]
    return tuple(body)


PARENTS = _parents()


def index(name: str) -> int:
    """Number of the joint or twist bone called ``name``."""
    return BONES.index(name)


def descends(joint: int) -> np.ndarray:
    """(55,) bool: the joints that move when ``joint`` turns, itself included."""
    out = np.zeros(len(JOINTS), bool)
    for j in range(len(JOINTS)):
        k = j
        while k >= 0 and k != joint:
            k = PARENTS[k]
        out[j] = k == joint
    return out


def _recipes() -> dict[str, dict[str, float]]:
    """Joint -> {cube: share}. Shares put the spine, hips and collars where SMPL-X has them along MakeHuman's cubes."""
    recipes = {
        "pelvis": {"pelvis": 0.535, "spine-3": 0.465},
        "spine1": {"spine-4": 0.63, "spine-1": 0.37},
        "spine2": {"spine-4": 0.2, "spine-1": 0.8},
        "spine3": {"spine-1": 0.574, "spine-2": 0.195, "l-clavicle": 0.1155, "r-clavicle": 0.1155},
        "neck": {"neck": 0.7, "head": 0.3},
        "head": {"head": 1.0},
        "jaw": {"mouth": 1.0},
    }
    for side, s, _, _ in SIDES:
        recipes |= {
            # femoral heads: MakeHuman's upper-leg cube lies 2 cm too far out and 1 cm high
            f"{side}_hip": {f"{s}-upper-leg": 0.79, "pelvis": 0.18, f"{s}-knee": 0.03},
            f"{side}_knee": {f"{s}-knee": 1.0},
            f"{side}_ankle": {f"{s}-ankle": 1.0},
            f"{side}_foot": {f"{s}-toe-2-1": 0.5, f"{s}-toe-3-1": 0.5},
            f"{side}_collar": {f"{s}-clavicle": 0.4, f"{s}-shoulder": 0.25, "spine-1": 0.2, "neck": 0.15},
            f"{side}_shoulder": {f"{s}-shoulder": 1.0},
            f"{side}_elbow": {f"{s}-elbow": 1.0},
            f"{side}_wrist": {f"{s}-hand": 1.0},
            f"{side}_eye": {f"{s}-eye": 1.0},
        }
        for finger, number in FINGER_NUMBER.items():
            recipes |= {f"{side}_{finger}{k}": {f"{s}-finger-{number}-{k}": 1.0} for k in (1, 2, 3)}
    return recipes


def cube_rows(sources: Sources) -> dict[str, np.ndarray]:
    """Cube name -> (V,) float64 averaging row."""
    rows = {}
    for name, ids in sources.base.groups.items():
        if name.startswith("joint-"):
            rows[name.removeprefix("joint-")] = row = np.zeros(VERTICES)
            row[ids] = 1.0 / len(ids)
    return rows


def joint_regressor(sources: Sources) -> np.ndarray:
    """(55, V) float64 over base.obj's vertices."""
    cubes = cube_rows(sources)
    recipes = _recipes()
    return np.stack([sum(share * cubes[cube] for cube, share in recipes[name].items()) for name in JOINTS])


def seats() -> dict[str, str]:
    """Joint -> the cube that the baked body keeps around it, one cube a joint."""
    taken = {name: max(recipe, key=recipe.get) for name, recipe in _recipes().items()}
    return taken | {"pelvis": "pelvis", "spine2": "spine-3", "spine3": "spine-1", "neck": "neck"}


def seat_ids(sources: Sources) -> np.ndarray:
    """(55, 8) int: the vertices of each joint's own cube."""
    return np.stack([sources.base.groups[f"joint-{seats()[name]}"] for name in JOINTS])


def seat_joints(vertices: np.ndarray, joints: np.ndarray, cubes: np.ndarray) -> np.ndarray:
    """``vertices`` (V, 3) with every joint's cube, ``cubes`` (55, 8), moved to be centred on ``joints`` (55, 3)."""
    out = vertices.copy()
    for joint, ids in zip(joints, cubes, strict=True):
        out[ids] += joint - out[ids].mean(0)
    return out


def seated_regressor(sources: Sources) -> np.ndarray:
    """(55, V): the regressor of seated vertices, the mean of each joint's own cube."""
    cubes = cube_rows(sources)
    return np.stack([cubes[seats()[name]] for name in JOINTS])


def fingertip_rows(sources: Sources) -> np.ndarray:
    """(10, V): the far ends of the last phalanges, left then right, in the order of FINGERS."""
    cubes = cube_rows(sources)
    return np.stack([cubes[f"{s}-finger-{FINGER_NUMBER[f]}-4"] for _, s, _, _ in SIDES for f in FINGERS])


def _owners(sources: Sources) -> dict[str, dict[str, float]]:
    """MakeHuman bone -> {our bone: share}."""
    fixed: dict[str, dict[str, float]] = {
        "root": {"pelvis": 1.0},
        "spine05": {"pelvis": 1.0},
        "spine04": {"pelvis": 1.0},
        # shares follow how far each MakeHuman vertebra reaches past the joints that SMPL-X has there
        "spine03": {"pelvis": 0.5, "spine1": 0.5},
        "spine02": {"spine1": 0.59, "spine2": 0.35, "spine3": 0.06},
        "spine01": {"spine3": 1.0},
        "neck01": {"spine3": 0.4, "neck": 0.6},
        "neck02": {"neck": 1.0},
        "head": {"head": 1.0},
        "jaw": {"jaw": 1.0},
    }
    for side, _, x, _ in SIDES:
        fixed |= {
            f"breast.{x}": {"spine3": 1.0},
            f"pelvis.{x}": {"pelvis": 1.0},
            f"upperleg01.{x}": {f"{side}_hip": 1.0},
            f"upperleg02.{x}": {f"{side}_thigh": 1.0},
            f"lowerleg01.{x}": {f"{side}_knee": 1.0},
            f"foot.{x}": {f"{side}_ankle": 1.0},
            f"clavicle.{x}": {f"{side}_collar": 1.0},
            f"upperarm01.{x}": {f"{side}_shoulder": 1.0},
            f"upperarm02.{x}": {f"{side}_upperarm": 1.0},
            f"lowerarm01.{x}": {f"{side}_elbow": 1.0},
            f"lowerarm02.{x}": {f"{side}_forearm": 1.0},
            f"wrist.{x}": {f"{side}_wrist": 1.0},
            f"eye.{x}": {f"{side}_eye": 1.0},
        }
        fixed |= {f"toe{n}-1.{x}": {f"{side}_foot": 1.0} for n in range(1, 6)}
        for finger, number in FINGER_NUMBER.items():
            fixed |= {f"finger{number}-{k}.{x}": {f"{side}_{finger}{k}": 1.0} for k in (1, 2, 3)}

    def owner(bone: str) -> dict[str, float]:
        while bone not in fixed:
            bone = sources.rig[bone]["parent"]
        return fixed[bone]

    return {bone: owner(bone) for bone in sources.rig}


def bone_weights(sources: Sources) -> np.ndarray:
    """(V, len(BONES)) float64 skin weights, rows sum to one, mirror-symmetric; twist bones are separate columns."""
    weights = np.zeros((VERTICES, len(BONES)))
    owners = _owners(sources)
    for bone, rows in sources.bone_weights.items():
        for ours, share in owners[bone].items():
            np.add.at(weights[:, index(ours)], rows[:, 0].astype(int), share * rows[:, 1])
    mirrored = weights[sources.mirror][:, mirror_bones()]
    weights = _soften_shoulders(0.5 * (weights + mirrored), sources)
    return weights / weights.sum(1, keepdims=True)


def _soften_shoulders(weights: np.ndarray, sources: Sources) -> np.ndarray:
    """Diffuses weights over the skin around the shoulders: MakeHuman's step there is too sharp for raised arms."""
    rings = [ids for ids, _ in sources.base.polygons["body"]]
    edges = np.array([pair for ids in rings for pair in zip(ids, ids[1:] + ids[:1], strict=True)])
    both = np.concatenate([edges, edges[:, ::-1]])
    graph = sparse.coo_matrix((np.ones(len(both)), both.T), shape=(VERTICES, VERTICES)).tocsr()
    graph.data[:] = 1.0
    degree = np.asarray(graph.sum(1)).ravel()
    average = sparse.diags(1.0 / np.maximum(degree, 1.0)) @ graph
    shoulders = np.stack([cube_rows(sources)[f"{s}-shoulder"] for _, s, _, _ in SIDES]) @ sources.base.vertices
    reach = np.linalg.norm(sources.base.vertices[:, None] - shoulders, axis=2).min(1)
    amount = 0.7 * np.clip((SOFT_OUTER - reach) / (SOFT_OUTER - SOFT_INNER), 0.0, 1.0) * (degree > 0)
    for _ in range(SOFT_STEPS):
        weights = weights + amount[:, None] * (average @ weights - weights)
    return weights


def mirror_bones() -> np.ndarray:
    """(len(BONES),) int: the bone of the other side."""
    swap = {"left": "right", "right": "left"}
    names = [name.split("_", 1) for name in BONES]
    return np.array([index("_".join([swap.get(n[0], n[0]), *n[1:]])) for n in names])


def joint_weights(weights: np.ndarray) -> np.ndarray:
    """(V, 55): each twist bone's weight given to the joint that carries it."""
    carrier = {"upperarm": "shoulder", "forearm": "elbow", "thigh": "hip"}
    out = weights[:, : len(JOINTS)].copy()
    for bone in TWIST_BONES:
        side, part = bone.split("_")
        out[:, index(f"{side}_{carrier[part]}")] += weights[:, index(bone)]
    return out
