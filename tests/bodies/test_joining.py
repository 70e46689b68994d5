"""Motions joined: no step in pose or speed, the root where it was, feet planted again."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from synth.bodies.catalogue import load_library
from synth.bodies.config import BodiesConfig, assets_folder
from synth.bodies.joining import join, retime
from synth.bodies.kinematics import default_body, motion_joints
from synth.bodies.motion import load_motion, resample, slice_seconds
from synth.bodies.movement import person_motion
from synth.conventions import ThfmError
from synth.spec.model import MotionSpec, NextPart
from tests.bodies import judge


@pytest.fixture(scope="module")
def parts():
    walk = resample(load_motion(assets_folder() / "motions" / "walk_and_pause.npz"), 30.0)
    other = resample(load_motion(assets_folder() / "motions" / "stand_and_look.npz"), 30.0)
    return slice_seconds(walk, 0.5, 3.5), slice_seconds(other, 0.3, 2.9)


def steps(motion):
    """Largest move of any joint between two frames, and largest change of that move, metres."""
    joints = motion_joints(motion, default_body())[:, :22]
    return tuple(np.linalg.norm(np.diff(joints, order, axis=0), axis=-1).max() for order in (1, 2))


def test_joined_motions_flow(parts):
    first, second = parts
    joined = join(first, second, 0.5)
    assert len(joined) == len(first) + len(second) - 16
    move, change = (max(values) for values in zip(steps(first), steps(second), strict=True))
    assert steps(joined)[0] < 1.5 * move + 0.01 and steps(joined)[1] < 1.5 * change + 0.01
    np.testing.assert_allclose(joined.body_pose[: len(first) - 16], first.body_pose[:-16], atol=1e-9)
    np.testing.assert_allclose(joined.body_pose[len(first) :], second.body_pose[16:], atol=1e-9)
    # behind the blend it is the second motion as a whole, turned about the vertical and moved over the floor
    tail = (
        Rotation.from_rotvec(joined.global_orient[len(first) :]) * Rotation.from_rotvec(second.global_orient[16:]).inv()
    )
    assert (tail[0].inv() * tail).magnitude().max() < 1e-6
    assert abs(tail[0].as_rotvec()[:2]).max() < 1e-6
    np.testing.assert_allclose(joined.transl[len(first) :, 2], second.transl[16:, 2], atol=1e-9)


def test_joining_does_not_depend_on_where_the_second_was(parts):
    first, second = parts
    turn = Rotation.from_euler("z", 2.0)
    moved = second.replace(
        global_orient=(turn * Rotation.from_rotvec(second.global_orient)).as_rotvec(),
        transl=turn.apply(second.transl) + [5.0, -3.0, 0.0],
    )
    a, b = join(first, second, 0.4), join(first, moved, 0.4)
    difference = motion_joints(a, default_body()) - motion_joints(b, default_body())
    assert np.abs(difference - difference[-1:, :1]).max() < 0.05  # but for the pelvis' offset from the root


def test_what_cannot_be_joined_is_named(parts):
    first, second = parts
    with pytest.raises(ThfmError, match="frames per second"):
        join(first, retime(second, 1.1), 0.5)
    with pytest.raises(ThfmError, match="shorter"):
        join(first, second, 20.0)


def test_a_clip_of_two_captures_stands_on_the_floor():
    library = load_library(BodiesConfig())
    spec = MotionSpec(
        name="walk_off_and_turn", start=1.0, speed=1.05, face_seed=1,
        then=(NextPart(name="walk_and_pause", start=0.4, mirrored=True, at=2.0, blend=0.5),),
    )  # fmt: skip
    motion = person_motion(spec, library.motion_files, default_body(), 96, 24.0)
    seen = judge.see(judge.load(), motion)
    assert len(motion) == 96
    assert judge.lowest(seen).min() > -0.02 and np.median(judge.lowest(seen)) < 0.01
    assert max(judge.slides(seen), default=0.0) < 0.02
    assert judge.root_acceleration(seen) < 15
    assert motion.expression.std(axis=0).max() > 0.1 and motion.leye_pose.std() > 0.01


def test_a_capture_turns_into_a_synthesised_motion():
    library = load_library(BodiesConfig())
    spec = MotionSpec(
        name="stand_ready", start=0.0, then=(NextPart(name="synth:wave", start=0.5, at=0.9, blend=0.4, seed=3),)
    )
    motion = person_motion(spec, library.motion_files, default_body(), 80, 24.0)
    seen = judge.see(judge.load(), motion)
    assert max(seen.at(f"{s}_wrist")[:, 2].max() for s in ("left", "right")) > 1.2
    assert judge.root_acceleration(seen) < 15
    assert judge.lowest(seen).min() > -0.02
