"""Pictures for logs: coded colours as they are, skeletons where the joints are."""

from __future__ import annotations

import numpy as np
import pytest

from synth.conventions import COCO17, JOINT_NAMES
from tests.train.tasks.scene import decoded, make_labels
from train.tasks import build_tasks
from train.tasks.joints import JOINT_SETS
from train.tasks.skeleton import bones_of, draw_points

LEFT, RIGHT = np.array([56, 182, 255]), np.array([255, 154, 60])


@pytest.mark.parametrize("name", ["depth", "normals", "matte", "parts", "semantics", "dense_pose"])
def test_a_perfect_answer_looks_like_the_truth(name: str) -> None:
    labels = make_labels(frames=3)
    options = {"region": "people"} if name == "depth" else {}
    task = build_tasks({name: options})[name]
    coded, rgb = task.encode(labels), np.zeros((3, 64, 96, 3), np.uint8)
    truth, answer = task.picture(labels, rgb), task.picture(task.decode(coded["target"]), rgb)
    np.testing.assert_array_equal(truth, np.round(coded["target"] * 255))
    assert np.abs(truth.astype(int) - answer)[coded["valid"]].max() <= 1


def test_an_answer_about_another_median_keeps_its_colours() -> None:
    """Its sky is a depth too; normalised by its own median, everything would change colour."""
    task, rgb = build_tasks({"depth": {}})["depth"], np.zeros((1, 8, 8, 3), np.uint8)
    answer = {"depth": np.full((1, 8, 8), 3.0, np.float32)}
    np.testing.assert_array_equal(task.picture(answer, rgb), task.picture({"depth": np.tile(answer["depth"], 1)}, rgb))
    colour = task.picture(answer, rgb)[0, 0, 0]
    answer["depth"][:, :4] = 11.0
    np.testing.assert_array_equal(task.picture(answer, rgb)[0, 7, 7], colour)


def test_joints_are_drawn_where_they_are_in_the_colour_of_their_side() -> None:
    rgb = np.full((2, 60, 80, 3), 7, np.uint8)
    points = np.full((1, 2, len(COCO17), 2), np.nan)
    left, right = COCO17.index("left_wrist"), COCO17.index("right_ankle")
    points[0, 0, left], points[0, 0, right] = (20.5, 10.5), (60.5, 40.5)
    points[0, 1, left] = (1e7, 3)  # far outside
    before = rgb.copy()
    drawn = draw_points(rgb, points, COCO17)
    np.testing.assert_array_equal(rgb, before)
    assert np.abs(drawn[0, 10, 20].astype(int) - LEFT).max() < 40
    assert np.abs(drawn[0, 40, 60].astype(int) - RIGHT).max() < 40
    touched = np.argwhere((drawn[0] != rgb[0]).any(-1))
    near = [np.abs(touched - place).max(1) <= 2 for place in ((10, 20), (40, 60))]
    assert (near[0] | near[1]).all() and near[0].any() and near[1].any()
    np.testing.assert_array_equal(drawn[1], rgb[1])


def test_truth_shows_what_is_in_the_frame_and_an_answer_all() -> None:
    labels, task = make_labels(people=1, frames=1), build_tasks({"keypoints2d": {}})["keypoints2d"]
    rgb = np.zeros((1, 64, 96, 3), np.uint8)
    answer = decoded(task, task.encode(labels)["target"], labels)
    labels["visibility"][...] = 0
    assert not task.picture(labels, rgb).any()
    assert task.picture(answer, rgb).any()


@pytest.mark.parametrize("joints", sorted(JOINT_SETS))
def test_every_set_has_a_connected_body(joints: str) -> None:
    names = JOINT_SETS[joints]
    body = {f"{s}_{j}" for s in ("left", "right") for j in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")}
    reached = {names.index("left_wrist")}
    for _ in names:
        reached |= {b for pair in bones_of(names) if reached & set(pair) for b in pair}
    assert body <= {names[i] for i in reached}
    assert JOINT_NAMES[0] not in names or 0 in reached
