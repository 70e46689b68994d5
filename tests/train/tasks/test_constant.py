"""The constant answer: the mean where there is one, the vote where there is none; no other constant does better."""

from __future__ import annotations

import numpy as np
import pytest

from synth.conventions import ThfmError
from tests.train.tasks.scene import make_labels, metrics
from train.tasks import TASKS, MeanAnswer, build_tasks

HEIGHT, WIDTH = 32, 48


@pytest.fixture(scope="module")
def clips() -> list[dict]:
    return [make_labels(frames=5, height=HEIGHT, width=WIDTH, seed=seed, people=1 + seed % 2) for seed in range(3)]


def averaged(task, clips: list[dict], grid: tuple[int, int] = (HEIGHT, WIDTH)) -> np.ndarray:
    mean = MeanAnswer(task, grid)
    for labels in clips:
        mean.update(**task.encode(labels))
    return mean.answer(5, HEIGHT, WIDTH)


@pytest.mark.parametrize("name", ["matte", "normals", "keypoints2d", "keypoints3d"])
def test_it_is_the_mean_over_clips_and_frames_of_what_is_valid(clips: list[dict], name: str) -> None:
    task = build_tasks({name: {}})[name]
    coded = [task.encode(labels) for labels in clips]
    frame_axis = 1 if task.sparse else 0
    target, valid = (np.concatenate([c[k] for c in coded], frame_axis).astype(float) for k in ("target", "valid"))
    valid = valid if task.sparse else valid[..., None]
    with np.errstate(invalid="ignore"):
        expected = (target * valid).sum(frame_axis) / valid.sum(frame_axis)
    answer = averaged(task, clips)
    assert answer.shape == coded[0]["target"].shape
    first = answer[:, 0] if task.sparse else answer[0]
    known = np.isfinite(expected)
    np.testing.assert_allclose(first[known], expected[known], atol=1e-5)
    assert np.isfinite(answer).all()
    assert (answer == (answer[:, :1] if task.sparse else answer[:1])).all()  # the same for every frame


@pytest.mark.parametrize("name", ["parts", "semantics"])
def test_classes_are_voted(clips: list[dict], name: str) -> None:
    task = build_tasks({name: {}})[name]
    classes = np.concatenate([labels[name] for labels in clips])
    votes = np.stack([(classes == k).sum(0) for k in range(len(task.names))])
    chosen = task.decode(averaged(task, clips))[name][0]
    counted = np.take_along_axis(votes, chosen[None].astype(int), 0)[0]
    np.testing.assert_array_equal(counted, votes.max(0))


def test_depth_is_averaged_in_s_whatever_its_colours(clips: list[dict]) -> None:
    answers = {}
    for coding in ("gray", "banana"):
        task = build_tasks({"depth": {"coding": coding}})["depth"]
        answers[coding] = task.decode(averaged(task, clips))["depth"]
    np.testing.assert_allclose(answers["banana"], answers["gray"], rtol=1e-4)


def test_dense_pose_is_black_where_most_frames_show_nobody(clips: list[dict]) -> None:
    task = build_tasks({"dense_pose": {}})["dense_pose"]
    person = np.concatenate([labels["instances"] > 0 for labels in clips])
    surface = np.concatenate([labels["surface"] for labels in clips])
    answer = task.decode(averaged(task, clips))["surface"][0]
    mostly = person.mean(0) > 0.5
    assert mostly.any()
    np.testing.assert_array_equal(np.isfinite(answer[..., 0]), mostly)
    np.testing.assert_allclose(answer[mostly], np.nanmean(surface[:, mostly], 0), atol=1e-5)


@pytest.mark.parametrize("name", sorted(TASKS))
def test_it_beats_other_constants(clips: list[dict], name: str) -> None:
    task = build_tasks({name: {}})[name]
    key, larger = task.headline
    best = averaged(task, clips)

    def score(answer: np.ndarray) -> float:
        return float(np.mean([metrics(task, answer, labels)[key] for labels in clips]))

    other = best * 0.5 if task.sparse else np.full_like(best, 0.5)
    assert score(best) > score(other) if larger else score(best) < score(other)


def test_other_sizes_and_nothing_at_all(clips: list[dict]) -> None:
    task = build_tasks({"matte": {}})["matte"]
    coarse = averaged(task, clips, grid=(8, 12))
    fine = averaged(task, clips)
    assert coarse.shape == fine.shape and np.abs(coarse - fine).mean() < 0.05
    mean = MeanAnswer(task)
    with pytest.raises(ThfmError, match="No labels of matte"):
        mean.answer(1, 8, 8)
    mean.update(**task.encode(make_labels(frames=2, height=20, width=30)))  # smaller than the grid
    assert mean.answer(7, 41, 63).shape == (7, 41, 63, 3)
