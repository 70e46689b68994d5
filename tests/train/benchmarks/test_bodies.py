"""Joints from body parameters against the smplx library, and the tables of joints."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import smplx
import torch

from synth.conventions import COCO17, JOINT_NAMES, ThfmError, mirrored_name
from tests.train.benchmarks.bodies import library_joints, write_smpl
from train.benchmarks.body import load_skeleton
from train.benchmarks.joints import H36M14, SMPL24, joint_labels, to_camera

# SMPL's joints as its papers and tools number them.
SMPL_JOINT_NAMES = [
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle",
    "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head", "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hand", "right_hand",
]  # fmt: skip
ASSETS = Path(__file__).parents[3] / "assets" / "bodies"


@pytest.mark.parametrize("pickled", [False, True])
def test_smpl_joints_are_those_of_the_library(pickled: bool, tmp_path: Path) -> None:
    data = write_smpl(tmp_path / "smpl", "FEMALE", seed=3, pickled=pickled)
    rng = np.random.default_rng(1)
    betas, pose, shift = rng.normal(size=10), rng.normal(0, 0.7, (4, 24, 3)), rng.normal(size=(4, 3))
    mine = load_skeleton(tmp_path, "SMPL", "female").joints(betas, pose, shift)
    np.testing.assert_allclose(mine, library_joints(data, betas, pose, shift), atol=1e-6)


def test_smplx_joints_are_those_of_the_library() -> None:
    rng = np.random.default_rng(2)
    betas, pose, shift = rng.normal(size=10), rng.normal(0, 0.5, (3, 22, 3)), rng.normal(size=(3, 3))
    body = smplx.create(ASSETS, "smplx", gender="male", use_pca=False, batch_size=3, flat_hand_mean=True)
    flat = torch.from_numpy(pose.reshape(3, -1)).float()
    out = body(
        betas=torch.from_numpy(np.tile(betas, (3, 1))).float(),
        global_orient=flat[:, :3],
        body_pose=flat[:, 3:],
        transl=torch.from_numpy(shift).float(),
    )
    mine = load_skeleton(ASSETS, "SMPLX", "male").joints(betas, pose, shift)
    np.testing.assert_allclose(mine[:, :22], out.joints[:, :22].detach().numpy(), atol=2e-5)


def test_body_files_that_are_missing_or_damaged_are_named(tmp_path: Path) -> None:
    with pytest.raises(ThfmError, match=r"neither SMPL_MALE.npz nor SMPL_MALE.pkl: download SMPL"):
        load_skeleton(tmp_path, "SMPL", "male")
    np.savez(tmp_path / "SMPL_MALE.npz", v_template=np.zeros((3, 3)))
    with pytest.raises(ThfmError, match="SMPL_MALE.npz is no body model"):
        load_skeleton(tmp_path, "SMPL", "male")
    whole = (tmp_path / "SMPL_MALE.npz").read_bytes()
    for damaged in (b"", b"no archive", whole[: len(whole) // 2]):
        (tmp_path / "SMPL_MALE.npz").write_bytes(damaged)
        with pytest.raises(ThfmError, match="SMPL_MALE.npz"):
            load_skeleton(tmp_path, "SMPL", "male")


def test_smpls_joints_by_name() -> None:
    assert len(SMPL24) == len(SMPL_JOINT_NAMES) == 24
    for ours, theirs in zip(SMPL24[:22], SMPL_JOINT_NAMES[:22], strict=True):
        assert ours == theirs
    assert SMPL_JOINT_NAMES[22:] == ["left_hand", "right_hand"] and SMPL24[22] == mirrored_name(SMPL24[23])


def test_smpls_hands_lie_at_the_first_joints_of_the_middle_fingers() -> None:
    """SMPL's hand joint lies 8 to 9 cm beyond the wrist, in the direction of the forearm; so does ours."""
    rest = load_skeleton(ASSETS, "SMPLX", "neutral").rest
    wrist, knuckle, elbow = (JOINT_NAMES.index(n) for n in ("left_wrist", "left_middle1", "left_elbow"))
    hand, forearm = rest[knuckle] - rest[wrist], rest[wrist] - rest[elbow]
    assert 0.07 < np.linalg.norm(hand) < 0.12
    assert hand @ forearm / np.linalg.norm(hand) / np.linalg.norm(forearm) > 0.9


def test_joints_of_human36m_are_those_that_its_readers_keep_of_the_32() -> None:
    # The 17 of VideoPose3D: all but 4, 5, 9, 10, 11, 16, 20 to 24 and 28 to 31; its left and right ones.
    kept = [j for j in range(32) if j not in (4, 5, 9, 10, 11, 16, *range(20, 25), *range(28, 32))]
    left, right = [kept[k] for k in (4, 5, 6, 11, 12, 13)], [kept[k] for k in (1, 2, 3, 14, 15, 16)]
    assert len(H36M14) == 14 and {place for place, _ in H36M14} <= set(kept)
    named = dict(H36M14)
    for a, b in zip(left, right, strict=True):
        assert named[a].startswith("left_") and named[b] == mirrored_name(named[a])
    assert named[kept[8]] == "neck" and named[kept[10]] is None
    assert all(name in JOINT_NAMES for name in named.values() if name)


# The lines of COCO's skeleton, as its annotation files number them, from 1.
COCO_SKELETON = [
    (16, 14), (14, 12), (17, 15), (15, 13), (12, 13), (6, 12), (7, 13), (6, 7), (6, 8), (7, 9), (8, 10), (9, 11),
    (2, 3), (1, 2), (1, 3), (2, 4), (3, 5), (4, 6), (5, 7),
]  # fmt: skip


def test_coco17_are_the_joints_that_cocos_own_skeleton_joins() -> None:
    """On a body at rest its lines grow longer as soon as two joints of a side change places."""
    body = smplx.create(ASSETS, "smplx", gender="neutral", use_pca=False, use_face_contour=True, flat_hand_mean=True)
    everywhere = body().joints[0].detach().numpy()
    points = everywhere[[JOINT_NAMES.index(name) for name in COCO17]]
    ends = np.array(COCO_SKELETON) - 1

    def length(order) -> float:
        return float(np.linalg.norm(np.diff(points[np.asarray(order)][ends], axis=1), axis=-1).sum())

    whole = length(range(17))
    for a, b in (pair for side in (1, 2) for pair in combinations((0, *range(side, 17, 2)), 2)):
        order = np.arange(17)
        order[[a, b]] = b, a
        assert length(order) > whole + 0.01, (COCO17[a], COCO17[b])
    # After the nose COCO has left before right, and left is where x is positive.
    assert (points[1::2, 0] > 0.01).all() and (points[2::2, 0] < -0.01).all()


def test_labels_hold_what_is_known_and_nothing_else() -> None:
    joints = np.random.default_rng(0).normal(size=(1, 3, 3, 3))
    known = np.array([[True, False, True]])
    found = joint_labels(joints, ("nose", None, "pelvis"), known)
    nose, pelvis = JOINT_NAMES.index("nose"), JOINT_NAMES.index("pelvis")
    np.testing.assert_allclose(found["joints3d"][0, 0, nose], joints[0, 0, 0], rtol=1e-6)
    np.testing.assert_allclose(found["joints3d"][0, 2, pelvis], joints[0, 2, 2], rtol=1e-6)
    assert np.isfinite(found["joints3d"]).all(-1).sum() == 4 == (found["visibility"] == 1).sum()
    assert not found["visibility"][0, 1].any()


def test_a_world_is_turned_and_shifted_frame_by_frame() -> None:
    points = np.random.default_rng(1).normal(size=(2, 3, 5, 3))
    views = np.random.default_rng(2).normal(size=(3, 4, 4))
    whole = np.concatenate([points, np.ones((2, 3, 5, 1))], -1)
    for p, t, k in np.ndindex(2, 3, 5):
        np.testing.assert_allclose(to_camera(points, views)[p, t, k], (views[t] @ whole[p, t, k])[:3])
    np.testing.assert_allclose(to_camera(points, views[0])[1, 2, 3], (views[0] @ whole[1, 2, 3])[:3])
