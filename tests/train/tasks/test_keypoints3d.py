"""3D keypoints: root-relative targets, and errors against scipy's rotations and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import procrustes
from scipy.spatial.transform import Rotation

from synth.conventions import JOINT_NAMES
from tests.train.tasks.scene import FPS, decoded, make_labels, metrics
from train.tasks import build_tasks
from train.tasks.metrics.points3d import body_summary, body_sums, similarity_aligned


def task(**options):
    return build_tasks({"keypoints3d": options})["keypoints3d"]


def errors(prediction, truth, valid=None, roots=(0,), fps=None) -> dict[str, float]:
    valid = np.ones(truth.shape[:3], bool) if valid is None else valid
    return body_summary(body_sums(prediction, truth, valid, np.array(roots), fps))


def test_target_is_relative_to_the_pelvis() -> None:
    labels, mine = make_labels(), task(people=2)
    coded = mine.encode(labels)
    assert coded["target"].shape == (2, 9, 66)
    joints = labels["joints3d"][:, :, :22]
    inside = (labels["visibility"][:, :, :22] & 1) > 0
    relative = decoded(mine, coded["target"], labels)["joints3d"]
    np.testing.assert_allclose(relative[inside], (joints - joints[:, :, :1])[inside], atol=1e-6)
    np.testing.assert_array_equal(coded["valid"], np.repeat(inside, 3, -1))
    assert task(people=2, in_frame_only=False).encode(labels)["valid"].all()
    # Another data set may place people anywhere: their distance must not show.
    moved = {**labels, "joints3d": labels["joints3d"] + np.float32([0.2, 0, 0])}
    np.testing.assert_allclose(mine.encode(moved)["target"], coded["target"], atol=1e-6)


def test_joints_of_coco_are_measured_from_the_middle_of_the_hips() -> None:
    labels, mine = make_labels(people=1), task(joints="coco17", in_frame_only=False)
    coded = mine.encode(labels)
    j = [JOINT_NAMES.index(name) for name in ("pelvis", "right_ankle")]
    expected = labels["joints3d"][0, :, j[1]] - labels["joints3d"][0, :, j[0]]
    np.testing.assert_allclose(coded["target"][0, :, -3:], expected, atol=1e-6)
    shifted = coded["target"].reshape(1, 9, -1, 3) + np.float32([0.3, -0.1, 0.2])
    assert metrics(mine, shifted.reshape(coded["target"].shape), labels)["mpjpe"] < 1e-3


def test_mpjpe_forgives_a_shift_alone() -> None:
    truth = np.random.default_rng(0).normal(size=(1, 6, 22, 3))
    assert errors(truth + [1.0, 2.0, 3.0], truth)["mpjpe"] < 1e-9
    moved = truth.copy()
    moved[:, :, 5] += [0.03, 0.04, 0]
    assert errors(moved, truth)["mpjpe"] == pytest.approx(50 / 22)
    pelvis = truth.copy()
    pelvis[:, :, 0] += [0.03, 0.04, 0]  # a wrong pelvis moves all others
    assert errors(pelvis, truth)["mpjpe"] == pytest.approx(50 * 21 / 22)
    unseen = np.ones((1, 6, 22), bool)
    unseen[:, :, 0] = False  # then it is taken as it is
    assert errors(pelvis, truth, unseen)["mpjpe"] < 1e-9


def test_a_root_that_does_not_count_still_moves_the_others() -> None:
    truth = np.random.default_rng(3).normal(size=(1, 6, 22, 3))
    wrong = truth + [0.1, 0.2, 0.3]
    wrong[:, :, 5] += [0.03, 0.04, 0]
    coded = {"joints3d": wrong.astype(np.float32)}
    labels = {"joints3d": np.zeros((1, 6, len(JOINT_NAMES), 3), np.float32)}
    labels["joints3d"][:, :, :22] = truth
    labels["visibility"] = np.ones(labels["joints3d"].shape[:3], np.uint8)
    for count_root, joints in ((True, 22), (False, 21)):
        mine = task(rank_by="box", count_root=count_root)
        assert mine.summarise(mine.measure(coded, labels))["mpjpe"] == pytest.approx(50 / joints, rel=1e-4)
        assert ("pelvis itself not counted" in mine.protocol()) is not count_root
    hips = task(rank_by="box", count_root=False, joints="coco17")  # its root is made of joints that count
    assert hips.measure({"joints3d": np.zeros((1, 6, 17, 3))}, labels)["error_count"] == 6 * 17


@pytest.mark.parametrize("reflected", [False, True])
def test_alignment_against_scipys_best_rotation(reflected: bool) -> None:
    rng = np.random.default_rng(1)
    truth = rng.normal(size=(8, 22, 3)) * [0.3, 0.8, 0.2]
    prediction = 0.6 * Rotation.random(random_state=2).apply(truth.reshape(-1, 3)).reshape(truth.shape)
    prediction += rng.normal(0, 0.05, truth.shape) + [1, 2, 3]
    if reflected:
        prediction = prediction * [-1, 1, 1]
    valid = rng.random((8, 22)) < 0.8
    aligned = similarity_aligned(prediction, truth, valid)
    for p, q, v, mine in zip(prediction, truth, valid, aligned, strict=True):
        x, y = p[v] - p[v].mean(0), q[v] - q[v].mean(0)
        rotation, _ = Rotation.align_vectors(y, x)
        turned = rotation.apply(x)
        scale = (turned * y).sum() / (x**2).sum()  # least squares along the turned points
        np.testing.assert_allclose(mine[v], scale * turned + q[v].mean(0), atol=1e-9)


def test_a_mirrored_body_is_not_forgiven() -> None:
    truth = np.random.default_rng(3).normal(size=(1, 1, 22, 3))
    mirrored = truth * [-1, 1, 1]
    assert procrustes(truth[0, 0], mirrored[0, 0])[2] < 1e-12  # scipy's allows the reflection
    assert errors(mirrored, truth)["pa_mpjpe"] > 100


def test_pa_mpjpe_forgives_similarities_frame_by_frame_and_needs_enough_joints() -> None:
    rng = np.random.default_rng(4)
    truth = rng.normal(size=(2, 5, 22, 3))
    turned = np.stack(
        [
            [s * Rotation.random(random_state=7 * g + t).apply(truth[g, t]) for t, s in enumerate((0.5, 1, 2, 3, 0.1))]
            for g in range(2)
        ]
    )
    got = errors(turned, truth)
    assert got["pa_mpjpe"] < 1e-6 and got["mpjpe"] > 100
    few = np.zeros((2, 5, 22), bool)
    few[:, :, :3] = True
    got = errors(turned, truth, few)
    assert np.isnan(got["pa_mpjpe"]) and got["mpjpe"] > 0


def test_acceleration_is_per_second_squared_whatever_the_frame_rate() -> None:
    for fps in (12.0, 30.0):
        seconds = np.arange(9) / fps
        truth = np.random.default_rng(5).normal(size=(1, 1, 4, 3)) + np.zeros((1, 9, 1, 1))
        prediction = truth.copy()
        prediction[0, :, 1, 0] += 0.5 * 3.0 * seconds**2  # 3 m / s^2 of one joint in four
        assert errors(prediction, truth, fps=fps)["acceleration"] == pytest.approx(3000 / 4)
    seen = np.ones((1, 9, 4), bool)
    seen[0, 4, 1] = False  # costs the three triples around it
    assert errors(prediction, truth, seen, fps=fps)["acceleration"] == pytest.approx(3000 * 4 / (3 * 7 + 4))
    assert np.isnan(errors(prediction, truth)["acceleration"])


def test_frames_a_second_come_with_the_labels() -> None:
    labels, mine = make_labels(people=1), task(in_frame_only=False)
    answer = mine.encode(labels)["target"].copy()
    answer[0, :, 3] += 0.5 * (np.arange(9) / FPS) ** 2  # joint 1, x: 1 m / s^2
    assert metrics(mine, answer, labels)["acceleration"] == pytest.approx(1000 / 22, rel=1e-2)
    unknown = {k: v for k, v in labels.items() if k != "fps"}
    assert np.isnan(metrics(mine, answer, unknown)["acceleration"])
