"""Retargeting and floor contact, measured on what the smplx library makes of the motions."""

import json
import time
from pathlib import Path

import numpy as np
import pytest
import smplx
import torch
from scipy.spatial.transform import Rotation
from smplx.joint_names import JOINT_NAMES

from synth.bodies.grounding import adapt_to_shape, floor_contact
from synth.bodies.kinematics import load_rig, motion_joints
from synth.bodies.motion import FIELDS, Motion, load_motion, resample, slice_seconds
from synth.bodies.motion_io import make_clip, read_motion
from synth.bodies.retarget import retarget
from synth.conventions import PARENTS
from tests.bodies.motion_writers import write_bvh, zxy_degrees

MOTIONS = Path("assets/motions")
CATALOGUE = json.loads((MOTIONS / "catalogue.json").read_text())["motions"]
TREE = list(JOINT_NAMES[:55])
LIMBS = [
    (f"{side}_{a}", f"{side}_{b}")
    for side in ("left", "right")
    for a, b in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))
]


@pytest.fixture(scope="module")
def models():
    made = {}

    def get(gender="neutral"):
        if gender not in made:
            made[gender] = smplx.create(
                "assets/bodies", model_type="smplx", gender=gender, ext="npz", num_betas=10, use_pca=False,
                flat_hand_mean=True,
            )  # fmt: skip
        return made[gender]

    return get


def wear(model, motion, betas=(0.0,) * 10):
    """Vertices of the skin (T,V,3) and joints (T,J,3) as the smplx library computes them."""
    values = {f: torch.tensor(getattr(motion, f), dtype=torch.float32) for f in FIELDS}
    with torch.no_grad():
        output = model(betas=torch.tensor(betas, dtype=torch.float32).expand(len(motion), -1), **values)
    used = np.unique(model.faces.astype(np.int64))
    return output.vertices.numpy()[:, used], output.joints.numpy()


def angles(a, b):
    cosine = (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def limb_angles(source, result):
    """Degrees between limb directions of two joint arrays in SMPL-X order; one row per limb, torso last."""
    rows = []
    for start, end in LIMBS:
        i, j = TREE.index(start), TREE.index(end)
        rows.append(angles(source[:, j] - source[:, i], result[:, j] - result[:, i]))
    ends = [(TREE.index("left_shoulder"), 1), (TREE.index("right_shoulder"), 1)]
    ends += [(TREE.index("left_hip"), -1), (TREE.index("right_hip"), -1)]
    rows.append(angles(sum(s * source[:, i] for i, s in ends), sum(s * result[:, i] for i, s in ends)))
    return np.array(rows)


def stances(points, fps, speed=0.1, seconds=0.2, above=0.03):
    """Ranges of frames in which a point (T,3) rests near its lowest height."""
    moving = np.linalg.norm(np.gradient(points, axis=0), axis=1) * fps
    rest = (moving < speed) & (points[:, 2] < np.quantile(points[:, 2], 0.02) + above)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], rest, [0]])))
    return [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= seconds * fps]


def drifts(source, result, fps):
    """Metres that the ball of each foot moves in ``result`` while the source's stands (it moves less than 1 cm)."""
    found = []
    for name in ("left_foot", "right_foot"):
        i = TREE.index(name)
        for a, b in stances(source[:, i], fps):
            if np.linalg.norm(np.ptp(source[a:b, i], axis=0)) < 0.01:
                found.append(np.linalg.norm(np.ptp(result[a:b, i], axis=0)))
    return found


SHORT_LEGS = (-1.5, 1.0, 0.5, -1.0, 0, 0, 0, 0, 0, 0)


@pytest.fixture(scope="module")
def captured(models):
    """A walk of the female body in another shape, as smplx joints: a source whose bones differ from the target's."""
    motion = slice_seconds(load_motion(MOTIONS / "walk_and_pause.npz"), 0.0, 4.0)
    motion = adapt_to_shape(motion, load_rig(gender="female").geometry(np.array(SHORT_LEGS)))
    _, joints = wear(models("female"), motion, SHORT_LEGS)
    return motion, joints


def test_positions_alone_are_followed(models, captured):
    motion, joints = captured
    clip = make_clip(
        name="walk", source="test", fps=motion.fps, joints=TREE, parents=list(PARENTS), positions=joints[:, :55], up="z"
    )
    result = retarget(clip, load_rig().geometry())
    vertices, moved = wear(models(), result)
    errors = limb_angles(joints, moved)
    assert errors.mean(axis=1).max() < 5.0
    assert vertices[..., 2].min() > -0.02
    drift = drifts(joints, moved, motion.fps)
    assert len(drift) >= 4
    assert max(drift) < 0.01
    for start, end in (("left_index1", "left_index2"), ("right_ring2", "right_ring3"), ("left_thumb1", "left_thumb2")):
        i, j = TREE.index(start), TREE.index(end)
        assert angles(joints[:, j] - joints[:, i], moved[:, j] - moved[:, i]).mean() < 3.0
    # feet lift as smoothly as in the source
    for ankle in ("left_ankle", "right_ankle"):
        i = TREE.index(ankle)
        jerk = [np.abs(np.diff(j[:, i], 2, axis=0)).max() * motion.fps**2 for j in (joints, moved)]
        assert jerk[1] < 2 * jerk[0]


def bvh_of(path, motion, joints, rest, aligned):
    """Write the 22 body joints of a SMPL-X motion as BVH, y up, centimetres, Mixamo's names.

    ``aligned``: every joint's own x axis lies along its bone at rest, so that the rest pose is one straight line, as
    some exporters write it.
    """
    names = ["Hips", "LeftUpLeg", "RightUpLeg", "Spine", "LeftLeg", "RightLeg", "Spine1", "LeftFoot", "RightFoot"]
    names += ["Spine2", "LeftToeBase", "RightToeBase", "Neck", "LeftShoulder", "RightShoulder", "Head", "LeftArm"]
    names += ["RightArm", "LeftForeArm", "RightForeArm", "LeftHand", "RightHand"]
    to_y_up = Rotation.from_euler("x", -90, degrees=True)
    world = [to_y_up * Rotation.from_rotvec(motion.global_orient)]
    for joint in range(1, 22):
        local = Rotation.from_rotvec(motion.body_pose.reshape(-1, 21, 3)[:, joint - 1])
        world.append(world[PARENTS[joint]] * local)
    own = [Rotation.identity()] * 22
    if aligned:
        for joint in range(22):
            child = [j for j in range(22) if PARENTS[j] == joint]
            bone = rest[child[-1]] - rest[joint] if child else rest[joint] - rest[PARENTS[joint]]
            own[joint] = Rotation.align_vectors([bone, [0.3, 1, 0.2]], [[1, 0, 0], [0, 1, 0]], weights=[1, 1e-6])[0]
    columns, offsets = [], np.zeros((22, 3))
    for joint in range(22):
        parent = PARENTS[joint]
        turned = world[joint] * own[joint]
        local = turned if parent < 0 else (world[parent] * own[parent]).inv() * turned
        columns.append(zxy_degrees(local.as_matrix()))
        if parent >= 0:
            offsets[joint] = own[parent].inv().apply(rest[joint] - rest[parent]) * 100
    root = to_y_up.apply(joints[:, 0]) * 100
    values = np.concatenate([root, *columns], axis=1)
    write_bvh(path, [f"mixamorig:{n}" for n in names], list(PARENTS[:22]), offsets, values, motion.fps)


@pytest.mark.parametrize("aligned", [False, True])
def test_bvh_is_followed_whatever_its_rest_pose(tmp_path, models, captured, aligned):
    motion, joints = captured
    with torch.no_grad():
        rest = models("female")(betas=torch.tensor([SHORT_LEGS])).joints[0, :22].numpy().astype(np.float64)
    bvh_of(tmp_path / "walk.bvh", motion, joints, rest, aligned)
    result = read_motion(tmp_path / "walk.bvh")
    assert len(result) == len(motion)
    assert result.fps == motion.fps
    vertices, moved = wear(models(), result)
    assert limb_angles(joints, moved).mean(axis=1).max() < 5.0
    assert vertices[..., 2].min() > -0.02
    drift = drifts(joints, moved, motion.fps)
    assert len(drift) >= 4
    assert max(drift) < 0.01
    # how parts turn about their length comes from the file's rotations
    before, after = (full_rotations(m) for m in (motion, result))
    for name, limit in (("pelvis", 8), ("head", 12), ("left_wrist", 12), ("right_wrist", 12), ("left_knee", 20)):
        i = TREE.index(name)
        assert np.degrees((before[i].inv() * after[i]).magnitude()).mean() < (limit if not aligned else 3 * limit), name


def full_rotations(motion):
    pose = motion.full_pose()
    world = []
    for joint in range(55):
        local = Rotation.from_rotvec(pose[:, joint])
        world.append(local if joint == 0 else world[PARENTS[joint]] * local)
    return world


def test_a_source_in_the_air_lands_on_the_floor(models):
    """Floor height comes from the feet: the same capture half a metre higher gives the same motion."""
    motion = slice_seconds(load_motion(MOTIONS / "walk_off.npz"), 0.0, 2.0)
    _, joints = wear(models(), motion)
    results = []
    for height in (0.0, 0.5):
        places = joints[:, :55] + [0, 0, height]
        clip = make_clip(name="a", source="a", fps=60.0, joints=TREE, parents=list(PARENTS), positions=places, up="z")
        results.append(retarget(clip, load_rig().geometry()))
    low, high = results
    np.testing.assert_allclose(low.transl, high.transl, atol=1e-6)
    assert abs(wear(models(), high)[0][..., 2].min()) < 0.02


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda e: e["name"])
def test_baked_motion_is_sound(models, entry):
    motion = load_motion(MOTIONS / entry["file"])
    assert entry["licence"]
    assert entry["author"]
    assert entry["source"]
    assert motion.duration == pytest.approx(entry["seconds"], abs=0.01)
    for start, end in entry["segments"]:
        assert 0 <= start < end <= motion.duration + 1e-3
    coarse = resample(motion, 8.0)
    vertices, _ = wear(models(), coarse)
    lowest = vertices[..., 2].min(axis=1)
    assert lowest.min() > -0.02, "sinks into the floor"
    assert np.quantile(lowest, 0.2) < 0.01, "never stands on the floor"
    assert np.median(lowest) < 0.02, "is in the air most of the time"
    body = np.degrees(motion.body_pose.reshape(-1, 21, 3))
    for knee in (TREE.index("left_knee") - 1, TREE.index("right_knee") - 1):
        assert body[:, knee, 0].min() > -5, "a knee bends forwards"
    assert body[:, TREE.index("left_elbow") - 1, 1].max() < 20, "the left elbow bends backwards"
    assert body[:, TREE.index("right_elbow") - 1, 1].min() > -20, "the right elbow bends backwards"
    world = full_rotations(motion)
    head, chest = (world[TREE.index(n)].as_matrix()[..., 2] for n in ("head", "spine3"))
    assert angles(head, chest).max() < 95, "the head looks backwards"
    spine = sum(np.linalg.norm(body[:, TREE.index(n) - 1], axis=1) for n in ("spine1", "spine2", "spine3"))
    assert spine.max() < 100, "the spine folds"


def test_baked_feet_do_not_creep():
    for entry in CATALOGUE:
        motion = load_motion(MOTIONS / entry["file"])
        longest = slice_seconds(motion, 0.0, min(6.0, motion.duration - 0.01))
        joints = motion_joints(longest, load_rig().geometry())  # equal to smplx' joints: test_motion.py
        for foot in ("left_foot", "right_foot"):
            track = joints[:, TREE.index(foot)]
            for a, b in stances(track, longest.fps, speed=0.06, above=0.004):
                assert np.linalg.norm(np.ptp(track[a:b], axis=0)) < 0.01, (entry["name"], foot, a / longest.fps)


def test_baked_motions_fit_their_size():
    files = list(MOTIONS.glob("*.npz"))
    assert {f.name for f in files} == {e["file"] for e in CATALOGUE}
    assert sum(f.stat().st_size for f in files) < 3e6
    assert sum(e["seconds"] for e in CATALOGUE) > 100
    assert all(e["limb_error_degrees"] < 5 for e in CATALOGUE if "limb_error_degrees" in e)


TALL, SHORT = [3.0, 0, 1, 0, 0, 0, 0, 0, 0, 0], [-3.0, 1, 0, -1, 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(("gender", "betas"), [("female", SHORT), ("male", TALL)], ids=["short", "tall"])
@pytest.mark.parametrize("name", ["walk_and_pause", "bend_and_squat", "walk_brisk"])
def test_other_shapes_stand_on_the_floor_too(models, name, betas, gender):
    motion = resample(load_motion(MOTIONS / f"{name}.npz"), 24.0)
    motion = slice_seconds(motion, 0.5, 0.5 + 80 / 24)
    body = load_rig(gender=gender).geometry(np.array(betas))
    load_rig()
    took = []
    for _ in range(3):  # the best of three: other work on the machine slows it down
        began = time.process_time()
        adapted = adapt_to_shape(motion, body)
        took.append(time.process_time() - began)
    assert min(took) < 1.0
    assert len(adapted) == 81
    vertices, joints = wear(models(gender), adapted, betas)
    lowest = vertices[..., 2].min(axis=1)
    assert lowest.min() > -0.02
    assert abs(np.median(lowest)) < 0.01
    _, before = wear(models(), motion)
    assert limb_angles(before, joints).mean(axis=1).max() < 5.0
    assert max(drifts(before, joints, 24.0), default=0.0) < 0.01
    ratio = body.leg_length / load_rig().geometry().leg_length
    travel = [np.linalg.norm(j[-1, 0, :2] - j[0, 0, :2]) for j in (before, joints)]
    assert travel[1] == pytest.approx(ratio * travel[0], abs=0.03)


def test_adapting_to_the_same_body_changes_almost_nothing(models):
    motion = slice_seconds(load_motion(MOTIONS / "walk_and_pause.npz"), 0.0, 3.0)
    body = load_rig().geometry()
    _, before = wear(models(), motion)
    _, after = wear(models(), adapt_to_shape(motion, body))
    assert np.linalg.norm(before[:, :22] - after[:, :22], axis=-1).max() < 0.05  # at a nearly straight knee
    assert np.linalg.norm(before[:, :22] - after[:, :22], axis=-1).mean() < 0.005


def test_floor_contact_tells_flight_from_standing():
    body = load_rig().geometry()
    motion = resample(load_motion(MOTIONS / "forward_jumps.npz"), 30.0)
    contact = floor_contact(motion, body)
    flying = contact.lowest > 0.05
    assert 0.03 < flying.mean() < 0.4
    assert not contact.feet[flying].any()
    standing = contact.feet.all(axis=(1, 2))
    assert standing.mean() > 0.3
    assert np.abs(contact.lowest[standing]).max() < 0.01


def test_a_source_without_contact_keeps_its_pose():
    """A body that floats turning in the air is only put above the floor."""
    frames = 30
    motion = Motion(
        fps=30.0,
        global_orient=np.outer(np.linspace(0, 2, frames), [0, 0, 1.0]),
        body_pose=np.zeros((frames, 63)),
        transl=np.stack([np.linspace(0, 5, frames), np.zeros(frames), np.full(frames, 3.0)], axis=1),
    )
    adapted = adapt_to_shape(motion, load_rig().geometry())
    np.testing.assert_allclose(adapted.body_pose, 0, atol=1e-9)
    np.testing.assert_allclose(adapted.transl, motion.transl, atol=1e-9)
