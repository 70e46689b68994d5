"""Motion: validation, resampling, mirroring, files. Judged by analytic motions and by the smplx library."""

import numpy as np
import pytest
import smplx
import torch
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation
from smplx.joint_names import JOINT_NAMES

from synth.bodies.kinematics import load_rig, motion_joints, motion_points
from synth.bodies.motion import (
    FIELDS,
    Motion,
    load_motion,
    mirror,
    resample,
    save_motion,
    slice_seconds,
    subclip,
)
from synth.bodies.motion_io import read_motion
from synth.conventions import ThfmError


@pytest.fixture(scope="module")
def model():
    return smplx.create(
        "assets/bodies", model_type="smplx", ext="npz", num_betas=10, num_expression_coeffs=10, use_pca=False,
        flat_hand_mean=True,
    )  # fmt: skip


def forward(model, motion, **more):
    values = {f: torch.tensor(getattr(motion, f), dtype=torch.float32) for f in FIELDS}
    betas = more.pop("betas", np.zeros(10))
    betas = torch.tensor(betas, dtype=torch.float32).expand(len(motion), -1)
    with torch.no_grad():
        output = model(betas=betas, **values)
    return output.vertices.numpy(), output.joints.numpy()


def random_motion(frames=6, fps=30.0, seed=0, size=0.4):
    rng = np.random.default_rng(seed)
    values = {field: rng.normal(0, size, (frames, width)) for field, width in FIELDS.items()}
    return Motion(fps=fps, name="random", source="test", **values)


def analytic(fps, frames):
    """A body that turns at 3 rad/s about z and bends a knee at 2 rad/s, on a parabola."""
    t = np.arange(frames) / fps
    body = np.zeros((frames, 63))
    body[:, 9] = 2.0 * t
    transl = np.stack([t, t**2, 1 + t - 5 * t**2], axis=1)
    return Motion(fps=fps, global_orient=np.outer(t, [0, 0, 3.0]), body_pose=body, transl=transl)


def as_matrix(rotvec):
    return Rotation.from_rotvec(np.asarray(rotvec).reshape(-1, 3)).as_matrix()


@pytest.mark.parametrize("fps", [24.0, 30.0, 29.97, 60.0, 100.0])
def test_resample_lands_on_the_true_motion_at_exact_times(fps):
    source = analytic(120.0, 241)
    result = resample(source, fps)
    assert len(result) == int(np.floor(2.0 * fps + 1e-9)) + 1
    truth = analytic(fps, len(result))
    np.testing.assert_allclose(as_matrix(result.global_orient), as_matrix(truth.global_orient), atol=1e-9)
    np.testing.assert_allclose(as_matrix(result.body_pose), as_matrix(truth.body_pose), atol=1e-9)
    np.testing.assert_allclose(result.transl, truth.transl, atol=1e-9)


def test_resampling_to_a_divisor_takes_source_frames_bit_for_bit():
    source = random_motion(121, 120.0, size=1.0)
    result = resample(source, 30.0)
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(result, field), getattr(source, field)[::4])


def test_resampling_does_not_drift_over_a_long_motion():
    frames = 120 * 60
    source = Motion(
        fps=120.0,
        global_orient=np.zeros((frames, 3)),
        body_pose=np.zeros((frames, 63)),
        transl=np.arange(frames)[:, None] / 120.0 * np.ones(3),
    )
    result = resample(source, 29.97)
    assert abs(result.transl[-1, 0] - (len(result) - 1) / 29.97) < 1e-6


def test_rotations_take_the_short_way_across_pi():
    pose = np.array([[0, 0, np.pi - 0.1], [0, 0, -np.pi + 0.1]])
    middle = resample(
        Motion(fps=1.0, global_orient=pose, body_pose=np.zeros((2, 63)), transl=np.zeros((2, 3))), 2.0
    ).global_orient[1]
    np.testing.assert_allclose(as_matrix(middle)[0], as_matrix([0, 0, np.pi])[0], atol=1e-9)


def test_subclip_and_seconds():
    motion = analytic(30.0, 91)
    part = slice_seconds(motion, 1.0, 2.0)
    np.testing.assert_array_equal(part.transl, motion.transl[30:61])
    assert part.duration == pytest.approx(1.0)
    np.testing.assert_array_equal(subclip(motion, 3, 5).body_pose, motion.body_pose[3:5])
    with pytest.raises(ThfmError, match="91 frames"):
        subclip(motion, 80, 92)
    with pytest.raises(ThfmError, match="3.000 s"):
        slice_seconds(motion, 2.0, 3.2)


def test_mirror_twice_is_the_same_motion():
    motion = random_motion()
    again = mirror(mirror(motion))
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(again, field), getattr(motion, field))


def test_mirrored_motion_gives_the_mirror_image_in_smplx(model):
    motion = random_motion(4, size=0.5).replace(expression=np.zeros((4, 10)))
    vertices, joints = forward(model, motion)
    mirrored_vertices, mirrored = forward(model, mirror(motion))
    names = list(JOINT_NAMES[:55])
    partner = [
        names.index(n.replace("left", "RIGHT").replace("right", "left").replace("RIGHT", "right")) for n in names
    ]
    rest = model().joints[0, :55].detach().numpy()
    asymmetry = np.abs(rest[partner] * [-1, 1, 1] - rest).max()
    error = np.abs(joints[:, :55][:, partner] * [-1, 1, 1] - mirrored[:, :55]).max()
    assert error < 5 * asymmetry + 1e-5  # the body itself is symmetric to within a millimetre or so
    assert asymmetry < 0.005
    distance, _ = cKDTree(vertices[0] * [-1, 1, 1]).query(mirrored_vertices[0])
    assert distance.max() < 0.01


def test_saved_motion_returns(tmp_path):
    motion = random_motion(7, 59.94)
    save_motion(tmp_path / "m.npz", motion)
    back = load_motion(tmp_path / "m.npz")
    assert (back.fps, back.name, back.source) == (59.94, "random", "test")
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(back, field), getattr(motion, field))
    assert len(read_motion(tmp_path / "m.npz")) == 7


def test_quantised_motion_is_within_half_a_quantum(tmp_path):
    motion = random_motion(9, size=2.5)
    save_motion(tmp_path / "m.npz", motion, quantum=1e-4)
    back = load_motion(tmp_path / "m.npz")
    np.testing.assert_allclose(as_matrix(back.full_pose()), as_matrix(motion.full_pose()), atol=1.5e-4)
    np.testing.assert_allclose(back.transl, motion.transl, atol=0.51e-4)


def test_bad_motions_are_refused():
    good = random_motion(3)
    with pytest.raises(ThfmError, match="body_pose has shape"):
        good.replace(body_pose=np.zeros((3, 66)))
    with pytest.raises(ThfmError, match="transl is not finite at frame 1"):
        good.replace(transl=np.array([[0, 0, 0], [0, np.nan, 0], [0, 0, 0.0]]))
    for fps in (0, -1.0, np.nan):
        with pytest.raises(ThfmError, match="frame rate"):
            good.replace(fps=fps)
    with pytest.raises(ThfmError, match="no frames"):
        subclip_of_nothing = {f: np.zeros((0, w)) for f, w in FIELDS.items()}
        Motion(fps=30, **subclip_of_nothing)
    with pytest.raises(ThfmError, match="positive"):
        resample(good, 0)


def test_damaged_files_are_named(tmp_path):
    whole = tmp_path / "whole.npz"
    save_motion(whole, random_motion())
    cut = tmp_path / "cut.npz"
    cut.write_bytes(whole.read_bytes()[:-200])
    flipped = bytearray(whole.read_bytes())
    flipped[len(flipped) // 2] ^= 0xFF
    (tmp_path / "flipped.npz").write_bytes(flipped)
    (tmp_path / "text.npz").write_text("hello")
    for name in ("cut.npz", "flipped.npz", "text.npz", "missing.npz"):
        with pytest.raises(ThfmError, match=name.split(".")[0]):
            read_motion(tmp_path / name)


def test_kinematics_agrees_with_the_smplx_library(model):
    betas = np.random.default_rng(3).normal(0, 1, 10)
    motion = random_motion(5, size=0.4).replace(expression=np.zeros((5, 10)))
    body = load_rig().geometry(betas)
    vertices, joints = forward(model, motion, betas=betas)
    np.testing.assert_allclose(motion_joints(motion, body), joints[:, :55], atol=2e-6)
    lowest = vertices[:, np.unique(model.faces.astype(int))][..., 2].min(axis=1)
    np.testing.assert_allclose(motion_points(motion, body)[..., 2].min(axis=1), lowest, atol=0.004)


def amass_arrays(motion, width):
    pose = motion.full_pose().reshape(len(motion), 165)
    poses = pose if width == 165 else np.concatenate([pose[:, :66], pose[:, 75:]], axis=1)
    return {"poses": poses, "trans": motion.transl, "betas": np.zeros(16), "gender": np.array("neutral")}


@pytest.mark.parametrize(("width", "key"), [(165, "mocap_frame_rate"), (156, "mocap_framerate")])
def test_amass_files_give_the_same_vertices_in_smplx(tmp_path, model, width, key):
    motion = random_motion(4, 100.0).replace(expression=np.zeros((4, 10)))
    if width == 156:  # SMPL-H has no face
        motion = motion.replace(jaw_pose=None, leye_pose=None, reye_pose=None)
    np.savez(tmp_path / "walk_poses.npz", **amass_arrays(motion, width), **{key: 100.0})
    back = read_motion(tmp_path / "walk_poses.npz")
    assert back.fps == 100.0
    np.testing.assert_array_equal(forward(model, back)[0], forward(model, motion)[0])


def test_smplx_npz_by_fields_and_y_up(tmp_path, model):
    motion = random_motion(4).replace(expression=np.zeros((4, 10)))
    vertices, _ = forward(model, motion)
    np.savez(tmp_path / "a.npz", fps=30.0, **{f: getattr(motion, f) for f in FIELDS})
    np.testing.assert_array_equal(forward(model, read_motion(tmp_path / "a.npz"))[0], vertices)
    pelvis = model().joints[0, 0].detach().numpy()
    turned = forward(model, read_motion(tmp_path / "a.npz", up="y", pelvis=pelvis))[0]
    x, y, z = np.moveaxis(vertices, -1, 0)
    np.testing.assert_allclose(turned, np.stack([x, -z, y], axis=-1), atol=2e-5)
    with pytest.raises(ThfmError, match="pelvis"):
        read_motion(tmp_path / "a.npz", up="y")


def test_foreign_npz_is_explained(tmp_path):
    motion = random_motion(4)
    fields = {f: getattr(motion, f) for f in FIELDS}
    cases = {
        "no frame rate": fields,
        "use_pca=False": {**fields, "fps": 30, "left_hand_pose": np.zeros((4, 12))},
        "poses has shape": {"poses": np.zeros((4, 72)), "trans": np.zeros((4, 3)), "fps": 30},
        "neither poses nor": {"points": np.zeros((4, 3)), "trans": np.zeros((4, 3)), "fps": 30},
        "no translation": {"poses": np.zeros((4, 156)), "fps": 30},
        "not finite at frame 2": {**fields, "fps": 30, "transl": np.array([[0.0], [0], [np.inf], [0]]) * np.ones(3)},
    }
    for message, arrays in cases.items():
        np.savez(tmp_path / "x.npz", **arrays)
        with pytest.raises(ThfmError, match=message) as error:
            read_motion(tmp_path / "x.npz")
        assert "x.npz" in str(error.value)
    with pytest.raises(ThfmError, match="fbx"):
        (tmp_path / "x.fbx").write_text("")
        read_motion(tmp_path / "x.fbx")
