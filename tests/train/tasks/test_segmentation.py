"""Parts and semantics: palettes as far apart as can be, labels through colours, one confusion matrix."""

from __future__ import annotations

import numpy as np
import pytest

from synth.conventions import PART_NAMES, SEMANTIC_NAMES, ThfmError
from synth.vocabularies import VOCABULARIES
from tests.train.tasks.scene import make_labels, metrics
from train.tasks import build_tasks
from train.tasks.metrics.confusion import confusion, confusion_summary
from train.tasks.palette import OTHERS, PARTS, SEMANTICS

PALETTES = {"parts": PARTS, "semantics": SEMANTICS, **OTHERS}


def least_distance(colours: np.ndarray) -> float:
    between = np.linalg.norm(colours[:, None] - colours[None], axis=-1)
    return float(between[np.triu_indices(len(colours), 1)].min())


def spread(count: int, seed: int, steps: int = 400) -> np.ndarray:
    """Points of the cube, black first, that push each other apart ever harder: another way than the palette's own."""
    rng = np.random.default_rng(seed)
    points = rng.random((count, 3))
    points[0] = 0
    for step in range(steps):
        away = points[:, None] - points[None]
        near = np.linalg.norm(away, axis=-1) + 9 * np.eye(count)
        push = (away / near[..., None] ** (4 + 20 * step / steps)).sum(1)
        points += 0.05 * (1 - step / steps) * push / np.linalg.norm(push, axis=1, keepdims=True)
        points = np.clip(points, 0, 1)
        points[0] = 0
    return points


@pytest.mark.parametrize(
    ("name", "apart"), [("parts", 0.58), ("semantics", 0.53), ("goliath28", 0.47), ("lip", 0.53), ("cihp", 0.53)]
)
def test_colours_are_as_far_apart_as_can_be(name: str, apart: float) -> None:
    palette = PALETTES[name]
    assert (palette[0] == 0).all() and least_distance(palette) > apart
    np.testing.assert_array_equal(palette * 255, np.round(palette * 255))
    assert max(least_distance(spread(len(palette), seed)) for seed in range(8)) < least_distance(palette)


def test_left_and_right_are_farther_apart_than_any_neighbours() -> None:
    for k, name in enumerate(PART_NAMES):
        if name.startswith("left_"):
            assert np.linalg.norm(PARTS[k] - PARTS[PART_NAMES.index(name.replace("left", "right"))]) > 1


@pytest.mark.parametrize("name", VOCABULARIES)
def test_left_and_right_of_other_vocabularies_are_as_far_apart(name: str) -> None:
    names = VOCABULARIES[name].names
    for k, left in enumerate(names):
        if left.startswith("Left"):
            assert np.linalg.norm(OTHERS[name][k] - OTHERS[name][names.index(left.replace("Left", "Right"))]) > 1


@pytest.mark.parametrize("name", VOCABULARIES)
def test_semantics_in_the_classes_of_another_data_set(name: str) -> None:
    labels, task = make_labels(), build_tasks({"semantics": {"vocabulary": name}})["semantics"]
    truth = VOCABULARIES[name].translate(labels["semantics"], labels["parts"])
    coded = task.encode(labels)
    np.testing.assert_array_equal(coded["valid"], truth != 255)
    answer = task.decode(coded["target"])
    np.testing.assert_array_equal(answer["semantics"][truth != 255], truth[truth != 255])
    found = metrics(task, coded["target"], labels)
    assert found["miou"] == 1 and {k for k in found if k.startswith("iou/")} <= {f"iou/{n}" for n in task.names}
    board = task.picture(answer, np.zeros((*truth.shape, 3), np.uint8))
    np.testing.assert_array_equal(board[truth != 255], np.round(OTHERS[name] * 255)[truth[truth != 255]])
    assert task.fields == ("semantics", "parts") and task.protocol().startswith(f"{name}: ")


@pytest.mark.parametrize("name", ["parts", "semantics"])
def test_classes_survive_half_the_distance_and_unknown_is_not_valid(name: str) -> None:
    labels, task = make_labels(), build_tasks({name: {}})[name]
    labels[name][:, :5] = 255
    coded = task.encode(labels)
    np.testing.assert_array_equal(coded["valid"], labels[name] != 255)
    assert (coded["target"][~coded["valid"]] == 0).all()
    push = np.random.default_rng(0).normal(size=coded["target"].shape)
    push *= 0.499 * least_distance(PALETTES[name]) / np.linalg.norm(push, axis=-1, keepdims=True)
    answer = task.decode((coded["target"] + push).astype(np.float32))[name]
    assert answer.dtype == np.uint8
    np.testing.assert_array_equal(answer[coded["valid"]], labels[name][coded["valid"]])
    assert metrics(task, coded["target"] + push, labels)["miou"] == 1  # what is ignored costs nothing


def test_a_class_without_meaning_is_named() -> None:
    labels = {"parts": np.full((1, 4, 4), 40, np.uint8)}
    with pytest.raises(ThfmError, match="parts holds class 40, but only 0 to 17 and 255"):
        build_tasks({"parts": {}})["parts"].encode(labels)


def test_one_confusion_matrix_over_the_set() -> None:
    rng = np.random.default_rng(0)
    names = SEMANTIC_NAMES
    clips = []
    for frames in (2, 5):
        truth = rng.integers(0, 12, (frames, 9, 11)).astype(np.uint8)  # classes 12.. never happen
        guess = np.where(rng.random(truth.shape) < 0.6, truth, rng.integers(0, 14, truth.shape)).astype(np.uint8)
        truth[rng.random(truth.shape) < 0.1] = 255
        clips.append((guess, truth))
    total = sum(confusion(g, t, t != 255, len(names)) for g, t in clips)
    guess, truth = (np.concatenate([c[i].ravel() for c in clips]) for i in (0, 1))
    guess, truth = guess[truth != 255], truth[truth != 255]
    iou, recall = {}, []
    for k, name in enumerate(names):
        either = ((guess == k) | (truth == k)).sum()
        if either:
            iou[name] = ((guess == k) & (truth == k)).sum() / either
        if (truth == k).any():
            recall.append((guess[truth == k] == k).mean())
    got = confusion_summary(total, names)
    assert got["miou"] == pytest.approx(np.mean([*iou.values()]))
    assert got["macc"] == pytest.approx(np.mean(recall))
    assert got["accuracy"] == pytest.approx((guess == truth).mean())
    assert {k: v for k, v in got.items() if "/" in k} == pytest.approx({f"iou/{k}": v for k, v in iou.items()})
