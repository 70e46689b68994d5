"""``Puppet`` -> ``Motion``: inverse kinematics of legs and arms, the spine's share of bends, balance over the feet."""

from __future__ import annotations

import numpy as np
from scipy.special import softplus

from synth.bodies.kinematics import JOINT, NUM_JOINTS, joint_positions, local_pose
from synth.bodies.motion import Motion, pose_fields
from synth.bodies.rotations import about, apply, between, signed_angle, swing, unit
from synth.bodies.synth_motion.hands import hand_pose
from synth.bodies.synth_motion.puppet import SIDES, SIGN, Arm, Puppet, hip_middle
from synth.bodies.synth_motion.turns import bone_frame, facing, rx, ry, rz
from synth.conventions import PARENTS

# Shares of the trunk's bend that its three joints take, and how the neck and the head part theirs.
_SPINE = (("spine1", 0.4), ("spine2", 0.3), ("spine3", 0.3))
_FIRST_FINGER = {"left": JOINT["left_index1"], "right": JOINT["right_index1"]}
_HINGE = 150.0  # degrees that elbows and knees bend
_ROUND = 0.012  # m: how softly legs come to their full length
# Mass of body segments in shares of the whole (Dempster 1955 by Winter 2009), from joint to joint
_SEGMENTS = (
    ("pelvis", "spine1", 0.142), ("spine1", "spine3", 0.139), ("spine3", "neck", 0.216), ("neck", "head", 0.081),
    *((f"{s}_{a}", f"{s}_{b}", m) for s in SIDES for a, b, m in (
        ("shoulder", "elbow", 0.028), ("elbow", "wrist", 0.016), ("wrist", "middle1", 0.006),
        ("hip", "knee", 0.1), ("knee", "ankle", 0.0465), ("ankle", "foot", 0.0145))),
)  # fmt: skip


def centre_of_mass(joints: np.ndarray) -> np.ndarray:
    """(T,3) of joints (T,55,3), metres, by standard segment masses."""
    out = np.zeros((len(joints), 3))
    for start, end, mass in _SEGMENTS:
        share = 1.4 if end == "head" else 0.5  # the head's mass lies beyond its joint
        out += mass * (joints[:, JOINT[start]] * (1 - share) + joints[:, JOINT[end]] * share)
    return out / sum(mass for _, _, mass in _SEGMENTS)


def solve(puppet: Puppet, name: str, fps: float) -> Motion:
    """The puppet's frames as a motion of its body; frame k is ``puppet.t[k]``."""
    hips = puppet.hips.copy()
    world, root, joints = _pose(puppet, hips)
    if puppet.balance.any():
        goal = _support(puppet)
        for _ in range(3):
            error = (centre_of_mass(joints)[:, :2] - goal) * puppet.balance[:, None]
            hips[:, :2] -= 0.9 * error
            world, root, joints = _pose(puppet, hips)
    fields = pose_fields(local_pose(world))
    for k, field in enumerate(("leye_pose", "reye_pose")):
        toe_in = (-1.0, 1.0)[k]  # eyes that look at something near
        vector = np.radians(np.stack([puppet.eyes[:, 1], puppet.eyes[:, 0] + toe_in, 0 * puppet.t], axis=1))
        fields[field] = vector
    fields["jaw_pose"] = np.radians(np.stack([puppet.jaw, 0 * puppet.jaw, 0 * puppet.jaw], axis=1))
    transl = root - puppet.body.rest_joints[0]
    return Motion(fps=fps, transl=transl, expression=puppet.expression, name=name, source="synthesised", **fields)


def _support(puppet: Puppet) -> np.ndarray:
    """(T,2) where the centre of mass belongs: before the ankles, between the feet by their share of the weight."""
    places = []
    for side in SIDES:
        foot, sole = puppet.feet[side], puppet.soles[side]
        ball = foot.ankle + apply(foot.turn @ sole.level.T, sole.ball)
        places.append(0.55 * foot.ankle[:, :2] + 0.45 * ball[:, :2])
    return places[0] * puppet.share[:, None] + places[1] * (1 - puppet.share[:, None])


def _pose(puppet: Puppet, hips: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    body, count = puppet.body, len(puppet.t)
    world = np.tile(np.eye(3), (count, NUM_JOINTS, 1, 1))
    upright = facing(puppet.yaw)
    pelvis = upright @ rz(puppet.sway) @ rx(puppet.tilt)
    world[:, 0] = pelvis
    chest = pelvis
    for joint, share in _SPINE:
        chest = chest @ ry(share * puppet.twist) @ rz(share * puppet.lean) @ rx(share * puppet.bend)
        world[:, JOINT[joint]] = chest
    _head(puppet, world, chest)

    middle = hips.copy()
    if not puppet.free_hips:
        middle[:, 2] = _lowered(puppet, middle, pelvis)
    root = middle - apply(pelvis, hip_middle(body))
    for side in SIDES:
        _leg(puppet, side, world, root)
        _arm(puppet, side, world, root, chest)
    return world, root, joint_positions(body, world, root)


def _head(puppet: Puppet, world: np.ndarray, chest: np.ndarray) -> None:
    """The head part way between following the chest and staying upright, then turned; the neck takes part of it."""
    steady = facing(puppet.yaw) @ ry(0.35 * puppet.twist)
    base = between(chest, steady, puppet.steady)
    head = base @ ry(puppet.look) @ rz(puppet.roll) @ rx(puppet.nod)
    world[:, JOINT["head"]] = head
    world[:, JOINT["neck"]] = between(chest, head, 0.45)
    for joint in ("jaw", "left_eye_smplhf", "right_eye_smplhf"):
        world[:, JOINT[joint]] = head


def _lengths(puppet: Puppet, chain: tuple[str, str, str]) -> tuple[np.ndarray, np.ndarray]:
    rest = puppet.body.rest_joints
    a, b, c = (rest[JOINT[n]] for n in chain)
    return b - a, c - b


def _lowered(puppet: Puppet, middle: np.ndarray, pelvis: np.ndarray) -> np.ndarray:
    """(T,) height of the hips, softly kept where both legs reach their ankles."""
    rest, height = puppet.body.rest_joints, middle[:, 2].copy()
    for side in SIDES:
        hip = apply(pelvis, rest[JOINT[f"{side}_hip"]] - rest[0] - hip_middle(puppet.body))
        upper, lower = _lengths(puppet, (f"{side}_hip", f"{side}_knee", f"{side}_ankle"))
        reach = puppet.reach_limit * (np.linalg.norm(upper) + np.linalg.norm(lower))
        ankle = puppet.feet[side].ankle
        apart = np.linalg.norm((middle + hip - ankle)[:, :2], axis=1)
        most = ankle[:, 2] + np.sqrt(np.maximum(reach**2 - apart**2, 0.01)) - hip[:, 2]
        height -= _ROUND * softplus((height - most) / _ROUND)
    return height


def _chain(puppet, world, root, chain, goal, pole) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Directions (T,3) of two bones that bring the chain's end to ``goal``, the middle bent towards ``pole``."""
    upper, lower = (np.linalg.norm(v) for v in _lengths(puppet, chain))
    start = _place(puppet, world, root, chain[0])
    way = goal - start
    distance = np.linalg.norm(way, axis=1, keepdims=True)
    nearest = np.sqrt(upper**2 + lower**2 + 2 * upper * lower * np.cos(np.radians(_HINGE)))
    distance = np.clip(distance, nearest, 0.9985 * (upper + lower))
    frame = bone_frame(way, pole)
    along = (upper**2 - lower**2 + distance**2) / (2 * distance)
    aside = np.sqrt(np.maximum(upper**2 - along**2, 0.0))
    middle = frame[..., 0] * along + frame[..., 1] * aside
    return unit(middle), unit(frame[..., 0] * distance - middle), frame[..., 1]


def _place(puppet: Puppet, world: np.ndarray, root: np.ndarray, joint: str) -> np.ndarray:
    rest, index = puppet.body.rest_joints, JOINT[joint]
    line = [index]
    while PARENTS[line[-1]] >= 0:
        line.append(PARENTS[line[-1]])
    place = root.copy()
    for parent, child in zip(line[::-1][:-1], line[::-1][1:], strict=True):
        place = place + apply(world[:, parent], rest[child] - rest[parent])
    return place


def _leg(puppet: Puppet, side: str, world: np.ndarray, root: np.ndarray) -> None:
    """Thigh and shin as one hinge in the plane of hip, ankle and the way that knee and foot point."""
    chain = tuple(f"{side}_{part}" for part in ("hip", "knee", "ankle"))
    foot = puppet.feet[side]
    level = foot.turn @ puppet.soles[side].level.T
    hip = _place(puppet, world, root, chain[0])
    way = foot.ankle - hip
    # Ahead is where foot and pelvis face when the leg hangs from them; a leg that swings takes it along. A foot on its
    # tip points down: its toes still tell where it faces.
    ahead = unit(level[..., 2] + foot.toes[..., 2])
    ahead = apply(swing(np.array([0.0, 0.0, -1.0]), way), ahead)
    ahead = unit(ahead + 0.9 * apply(swing(-world[:, 0, :, 1], way), world[:, 0, :, 2]))
    out = SIGN[side] * world[:, 0, :, 0]
    angle = np.radians(foot.splay)[:, None]
    pole = ahead * np.cos(angle) + out * np.sin(angle)
    thigh, shin, bent = _chain(puppet, world, root, chain, foot.ankle, pole)
    upper, lower = _lengths(puppet, chain)
    forward = np.array([0.0, 0.0, 1.0])
    world[:, JOINT[chain[0]]] = bone_frame(thigh, bent) @ bone_frame(upper, forward).T
    # the shin's plane is the thigh's, its front is perpendicular to the bone
    front = np.cross(np.cross(thigh, bent), shin)
    world[:, JOINT[chain[1]]] = bone_frame(shin, front) @ bone_frame(lower, forward).T
    world[:, JOINT[chain[2]]] = foot.turn
    world[:, JOINT[f"{side}_foot"]] = foot.toes


def _arm(puppet: Puppet, side: str, world: np.ndarray, root: np.ndarray, chest: np.ndarray) -> None:
    arm, sign = puppet.arms[side], SIGN[side]
    names = tuple(f"{side}_{part}" for part in ("collar", "shoulder", "elbow", "wrist"))
    collar, shoulder, elbow, wrist = (JOINT[n] for n in names)
    hang = rz(-90.0 * sign)
    # 1. the arm as its angles say, relative to the chest
    upper = rx(-arm.flex) @ rz(sign * arm.out) @ hang @ rx(arm.rotate)
    fore = upper @ ry(-sign * arm.elbow)
    bone_u, bone_l = _lengths(puppet, names[1:])
    along_u, along_l = apply(chest @ upper, bone_u), apply(chest @ fore, bone_l)
    world[:, collar] = chest @ _collar(apply(upper, bone_u), sign)
    start = _place(puppet, world, root, names[1])
    goal = start + along_u + along_l
    weight = arm.weight[:, None]
    reach = weight.max() > 0
    if reach:  # 2. and part way to where the hand is wanted
        goal = goal + weight * (_reach(puppet, arm, world, root) - goal)
        goal = goal + 4 * weight * (1 - weight) * apply(chest, np.array(arm.arc) * puppet.size)
        towards = apply(chest.swapaxes(1, 2), unit(goal - start))
        collars = _collar(towards, sign)
        world[:, collar] = chest @ between(chest.swapaxes(1, 2) @ world[:, collar], collars, arm.weight)
        line = unit(along_u + along_l)
        bent = unit(along_u - line * (along_u * line).sum(-1, keepdims=True) + 1e-4 * apply(chest, arm.pole))
        pole = _elbow_way(unit(goal - start), chest, bent, apply(chest, arm.pole), arm.weight, sign)
        along_u, along_l, aside = _chain(puppet, world, root, names[1:], goal, pole)
        # the elbow is a hinge: the forearm bends away from where the elbow points
        forward = np.array([0.0, 0.0, 1.0])
        world[:, shoulder] = bone_frame(along_u, -aside) @ bone_frame(bone_u, forward).T
        front = np.cross(along_l, world[:, shoulder, :, 1]) * sign
        world[:, elbow] = bone_frame(along_l, front) @ bone_frame(bone_l, forward).T
    else:
        world[:, shoulder], world[:, elbow] = chest @ upper, chest @ fore
    _hand(puppet, side, world, arm, sign, elbow, wrist)


def _elbow_way(line, chest, now, wished, weight, sign: float) -> np.ndarray:
    """(T,3) where the elbow points, part way from ``now`` to ``wished``, turned about the arm's line by way of outside,
    as elbows do: the shorter way may lead through the chest, and flips where both are opposite."""
    outside = apply(chest, np.array([sign, -0.5, -0.6]))
    outside = unit(outside - (outside * line).sum(-1, keepdims=True) * line)
    angle = (1 - weight) * signed_angle(outside, now, line) + weight * signed_angle(outside, wished, line)
    return apply(about(line, angle), outside)


def _reach(puppet: Puppet, arm: Arm, world: np.ndarray, root: np.ndarray) -> np.ndarray:
    if arm.frame == "world":
        return arm.reach
    return _place(puppet, world, root, arm.frame) + apply(world[:, JOINT[arm.frame]], arm.reach * puppet.size)


def _hand(puppet, side, world, arm, sign, elbow, wrist) -> None:
    """Palm and fingers; what the palm turns about the forearm's length is shared by forearm and wrist."""
    hinge = world[:, elbow]
    angles = hinge @ rx(arm.pronate) @ rz(-sign * arm.wrist)
    palm = angles
    if arm.palm_weight.any():
        wanted = arm.palm if arm.frame == "world" else world[:, JOINT[arm.frame]] @ arm.palm
        palm = between(angles, wanted, arm.palm_weight)
    local = hinge.swapaxes(1, 2) @ palm
    axis = local[..., 0] * sign  # where the hand points, seen from the forearm
    aim = swing(np.array([sign, 0.0, 0.0]), axis)
    turned = aim.swapaxes(1, 2) @ local
    twist = np.degrees(np.arctan2(turned[:, 2, 1], turned[:, 1, 1]))
    twist = np.clip(twist, -85.0, 110.0)
    world[:, elbow] = hinge @ rx(0.6 * twist)
    # a wrist bends by some 75 degrees at most
    bent = np.arccos(np.clip((axis * [sign, 0, 0]).sum(-1), -1, 1))
    limit = np.minimum(1.0, np.radians(75) / np.maximum(bent, 1e-6))
    aim = between(np.broadcast_to(np.eye(3), aim.shape), aim, limit)
    world[:, wrist] = hinge @ aim @ rx(twist)
    fingers = hand_pose(side, arm.curl, arm.spread)
    first = _FIRST_FINGER[side]
    for f in range(5):
        parent = world[:, wrist]
        for joint in range(3):
            parent = parent @ fingers[:, f, joint]
            world[:, first + 3 * f + joint] = parent


def _collar(direction: np.ndarray, sign: float) -> np.ndarray:
    """Collar (T,3,3) against the chest for an upper arm that points along ``direction`` (T,3) in the chest's axes: it
    rises with an arm lifted above the horizontal and comes forward with an arm that reaches across."""
    direction = unit(direction)
    raised = np.degrees(np.arccos(np.clip(-direction[:, 1], -1, 1)))
    x = np.clip((raised - 25.0) / 140.0, 0, 1)
    lift = -5.0 + 34.0 * x * x * (3 - 2 * x)
    ahead = np.clip(direction[:, 2], -0.6, 1.0) * np.clip(raised / 90.0, 0, 1)
    across = np.clip(-sign * direction[:, 0], 0.0, 1.0)
    forward = 10.0 * ahead + 12.0 * across
    return ry(-sign * forward) @ rz(sign * lift)
