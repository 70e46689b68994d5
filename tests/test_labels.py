"""Labels looked up through a visibility buffer that ray casts made: no renderer is needed to test them."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from synth.conventions import JOINT_NAMES, Part, Semantic, Visibility
from synth.labels import compute_labels
from synth.labels.scene import vertex_normals
from tests.scenes import ARMS_DOWN, camera_path, cast_passes, people, posed

W, H = 240, 320
FRONT, BACK, LEFT = (0.0, -3.2, 1.2), (0.0, 3.2, 1.2), (3.2, 0.0, 1.2)
BODY = {n for n in JOINT_NAMES[:22] if not n.endswith("_foot")}  # feet lie within their skin's thickness of a pixel


def _labels(*samples: dict, eye=FRONT, target=(0, 0, 1.0)) -> dict:
    cameras = camera_path([eye] * 3, [target] * 3, W, H, focal_mm=45)
    geometry = people(*(posed([s] * 3) for s in samples), cameras=cameras)
    return compute_labels(geometry, cast_passes(geometry, W, H))


def _flagged(labels: dict, flag: Visibility, person: int = 0) -> set[str]:
    return {n for n, v in zip(JOINT_NAMES, labels["visibility"][person, 0], strict=True) if v & flag}


def test_nothing_hides_the_joints_of_someone_seen_from_the_front():
    labels = _labels(ARMS_DOWN)
    hidden = _flagged(labels, Visibility.SELF_OCCLUDED | Visibility.OTHER_OCCLUDED)
    assert not hidden & BODY
    face = set(JOINT_NAMES[76:127]) | {"nose", "left_eye", "right_eye"}
    assert len(hidden & face) <= 1, hidden & face
    assert _flagged(labels, Visibility.IN_FRAME) == set(JOINT_NAMES)


def test_the_back_of_the_head_hides_the_face_and_the_back_hides_no_spine():
    hidden = _flagged(_labels(ARMS_DOWN, eye=BACK), Visibility.SELF_OCCLUDED)
    assert {"nose", "left_eye", "right_eye", "mouth_top", "lip_bottom", "nose4"} <= hidden
    trunk = {"pelvis", "left_hip", "right_hip", "spine1", "spine2", "spine3", "neck", "left_shoulder", "right_shoulder"}
    assert not hidden & trunk


def test_an_arm_across_the_chest_hides_what_is_behind_it_and_no_more():
    across = {"left_shoulder": (0, -1.2, -0.9), "left_elbow": (0, -1.3, 0), "right_shoulder": (0, 0, 1.2)}
    hidden = _flagged(_labels(across), Visibility.SELF_OCCLUDED) & BODY
    assert hidden == {"spine3"}


def test_the_near_arm_hides_the_hip_and_the_near_side_the_far_one():
    hidden = _flagged(_labels(ARMS_DOWN, eye=LEFT), Visibility.SELF_OCCLUDED)
    assert {"right_shoulder", "right_elbow", "right_hip", "right_knee", "right_eye", "right_ear", "left_hip"} <= hidden
    assert not hidden & {"left_shoulder", "left_elbow", "left_knee", "left_ankle", "left_ear", "head"}


def test_a_person_in_front_hides_the_one_behind():
    labels = _labels(ARMS_DOWN, {**ARMS_DOWN, "transl": (0.0, 0.9, 0.0)})
    trunk = {"pelvis", "spine1", "spine2", "spine3", "left_hip", "right_hip"}
    assert trunk <= _flagged(labels, Visibility.OTHER_OCCLUDED, person=1)
    assert not trunk & _flagged(labels, Visibility.SELF_OCCLUDED, person=1)
    assert not _flagged(labels, Visibility.OTHER_OCCLUDED, person=0)


def test_joints_outside_the_frame_are_neither_in_it_nor_occluded():
    labels = _labels(ARMS_DOWN, target=(0, 0, 2.2))
    flags = labels["visibility"][0, 0]
    keypoints = labels["keypoints2d"][0, 0]
    inside = ((keypoints >= 0) & (keypoints < (W, H))).all(1)
    assert 20 < inside.sum() < len(inside)
    assert (((flags & Visibility.IN_FRAME) > 0) == inside).all()
    assert (flags[~inside] == 0).all()


def test_labels_are_the_same_twice():
    first, again = _labels(ARMS_DOWN), _labels(ARMS_DOWN)
    assert set(first) == set(again)
    for name in first:
        np.testing.assert_array_equal(first[name], again[name], err_msg=name)


def test_vertex_normals_are_those_of_trimesh():
    mesh = trimesh.creation.icosphere(subdivisions=2)
    points = np.asarray(mesh.vertices) * (1.0, 0.6, 1.7)
    stretched = trimesh.Trimesh(points, mesh.faces, process=False)
    np.testing.assert_allclose(vertex_normals(points, np.asarray(mesh.faces)), stretched.vertex_normals, atol=1e-6)


@pytest.fixture(scope="module")
def panned() -> dict:
    """A still person and a camera that turns and moves."""
    eyes = [(0.1 * s, -3.2, 1.2) for s in range(5)]
    cameras = camera_path(eyes, [(0, 0, 1.0 + 0.02 * s) for s in range(5)], W, H, focal_mm=30)
    geometry = people(posed([ARMS_DOWN] * 5), cameras=cameras)
    return compute_labels(geometry, cast_passes(geometry, W, H))


def test_flow_of_a_still_world_is_the_parallax_of_its_depth(panned):
    grid = np.stack(np.meshgrid(np.arange(W) + 0.5, np.arange(H) + 0.5), -1)
    for name, t, then in (("flow_forward", 0, 1), ("flow_backward", 2, 1)):
        k, pose, other = panned["intrinsics"][t], panned["world_to_camera"][t], panned["world_to_camera"][then]
        depth = panned["depth"][t]
        far = np.isnan(depth)
        rays = np.concatenate([grid, np.ones((H, W, 1))], -1) @ np.linalg.inv(k).T
        world = (rays * np.where(far, 1e7, depth)[..., None] - pose[:3, 3]) @ pose[:3, :3]
        image = (world @ other[:3, :3].T + other[:3, 3]) @ k.T
        np.testing.assert_allclose(panned[name][t], image[..., :2] / image[..., 2:] - grid, atol=2e-3)
        assert far.any() and (panned["instances"][t] > 0).any()


def test_flow_beyond_the_ends_of_the_clip_is_undefined(panned):
    assert np.isnan(panned["flow_forward"][-1]).all() and np.isnan(panned["flow_backward"][0]).all()
    assert np.isfinite(panned["flow_forward"][:-1]).all() and np.isfinite(panned["flow_backward"][1:]).all()


def test_the_floor_faces_up_and_lies_at_zero(panned):
    for t in range(3):
        floor = panned["semantics"][t] == Semantic.GROUND
        up = panned["world_to_camera"][t][:3, :3] @ (0, 0, 1) * (1, -1, -1)
        np.testing.assert_allclose(panned["normals"][t][floor], np.broadcast_to(up, (floor.sum(), 3)), atol=1e-5)
        assert (panned["parts"][t][floor] == 0).all() and np.isnan(panned["surface"][t][floor]).all()


def test_left_parts_lie_on_the_left_of_the_canonical_body(panned):
    left = np.isin(panned["parts"], (Part.LEFT_FOREARM, Part.LEFT_SHIN, Part.LEFT_HAND))
    right = np.isin(panned["parts"], (Part.RIGHT_FOREARM, Part.RIGHT_SHIN, Part.RIGHT_HAND))
    assert left.sum() > 500 and right.sum() > 500
    assert panned["surface"][left][:, 0].min() > 0.5 > panned["surface"][right][:, 0].max()
    # Facing the camera, the person's left is at the picture's right.
    assert np.nonzero(left)[2].min() > np.nonzero(right)[2].max()
