"""Planting feet: feet that stand are level, on the floor and do not slide, and the legs follow by inverse kinematics.

Between two stances the corrections of a foot run over smoothly (cubic Hermite in place, slerp in orientation), so a
swing keeps the shape it had and nothing pops.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicHermiteSpline
from scipy.ndimage import distance_transform_edt

from synth.bodies.contacts import runs
from synth.bodies.kinematics import JOINT, BodyGeometry, joint_positions, skin_points
from synth.bodies.rotations import about, apply, between, envelope, mean_rotation, smooth, swing, unit, yaw_frame

_SIDES = ("left", "right")
_STEP = 0.06  # m: a foot that rests higher than this stands on something, and is left at its height


@dataclass(frozen=True, eq=False)
class Sole:
    """One foot at rest, relative to its ankle, after the turn ``level`` that makes the sole level."""

    level: np.ndarray  # (3,3)
    ball: np.ndarray  # (3,) the joint of the toes
    heel: np.ndarray  # (3,) lowest point under the heel
    tip: np.ndarray  # (3,) foremost point of the toes
    ankle_height: float  # of the ankle above the floor when the foot stands
    points: np.ndarray  # indices of the hull points of the foot


def sole_of(body: BodyGeometry, side: str) -> Sole:
    ankle, toe = JOINT[f"{side}_ankle"], JOINT[f"{side}_foot"]
    rest = body.rest_joints
    points = np.flatnonzero((body.part == ankle) | (body.part == toe))
    relative = body.points[points] - rest[ankle]
    ball = rest[toe] - rest[ankle]
    back = relative[:, 2] < 0.35 * ball[2]
    heel, front = (relative[m][np.argmin(relative[m, 1])] for m in (back, ~back))
    # heel and ball of the rest pose may not be equally low
    level = about(np.array([1.0, 0, 0]), np.arctan2(front[1] - heel[1], front[2] - heel[2]))
    tip = relative[np.argmax(relative[:, 2])]
    return Sole(level, level @ ball, level @ heel, level @ tip, float(-(relative @ level.T)[:, 1].min()), points)


def plant_feet(
    body: BodyGeometry, world: np.ndarray, root: np.ndarray, contacts: np.ndarray, fps: float
) -> tuple[np.ndarray, np.ndarray]:
    """Put standing feet still and level on the floor z = 0.

    world (T,55,3,3) and root (T,3; the pelvis joint) are the wished motion with any constant height above the floor;
    contacts (T,2,2) as of ``source_contacts``. Returns the new world rotations and root.
    """
    world, root = world.copy(), root.copy()
    soles = [sole_of(body, side) for side in _SIDES]
    joints = joint_positions(body, world, root)
    root = root - [0, 0, _floor_level(body, world, joints, contacts, soles)]
    joints = joint_positions(body, world, root)

    goals = np.empty((len(root), 2, 3))
    offsets = np.zeros_like(goals)
    for s, side in enumerate(_SIDES):
        ankle, toe = JOINT[f"{side}_ankle"], JOINT[f"{side}_foot"]
        foot, flat = _foot_orientation(world[:, ankle], contacts[:, s], soles[s])
        world[:, ankle] = foot
        world[:, toe] = _toe_orientation(foot, soles[s], contacts[:, s], fps)
        offsets[:, s] = _offsets(joints[:, ankle], foot, flat, contacts[:, s], soles[s], fps)
        goals[:, s] = joints[:, ankle] + offsets[:, s]

    # What both feet ask for is the body's place; legs then need to bend less.
    root = root + smooth(offsets.mean(axis=1), 0.2, fps)
    for _ in range(2):
        goals += _lift(body, world, root, goals, contacts, soles, fps)
    root = root - _lowering(body, world, root, goals, contacts, fps)
    return reach_feet(body, world, root, goals), root


def _floor_level(body, world, joints, contacts, soles) -> float:
    """Height of the floor under the wished motion: the low end of what standing feet touch, else the lowest point."""
    lows = []
    for s in range(2):
        low = skin_points(body, world, joints, soles[s].points)[..., 2].min(axis=1)
        standing = contacts[:, s].any(axis=1)
        lows.append(low[standing] if standing.any() else np.array([np.inf]))
    level = np.concatenate(lows)
    if np.isfinite(level).any():
        return float(np.quantile(level[np.isfinite(level)], 0.1))
    return float(skin_points(body, world, joints)[..., 2].min())


def _foot_orientation(foot: np.ndarray, contact: np.ndarray, sole: Sole) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """The foot level and facing one way while heel and ball both rest; elsewhere corrected smoothly in between."""
    flat = runs(contact.all(axis=1))
    if not flat:
        return foot, flat
    correction = np.tile(np.eye(3), (len(foot), 1, 1))
    for start, stop in flat:
        standing = yaw_frame(mean_rotation(foot[start:stop])) @ sole.level
        correction[start:stop] = standing @ foot[start:stop].swapaxes(1, 2)
    first, last = flat[0][0], flat[-1][1] - 1
    correction[:first], correction[last + 1 :] = correction[first], correction[last]
    for (_, stop), (start, _) in zip(flat[:-1], flat[1:], strict=True):
        before, after = correction[stop - 1], correction[start]
        x = np.arange(1, start - stop + 1) / (start - stop + 1)
        shape = (len(x), 3, 3)
        ease = x * x * (3 - 2 * x)
        correction[stop:start] = between(np.broadcast_to(before, shape), np.broadcast_to(after, shape), ease)
    return correction @ foot, flat


def _toe_orientation(foot: np.ndarray, sole: Sole, contact: np.ndarray, fps: float) -> np.ndarray:
    """Toes stay level on the floor while the heel lifts off them; in the air they are in line with the foot."""
    level = yaw_frame(foot) @ sole.level
    on_floor = 1.0 - _away(contact[:, 1], 0.2, fps)
    toe = between(foot, level, on_floor)
    # toes bend up by as much as feet do, and hardly down
    pitch = np.arcsin(np.clip(-(foot @ sole.level.T)[:, 2, 2], -1, 1))
    return between(foot, toe, np.where(pitch > 0, np.minimum(1.0, np.radians(60) / np.maximum(pitch, 1e-6)), 1.0))


def _offsets(ankle, foot, flat, contact, sole: Sole, fps: float) -> np.ndarray:
    """(T,3) what to add to the ankle's wished place so that a standing foot keeps its ball or heel where it is."""
    ball = ankle + foot @ (sole.level.T @ sole.ball)
    heel = ankle + foot @ (sole.level.T @ sole.heel)
    goal = np.full_like(ankle, np.nan)
    is_flat = contact.all(axis=1)
    # 1. the ball stays; its place is where it is while the foot is flat, if it is
    for start, stop in runs(contact[:, 1]):
        within = is_flat[start:stop] if is_flat[start:stop].any() else slice(None)
        place = ball[start:stop][within].mean(axis=0)
        support = place[2] - (sole.ball[1] + sole.ankle_height)
        place[2] -= support if abs(support) < _STEP else 0.0
        goal[start:stop] = place - foot[start:stop] @ (sole.level.T @ sole.ball)
    # 2. on the heel alone it stays where the flat foot next to it has it
    near = max(1, round(0.08 * fps))
    for start, stop in runs(contact[:, 0]):
        alone = start + np.flatnonzero(np.isnan(goal[start:stop, 0]))
        around = np.arange(max(0, start - near), min(len(goal), stop + near))
        known = around[~np.isnan(goal[around, 0])]
        if len(known):
            spots = goal[known] + foot[known] @ (sole.level.T @ sole.heel)
            spot = np.stack([np.interp(alone, known, spots[:, axis]) for axis in range(3)], axis=1)
        else:
            spot = heel[start:stop].mean(axis=0)
            support = spot[2] - (sole.heel[1] + sole.ankle_height)
            spot[2] -= support if abs(support) < _STEP else 0.0
        goal[alone] = spot - foot[alone] @ (sole.level.T @ sole.heel)
    return _bridge(goal - ankle, fps)


def _bridge(offsets: np.ndarray, fps: float) -> np.ndarray:
    """Fill the gaps (NaN) between stances by cubics that begin and end with the speed of their neighbours."""
    known = ~np.isnan(offsets[:, 0])
    if not known.any():
        return np.zeros_like(offsets)
    filled = offsets.copy()
    frames = np.arange(len(offsets))
    for start, stop in runs(~known):
        if start == 0 or stop == len(offsets):
            filled[start:stop] = offsets[stop if start == 0 else start - 1]
            continue

        left, right = start - 1, stop
        slopes = np.zeros((2, 3))
        if left > 0 and known[left - 1]:
            slopes[0] = offsets[left] - offsets[left - 1]
        if right + 1 < len(known) and known[right + 1]:
            slopes[1] = offsets[right + 1] - offsets[right]
        # a steep slope carried over a long gap would throw the foot far off
        limit = 0.02 / (stop - start)
        slopes *= np.minimum(1.0, limit / np.maximum(np.linalg.norm(slopes, axis=1, keepdims=True), 1e-9))
        curve = CubicHermiteSpline([left, right], offsets[[left, right]], slopes)
        filled[start:stop] = curve(frames[start:stop])
    return filled


def _away(contact: np.ndarray, seconds: float, fps: float) -> np.ndarray:
    """(T,) 0 during contact, rising smoothly to 1 over the ``seconds`` before and after it."""
    if not contact.any():
        return np.ones(len(contact))
    x = np.clip(distance_transform_edt(~contact) / (seconds * fps), 0, 1)
    return x * x * (3 - 2 * x)


def _lift(body, world, root, goals, contacts, soles, fps) -> np.ndarray:
    """(T,2,3) upward correction of swinging feet that would dip into the floor."""
    moved = reach_feet(body, world, root, goals)
    joints = joint_positions(body, moved, root)
    lift = np.zeros_like(goals)
    for s in range(2):
        low = skin_points(body, moved, joints, soles[s].points)[..., 2].min(axis=1)
        away = _away(contacts[:, s].any(axis=1), 0.06, fps)
        lift[:, s, 2] = away * envelope(np.maximum(0.0, -low) * (away > 0), 0.05, fps)
    return lift


def _lowering(body, world, root, goals, contacts, fps) -> np.ndarray:
    """(T,3) how far the pelvis must come down so that standing feet are within reach."""
    joints = joint_positions(body, world, root)
    need = np.zeros(len(root))
    for s, side in enumerate(_SIDES):
        hip, reach = joints[:, JOINT[f"{side}_hip"]], 0.998 * _leg(body, side).sum()
        apart = np.linalg.norm((hip - goals[:, s])[:, :2], axis=1)
        highest = goals[:, s, 2] + np.sqrt(np.maximum(reach**2 - apart**2, 0.0))
        need = np.maximum(need, np.where(contacts[:, s].any(axis=1), hip[:, 2] - highest, 0.0))
    return np.stack([np.zeros_like(need), np.zeros_like(need), envelope(need, 0.15, fps)], axis=1)


def _leg(body: BodyGeometry, side: str) -> np.ndarray:
    hip, knee, ankle = (body.rest_joints[JOINT[f"{side}_{part}"]] for part in ("hip", "knee", "ankle"))
    return np.array([np.linalg.norm(knee - hip), np.linalg.norm(ankle - knee)])


def reach_feet(body: BodyGeometry, world: np.ndarray, root: np.ndarray, goals: np.ndarray) -> np.ndarray:
    """Legs whose ankles are at ``goals`` (T,2,3), knees bent the way they were."""
    chains = [tuple(f"{side}_{part}" for part in ("hip", "knee", "ankle")) for side in _SIDES]
    for s, chain in enumerate(chains):
        # the knee of a straight leg is in front of it
        front = np.cross(_bone(body, world, root, chain), world[:, JOINT[chain[0]], :, 0])
        world = _two_bones(body, world, root, chain, goals[:, s], front)
    return world


def lift_hands(body: BodyGeometry, world: np.ndarray, root: np.ndarray, fps: float) -> np.ndarray:
    """Bend the arms of hands that would sink into the floor z = 0, smoothly; hands keep their orientation."""
    joints = joint_positions(body, world, root)
    for side in _SIDES:
        chain = tuple(f"{side}_{part}" for part in ("shoulder", "elbow", "wrist"))
        wrist = JOINT[chain[2]]
        fingers = range(25, 40) if side == "left" else range(40, 55)
        points = np.flatnonzero((body.part == wrist) | np.isin(body.part, fingers))
        rise = np.maximum(0.0, 0.003 - skin_points(body, world, joints, points)[..., 2].min(axis=1))
        if rise.max() > 0.003:
            goal = joints[:, wrist].copy()
            goal[:, 2] += envelope(rise, 0.15, fps)
            world = _two_bones(body, world, root, chain, goal, np.zeros(3))
    return world


def _bone(body: BodyGeometry, world: np.ndarray, root: np.ndarray, chain: tuple[str, str, str]) -> np.ndarray:
    joints = joint_positions(body, world, root)
    return unit(joints[:, JOINT[chain[2]]] - joints[:, JOINT[chain[0]]])


def _two_bones(body, world, root, chain: tuple[str, str, str], goal: np.ndarray, fallback: np.ndarray) -> np.ndarray:
    """Two-bone inverse kinematics: bring the chain's end to ``goal`` (T,3), or as near as it reaches.

    The middle joint stays on the side it was on; that of a straight chain goes towards ``fallback``.
    """
    world = world.copy()
    joints = joint_positions(body, world, root)
    start, middle, end = (JOINT[name] for name in chain)
    rest = body.rest_joints
    upper, lower = np.linalg.norm(rest[middle] - rest[start]), np.linalg.norm(rest[end] - rest[middle])
    old, new = unit(joints[:, end] - joints[:, start]), goal - joints[:, start]
    distance = np.linalg.norm(new, axis=1, keepdims=True)
    distance = np.clip(distance, abs(upper - lower) + 1e-3, 0.9995 * (upper + lower))
    direction = unit(new)
    bent = joints[:, middle] - joints[:, start]
    bent = bent - (bent * old).sum(axis=1, keepdims=True) * old
    pole = apply(swing(old, new), bent + 0.02 * fallback)
    pole = unit(pole - (pole * direction).sum(axis=1, keepdims=True) * direction)
    along = (upper**2 - lower**2 + distance**2) / (2 * distance)
    at_middle = along * direction + np.sqrt(np.maximum(upper**2 - along**2, 0.0)) * pole
    at_end = distance * direction
    world[:, start] = swing(joints[:, middle] - joints[:, start], at_middle) @ world[:, start]
    world[:, middle] = swing(joints[:, end] - joints[:, middle], at_end - at_middle) @ world[:, middle]
    return world
