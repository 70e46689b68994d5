"""Retargeting: the motion of any skeleton -> ``Motion`` on a SMPL-X body.

Limbs point where the source's limbs point. How a bone turns about its own length (twist) comes from the source's
rotations where it has them and from the plane of elbow or knee where it has positions alone. Pelvis, chest, head and
hands take the source's orientation; the spine in between bends evenly. The root travels in proportion to leg length.
Feet are then planted by ``synth.bodies.grounding``.
"""

from __future__ import annotations

import numpy as np

from synth.bodies.contacts import SourceFeet, source_contacts
from synth.bodies.hands import finger_rotations, hand_frame, relaxed_hands
from synth.bodies.kinematics import JOINT, BodyGeometry, joint_positions, local_pose
from synth.bodies.motion import Motion, pose_fields
from synth.bodies.planting import lift_hands, plant_feet
from synth.bodies.rotations import (
    about,
    apply,
    between,
    frame,
    mean_rotation,
    signed_angle,
    smooth,
    swing,
    twist_angle,
    unit,
    yaw_frame,
)
from synth.bodies.skeleton import SIDES, SkeletonClip

# Bending axes at rest in canonical axes: thigh x shin and upper arm x forearm of a bent limb.
_HINGE = {"left_leg": [1.0, 0, 0], "right_leg": [1.0, 0, 0], "left_arm": [0, -1.0, 0], "right_arm": [0, 1.0, 0]}
_FINGER_JOINTS = {"left": range(25, 40), "right": range(40, 55)}
_LIMBS = {"leg": ("hip", "knee", "ankle"), "arm": ("shoulder", "elbow", "wrist")}


def retarget(clip: SkeletonClip, body: BodyGeometry) -> Motion:
    """Retarget a clip to a body; same frames and frame rate, feet on the floor z = 0.

    The floor is the lowest level that a foot stands on. A source without usable fingers gets relaxed hands.
    """
    rest_up = _rest_frame(clip)
    world = np.tile(np.eye(3), (len(clip.positions), 55, 1, 1))
    pelvis = _oriented(clip, "pelvis", _pelvis_frame(clip), rest_up)
    chest = _oriented(clip, "chest", _chest_frame(clip), rest_up)
    _set_spine(world, pelvis, chest)
    for side in SIDES:
        _set_collar(world, clip, side, chest, rest_up)
    _align_torso(world, clip, body)
    _set_head(world, clip, rest_up)
    for side in SIDES:
        _set_limb(world, clip, body, side, "arm", rest_up)
        _set_limb(world, clip, body, side, "leg", rest_up)
    fingers = [_set_hand(world, clip, body, side, rest_up) for side in SIDES]
    for side in SIDES:
        _set_foot(world, clip, body, side, rest_up)

    ratio = body.leg_length / _leg_length(clip)
    hips = (clip.place("left_hip") + clip.place("right_hip")) / 2 * ratio
    at_origin = joint_positions(body, world, np.zeros((len(world), 3)))
    root = hips - (at_origin[:, JOINT["left_hip"]] + at_origin[:, JOINT["right_hip"]]) / 2

    feet = _source_feet(clip, ratio)
    world, root = plant_feet(body, world, root, source_contacts(feet, clip.fps), clip.fps)
    pose = local_pose(lift_hands(body, world, root, clip.fps))
    fields = pose_fields(pose)
    for side, captured in zip(SIDES, fingers, strict=True):
        if not captured:
            fields[f"{side}_hand_pose"] = relaxed_hands(len(pose), clip.fps, side)
    transl = root - body.rest_joints[0]
    return Motion(fps=clip.fps, transl=transl, name=clip.name, source=clip.source, **fields)


def _leg_length(clip: SkeletonClip) -> float:
    total = 0.0
    for side in SIDES:
        hip, knee, ankle = (clip.place(f"{side}_{part}") for part in _LIMBS["leg"])
        total += np.median(np.linalg.norm(knee - hip, axis=1)) + np.median(np.linalg.norm(ankle - knee, axis=1))
    return float(total / 2)


def _source_feet(clip: SkeletonClip, ratio: float) -> SourceFeet:
    """Two points per foot whose rest means contact: near the ball and near the heel (the ankle if there is none)."""
    balls = [clip.place(f"{s}_toe" if f"{s}_toe" in clip.roles else f"{s}_ankle") for s in SIDES]
    heels = [clip.place(f"{s}_heel" if f"{s}_heel" in clip.roles else f"{s}_ankle") for s in SIDES]
    return SourceFeet(ball=np.stack(balls, axis=1) * ratio, heel=np.stack(heels, axis=1) * ratio)


# --- orientation of the trunk -----------------------------------------------------------------------------------------


def _rest_frame(clip: SkeletonClip) -> np.ndarray | None:
    """(3,3) canonical -> rest pose of the source; None without rotations, or when the rest pose is no human stance."""
    if clip.rotations is None or clip.rest is None:
        return None
    rest = {role: clip.rest[j] for role, j in clip.roles.items()}
    upright = frame(rest["left_hip"] - rest["right_hip"], np.array([0.0, 0.0, 1.0]))

    def within(start: str, end: str, canonical: list[float], degrees: float) -> bool:
        direction = unit(rest[end] - rest[start])
        return bool(direction @ (upright @ unit(np.array(canonical))) > np.cos(np.radians(degrees)))

    human = within("pelvis", "head", [0, 1.0, 0], 35)
    for side, sign in zip(SIDES, (1.0, -1.0), strict=True):
        human &= within(f"{side}_hip", f"{side}_ankle", [0, -1.0, 0], 45)
        human &= within(f"{side}_shoulder", f"{side}_wrist", [sign, -0.3, 0], 80)
    return upright if human else None


def _oriented(clip: SkeletonClip, role: str, measured: np.ndarray, rest: np.ndarray | None) -> np.ndarray:
    """Canonical -> world (T,3,3) of a part: by its rotations if there are any, else as measured from positions.

    With rotations but without a human rest pose, the constant between the two is their mean difference.
    """
    if clip.rotations is None:
        return measured
    turned = clip.rotations[:, clip.roles[role]]
    offset = rest if rest is not None else mean_rotation(turned.swapaxes(1, 2) @ measured)
    return turned @ offset


def _pelvis_frame(clip: SkeletonClip) -> np.ndarray:
    middle = (clip.place("left_hip") + clip.place("right_hip")) / 2
    spine = clip.place("spine") - middle
    if np.median(np.linalg.norm(spine, axis=1)) < 0.03:  # the spine begins at the hips: no direction in that
        spine = clip.place("chest") - middle
    return frame(clip.place("left_hip") - clip.place("right_hip"), spine)


def _chest_frame(clip: SkeletonClip) -> np.ndarray:
    roots = [clip.place(f"{s}_collar" if f"{s}_collar" in clip.roles else f"{s}_shoulder") for s in SIDES]
    if np.median(np.linalg.norm(roots[0] - roots[1], axis=1)) < 0.03:  # collar bones that start in one point
        roots = [clip.place(f"{s}_shoulder") for s in SIDES]
    middle = (clip.place("left_hip") + clip.place("right_hip")) / 2
    up = clip.place("neck") - clip.place("chest")
    if np.median(np.linalg.norm(up, axis=1)) < 0.08:
        up = clip.place("neck") - middle
    return frame(roots[0] - roots[1], up)


def _set_spine(world: np.ndarray, pelvis: np.ndarray, chest: np.ndarray) -> None:
    pelvis = _within_spine_limit(pelvis, chest)
    world[:, JOINT["pelvis"]] = pelvis
    for name, part in (("spine1", 1 / 3), ("spine2", 2 / 3), ("spine3", 1.0)):
        world[:, JOINT[name]] = between(pelvis, chest, part)
    world[:, JOINT["neck"]] = chest


def _within_spine_limit(pelvis: np.ndarray, chest: np.ndarray) -> np.ndarray:
    """The pelvis turned after the chest where the spine would have to bend further than spines do (85 degrees)."""
    relative = np.trace(pelvis.swapaxes(1, 2) @ chest, axis1=1, axis2=2)
    angle = np.arccos(np.clip((relative - 1) / 2, -1, 1))
    free, more = np.radians(50), np.radians(35)
    allowed = np.where(angle > free, free + more * (1 - np.exp(-(angle - free) / more)), angle)
    return between(pelvis, chest, 1 - allowed / np.maximum(angle, 1e-9))


def _set_collar(world: np.ndarray, clip: SkeletonClip, side: str, chest: np.ndarray, rest: np.ndarray | None) -> None:
    """Shoulder girdle: how far the collar bone has swung from where it is on average (or at rest) in the chest."""
    joint = JOINT[f"{side}_collar"]
    world[:, joint] = world[:, JOINT["spine3"]]
    role = f"{side}_collar"
    if role not in clip.roles or clip.roles[role] == clip.roles[f"{side}_shoulder"]:
        return
    bone = apply(chest.swapaxes(1, 2), unit(clip.place(f"{side}_shoulder") - clip.place(role)))
    if rest is not None:
        usual = rest.T @ (clip.rest[clip.roles[f"{side}_shoulder"]] - clip.rest[clip.roles[role]])
    else:
        usual = np.median(bone, axis=0)
    moved = swing(usual, bone)
    world[:, joint] = world[:, JOINT["spine3"]] @ between(np.broadcast_to(np.eye(3), moved.shape), moved, 0.8)


def _align_torso(world: np.ndarray, clip: SkeletonClip, body: BodyGeometry) -> None:
    """Lean the spine until mid-hips to mid-shoulders points as in the source; hips and shoulders sit differently."""

    def torso(left_hip, right_hip, left_shoulder, right_shoulder) -> np.ndarray:
        return unit((left_shoulder + right_shoulder) - (left_hip + right_hip))

    wanted = torso(*(clip.place(r) for r in ("left_hip", "right_hip", "left_shoulder", "right_shoulder")))
    names = ("left_hip", "right_hip", "left_shoulder", "right_shoulder")
    pelvis = world[:, JOINT["pelvis"]].copy()
    for _ in range(6):
        joints = joint_positions(body, world, np.zeros((len(world), 3)))
        correction = swing(torso(*(joints[:, JOINT[n]] for n in names)), wanted)
        for collar in ("left_collar", "right_collar"):
            world[:, JOINT[collar]] = correction @ world[:, JOINT[collar]]
        _set_spine(world, pelvis, correction @ world[:, JOINT["spine3"]])


def _set_head(world: np.ndarray, clip: SkeletonClip, rest: np.ndarray | None) -> None:
    chest = world[:, JOINT["spine3"]]
    # The neck's own direction differs between skeletons: only its change counts.
    bone = clip.place("head") - clip.place("neck")
    if np.median(np.linalg.norm(bone, axis=1)) < 0.02:
        bone = clip.place("head") - clip.place("chest")
    leaning = swing(apply(chest, np.median(apply(chest.swapaxes(1, 2), unit(bone)), axis=0)), bone) @ chest
    measured = between(leaning, yaw_frame(leaning), 0.5)  # people keep their heads more level than their trunks
    if "left_head_side" in clip.roles:
        front = clip.place("head_front") - clip.place("head_back")
        left = clip.place("left_head_side") - clip.place("right_head_side")
        measured = frame(left, np.cross(front, left))
    head = _oriented(clip, "head", measured, rest)
    world[:, JOINT["neck"]] = between(chest, head, 0.5)
    world[:, JOINT["head"]] = head
    for name in ("jaw", "left_eye_smplhf", "right_eye_smplhf"):
        world[:, JOINT[name]] = head


# --- limbs ------------------------------------------------------------------------------------------------------------


def _rest_turn(clip: SkeletonClip, rest: np.ndarray, start: str, end: str, direction: np.ndarray) -> np.ndarray:
    """(3,3) canonical -> source's rest pose for a bone: the body's rest frame, swung to the bone's rest direction."""
    bone = clip.rest[clip.roles[end]] - clip.rest[clip.roles[start]]
    return swing(rest @ direction, bone) @ rest


def _set_limb(
    world: np.ndarray, clip: SkeletonClip, body: BodyGeometry, side: str, kind: str, rest: np.ndarray | None
) -> None:
    roles = [f"{side}_{part}" for part in _LIMBS[kind]]
    root, middle, end = (clip.place(role) for role in roles)
    rest_root, rest_middle, rest_end = (body.rest_joints[JOINT[role]] for role in roles)
    upper, lower = unit(middle - root), unit(end - middle)
    parent = world[:, JOINT["pelvis" if kind == "leg" else f"{side}_collar"]]
    hinge = np.array(_HINGE[f"{side}_{kind}"])

    base = swing(apply(parent, unit(rest_middle - rest_root)), upper) @ parent
    hinge_base = apply(base, hinge)
    normal = np.cross(upper, lower)
    bend = np.linalg.norm(normal, axis=-1)
    angle = signed_angle(hinge_base, normal, upper)
    # A straight limb has no plane, and a plane on the wrong side is noise of an overstretched limb.
    weight = np.clip((bend - 0.15) / 0.4, 0, 1) * (np.abs(angle) < np.radians(100 if kind == "leg" else 150))
    if clip.rotations is not None:
        turned = clip.rotations[:, clip.roles[roles[0]]]
        if rest is not None:
            turned = turned @ _rest_turn(clip, rest, roles[0], roles[1], unit(rest_middle - rest_root))
        captured = signed_angle(hinge_base, apply(turned, hinge), upper)
        difference = (weight * np.exp(1j * (angle - captured))).sum() / max(weight.sum(), 1e-9)
        enough = weight.sum() > 0.05 * len(weight) and abs(difference) > 0.8
        twist = captured + (np.angle(difference) if enough else 0.0)
    else:
        total = weight * np.exp(1j * angle) + 0.02
        if kind == "leg" and f"{side}_toe" in clip.roles:  # a straight leg turns where its foot points
            sideways = np.cross(-upper, unit(clip.place(f"{side}_toe") - end))
            certainty = 0.3 * np.clip(np.linalg.norm(sideways, axis=-1) - 0.4, 0, 1)
            total = total + certainty * np.exp(1j * signed_angle(hinge_base, sideways, upper))
        twist = np.angle(smooth(total.real, 0.06, clip.fps) + 1j * smooth(total.imag, 0.06, clip.fps))
    first = about(upper, twist) @ base
    world[:, JOINT[roles[0]]] = first
    world[:, JOINT[roles[1]]] = swing(apply(first, unit(rest_end - rest_middle)), lower) @ first


def _set_hand(world: np.ndarray, clip: SkeletonClip, body: BodyGeometry, side: str, rest: np.ndarray | None) -> bool:
    """Wrist and fingers, and the forearm's share of the wrist's twist. Returns whether fingers were captured."""
    wrist, elbow = JOINT[f"{side}_wrist"], JOINT[f"{side}_elbow"]
    forearm = world[:, elbow]
    direction = unit(body.rest_joints[wrist] - body.rest_joints[elbow])
    hand = forearm
    measured = hand_frame(clip, body, side)
    if measured is not None:
        hand = measured
    elif clip.rotations is not None:
        turned = clip.rotations[:, _hand_joint(clip, side)]
        if rest is not None:
            hand = turned @ _rest_turn(clip, rest, f"{side}_elbow", f"{side}_wrist", direction)
        else:
            # rigs without a human rest pose give forearm and hand the same axes at rest
            offset = mean_rotation(clip.rotations[:, clip.roles[f"{side}_elbow"]].swapaxes(1, 2) @ forearm)
            hand = turned @ offset
    twist = twist_angle(forearm.swapaxes(1, 2) @ hand, direction)
    world[:, elbow] = about(apply(forearm, direction), 0.6 * twist) @ forearm
    world[:, [wrist, *_FINGER_JOINTS[side]]] = hand[:, None]
    captured = finger_rotations(clip, body, side, hand)
    for joint, rotation in captured.items():
        world[:, joint] = rotation
    return bool(captured)


def _hand_joint(clip: SkeletonClip, side: str) -> int:
    """The joint that carries the hand's rotation: CMU's ASF has a wrist for the forearm's twist and a hand after it."""
    wrist = clip.roles[f"{side}_wrist"]
    for j, parent in enumerate(clip.parents):
        if parent == wrist and clip.joints[j].lower() in (f"{side[0]}hand", f"{side}fingerbase"):
            return j
    return wrist


def _set_foot(world: np.ndarray, clip: SkeletonClip, body: BodyGeometry, side: str, rest: np.ndarray | None) -> None:
    ankle, toe = JOINT[f"{side}_ankle"], JOINT[f"{side}_foot"]
    shin = world[:, JOINT[f"{side}_knee"]]
    if f"{side}_toe" not in clip.roles:
        world[:, ankle] = world[:, toe] = shin
        return
    direction = unit(body.rest_joints[toe] - body.rest_joints[ankle])
    pointing = clip.place(f"{side}_toe") - clip.place(f"{side}_ankle")
    foot = swing(apply(shin, direction), pointing) @ shin
    if clip.rotations is not None and rest is not None:
        bone = clip.rest[clip.roles[f"{side}_toe"]] - clip.rest[clip.roles[f"{side}_ankle"]]
        flat = bone * [1.0, 1.0, 0.0]
        outward = swing(rest[:, 2], flat) @ rest if np.linalg.norm(flat) > 0.03 else rest
        foot = clip.rotations[:, clip.roles[f"{side}_ankle"]] @ outward
    foot = _level(foot, clip, side)
    world[:, ankle] = world[:, toe] = foot


def _level(foot: np.ndarray, clip: SkeletonClip, side: str) -> np.ndarray:
    """Turn the foot by the constant that makes it level while it stands: ankle and toes still, and low."""
    ankle, toe = clip.place(f"{side}_ankle"), clip.place(f"{side}_toe")
    speed = np.linalg.norm(np.gradient(smooth(np.stack([ankle, toe], 1), 0.02, clip.fps), axis=0), axis=-1) * clip.fps
    low = (ankle[:, 2] < np.quantile(ankle[:, 2], 0.02) + 0.06) & (toe[:, 2] < np.quantile(toe[:, 2], 0.02) + 0.04)
    still = (speed < 0.2).all(axis=1) & low
    if still.sum() < 0.05 * clip.fps:
        return foot
    offsets = (foot.swapaxes(1, 2) @ yaw_frame(foot))[still]
    return foot @ mean_rotation(offsets)
