"""2D keypoints: whom the groups follow, what counts, and PCK, OKS and error by hand."""

from __future__ import annotations

import numpy as np
import pytest

from synth.conventions import COCO17, COCO_WHOLEBODY133, JOINT_NAMES, ThfmError, Visibility
from tests.train.tasks.scene import decoded, make_labels, metrics
from train.tasks import build_tasks
from train.tasks.joints import JOINT_SETS, rank_people, sigma_of


def task(**options):
    return build_tasks({"keypoints2d": options})["keypoints2d"]


def swapped(labels: dict) -> dict:
    """The same clip with its two people listed the other way round."""
    per_person = {k: labels[k][::-1].copy() for k in ("keypoints2d", "joints3d", "visibility")}
    return {**labels, **per_person, "instances": np.array([0, 2, 1], np.uint8)[labels["instances"]]}


@pytest.mark.parametrize(("joints", "names"), [("coco17", COCO17), ("wholebody133", COCO_WHOLEBODY133)])
def test_target_is_the_share_of_the_frame(joints: str, names: tuple[str, ...]) -> None:
    labels, mine = make_labels(height=64, width=96), task(joints=joints, people=2)
    coded = mine.encode(labels)
    assert coded["target"].shape == (2, 9, 2 * len(names))
    for k, name in enumerate(names):
        j = JOINT_NAMES.index(name)
        inside = (labels["visibility"][:, :, j] & 1) > 0
        np.testing.assert_array_equal(coded["valid"][..., 2 * k], inside)
        np.testing.assert_array_equal(coded["valid"][..., 2 * k + 1], inside)
        expected = labels["keypoints2d"][:, :, j] / [96, 64]
        np.testing.assert_allclose(coded["target"][..., 2 * k : 2 * k + 2][inside], expected[inside], atol=1e-6)
    points = decoded(mine, coded["target"], labels)["keypoints2d"]
    there = coded["valid"][..., ::2]
    index = [JOINT_NAMES.index(n) for n in names]
    np.testing.assert_allclose(points[there], labels["keypoints2d"][:, :, index][there], atol=1e-4)


def test_out_of_frame_and_on_demand_occluded_joints_are_not_valid() -> None:
    labels = make_labels(people=1)
    nose, wrist = JOINT_NAMES.index("nose"), JOINT_NAMES.index("left_wrist")
    labels["visibility"][0, 2, nose] = 0
    labels["keypoints2d"][0, 2, nose] = np.nan  # behind the camera
    labels["visibility"][0, 3, wrist] |= Visibility.OTHER_OCCLUDED
    places = {"nose": 2 * COCO17.index("nose"), "wrist": 2 * COCO17.index("left_wrist")}
    plain, strict = task().encode(labels), task(visible_only=True).encode(labels)
    assert np.isfinite(plain["target"]).all()
    assert not plain["valid"][0, 2, places["nose"]] and plain["valid"][0, 3, places["wrist"]]
    assert not strict["valid"][0, 3, places["wrist"]]


def test_the_first_group_follows_the_most_visible_person_however_they_are_listed() -> None:
    labels = make_labels()
    areas = [(labels["instances"] == k).sum() for k in (1, 2)]
    assert areas[0] > areas[1]
    one = task(people=2).encode(labels)["target"]
    np.testing.assert_array_equal(task(people=2).encode(swapped(labels))["target"], one)
    np.testing.assert_array_equal(task().encode(swapped(labels))["target"], one[:1])
    hidden = {**labels, "instances": np.where(labels["instances"] == 1, 0, labels["instances"])}
    np.testing.assert_array_equal(task(people=2).encode(hidden)["target"], one[::-1])


def test_boxes_decide_where_areas_are_equal_or_unknown() -> None:
    points = np.random.default_rng(0).random((3, 2, 5, 2)) * [[[[1.0]]], [[[3.0]]], [[[2.0]]]]
    seen = np.ones((3, 2, 5), bool)
    np.testing.assert_array_equal(rank_people(points, seen, None), [1, 2, 0])
    np.testing.assert_array_equal(rank_people(points, seen, np.zeros((2, 4, 4), np.uint8)), [1, 2, 0])
    np.testing.assert_array_equal(rank_people(points, seen, np.full((2, 4, 4), 1, np.uint8)), [0, 1, 2])
    seen[1, :, 1:] = False  # one point in the frame makes no box
    np.testing.assert_array_equal(rank_people(points, seen, None), [2, 0, 1])
    labels = make_labels()
    del labels["instances"]
    assert task().encode(labels)["valid"].any()


def test_absent_people_are_not_valid() -> None:
    labels, mine = make_labels(people=1), task(people=3)
    coded = mine.encode(labels)
    assert coded["valid"][0].any() and not coded["valid"][1:].any() and not coded["target"][1:].any()
    nobody = {k: v[:0] if k in ("keypoints2d", "joints3d", "visibility") else v for k, v in labels.items()}
    assert not mine.encode(nobody)["valid"].any()
    assert np.isnan(metrics(mine, coded["target"], nobody)["error"])


def test_the_size_of_the_frame_must_be_known() -> None:
    labels = make_labels()
    with pytest.raises(ThfmError, match="with_extras"):
        task(rank_by="box").encode({k: labels[k] for k in ("keypoints2d", "visibility")})


def test_metrics_by_hand() -> None:
    labels, mine = make_labels(people=2), task(people=2)
    rng = np.random.default_rng(0)
    coded = mine.encode(labels)
    answer = coded["target"] + rng.normal(0, 0.03, coded["target"].shape).astype(np.float32)
    points = decoded(mine, answer, labels)["keypoints2d"]
    distances, hits, passed, by_joint = [], {0.05: [], 0.1: [], 0.2: []}, [], {name: [] for name in COCO17}
    for g, t in np.ndindex(2, 9):
        flags = labels["visibility"][g, t] & 1
        around = labels["keypoints2d"][g, t][flags > 0]
        width, height = around.max(0) - around.min(0)
        similarity = []
        for k, name in enumerate(COCO17):
            j = JOINT_NAMES.index(name)
            if not flags[j]:
                continue
            d = float(np.hypot(*(points[g, t, k] - labels["keypoints2d"][g, t, j])))
            distances.append(d)
            by_joint[name].append(d / 96)
            for share in hits:
                hits[share].append(d <= share * max(width, height))
            similarity.append(np.exp(-(d**2) / (2 * 0.53 * width * height * (2 * sigma_of(name)) ** 2)))
        if similarity:
            passed.append([np.mean(similarity) >= 0.5 + 0.05 * i for i in range(10)])
    got = metrics(mine, answer, labels)
    assert got["error_px"] == pytest.approx(np.mean(distances), rel=1e-5)
    assert got["error"] == pytest.approx(np.mean(distances) / 96, rel=1e-5)
    for share, values in hits.items():
        assert got[f"pck_{share:g}"] == pytest.approx(np.mean(values))
    assert got["oks_ap"] == pytest.approx(np.mean(passed))
    assert got["oks_ap50"] == pytest.approx(np.mean(passed, 0)[0])
    assert got["oks_ap75"] == pytest.approx(np.mean(passed, 0)[5])
    assert got["error/left_wrist"] == pytest.approx(np.mean(by_joint["left_wrist"]), rel=1e-5)


def test_constants_of_coco() -> None:
    coco = [26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89]
    assert [1000 * sigma_of(name) for name in COCO17] == pytest.approx(coco)
    for names in JOINT_SETS.values():
        assert all(0.01 < sigma_of(name) < 0.11 for name in names)


def test_in_a_crowd_tokens_follow_the_most_visible_people() -> None:
    labels = make_labels(people=8, height=48, width=160)
    areas = np.array([(labels["instances"] == k + 1).sum() for k in range(8)])
    order = np.argsort(-areas, kind="stable")[:3]
    assert len(set(areas)) == 8
    shuffle = np.random.default_rng(0).permutation(8)
    mixed = {**labels, **{k: labels[k][shuffle] for k in ("keypoints2d", "joints3d", "visibility")}}
    mixed["instances"] = np.append(0, np.argsort(shuffle) + 1).astype(np.uint8)[labels["instances"]]
    for name in ("keypoints2d", "keypoints3d"):
        crowd = build_tasks({name: {"people": 3}})[name]
        alone = build_tasks({name: {}})[name]
        for group, person in enumerate(order):
            mine = {k: labels[k][[person]] for k in ("keypoints2d", "joints3d", "visibility")}
            only = np.where(labels["instances"] == person + 1, 1, 0).astype(np.uint8)
            one = alone.encode({**labels, **mine, "instances": only})
            for clip in (labels, mixed):
                coded = crowd.encode(clip)
                np.testing.assert_array_equal(coded["target"][group], one["target"][0])
                np.testing.assert_array_equal(coded["valid"][group], one["valid"][0])
