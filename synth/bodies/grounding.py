"""Motion and floor: which feet touch it, how deep a body sinks, and fitting a motion to another body shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synth.bodies.contacts import SourceFeet, source_contacts
from synth.bodies.kinematics import (
    JOINT,
    BodyGeometry,
    default_body,
    joint_positions,
    local_pose,
    motion_joints,
    motion_points,
    world_rotations,
)
from synth.bodies.motion import Motion
from synth.bodies.planting import lift_hands, plant_feet
from synth.bodies.rotations import envelope

_SIDES = ("left", "right")
_DENT = 0.015  # m


@dataclass(frozen=True, eq=False)
class FloorContact:
    """lowest (T,): height of the lowest body point, metres; feet (T,2,2) bool: [frame, left/right, heel/ball] rests."""

    lowest: np.ndarray
    feet: np.ndarray


def floor_contact(motion: Motion, body: BodyGeometry) -> FloorContact:
    """Where a motion worn by a body meets the floor: the lowest point of each frame and the feet that rest."""
    lowest = motion_points(motion, body)[..., 2].min(axis=1)
    return FloorContact(lowest=lowest, feet=foot_contacts(motion, body))


def foot_contacts(motion: Motion, body: BodyGeometry) -> np.ndarray:
    """(T,2,2) bool: [frame, left/right, heel/ball] rests on the floor, judged by the body's own foot joints."""
    return source_contacts(_feet(motion, body), motion.fps)


def _feet(motion: Motion, body: BodyGeometry) -> SourceFeet:
    world = world_rotations(motion.full_pose())
    joints = joint_positions(body, world, motion.transl + body.rest_joints[0])
    heels = []
    for side in _SIDES:
        ankle = JOINT[f"{side}_ankle"]
        sole = body.points[body.part == ankle] - body.rest_joints[ankle]
        heel = sole[np.argmin(sole[:, 1] + 0.5 * sole[:, 2])]
        heels.append(joints[:, ankle] + world[:, ankle] @ heel)
    balls = joints[:, [JOINT[f"{side}_foot"] for side in _SIDES]]
    return SourceFeet(ball=balls, heel=np.stack(heels, axis=1))


def adapt_to_shape(motion: Motion, body: BodyGeometry, reference: BodyGeometry | None = None) -> Motion:
    """Fit a motion made for the ``reference`` body (the neutral open body by default) to another ``body``.

    Travel scales with leg length, feet that stand in the motion stand still and flat on the floor z = 0 again. Takes
    a fraction of a second for a few hundred frames.
    """
    reference = reference if reference is not None else default_body()
    contacts = foot_contacts(motion, reference)
    ratio = body.leg_length / reference.leg_length
    hips = motion_joints(motion, reference)[:, [JOINT["left_hip"], JOINT["right_hip"]]].mean(axis=1) * ratio
    world = world_rotations(motion.full_pose())
    at_origin = joint_positions(body, world, np.zeros((len(motion), 3)))
    root = hips - at_origin[:, [JOINT["left_hip"], JOINT["right_hip"]]].mean(axis=1)
    if contacts.any():
        world, root = plant_feet(body, world, root, contacts, motion.fps)
    world = lift_hands(body, world, root, motion.fps)
    adapted = motion.with_full_pose(local_pose(world), root - body.rest_joints[0])
    return _above_floor(adapted, body)


def _above_floor(motion: Motion, body: BodyGeometry) -> Motion:
    """Raise the body for a while where knees, hips or hands would sink in by more than a dent of skin."""
    sunk = np.maximum(0.0, -motion_points(motion, body)[..., 2].min(axis=1) - _DENT)
    if not sunk.any():
        return motion
    lift = envelope(sunk, 0.3, motion.fps)
    return motion.replace(transl=motion.transl + lift[:, None] * [0.0, 0.0, 1.0])
