"""Tasks are found by themselves, and refuse what they cannot do."""

from __future__ import annotations

import pickle

import numpy as np
import pydantic
import pytest

from synth.conventions import ThfmError
from synth.shards import FIELDS
from tests.train.tasks.scene import decoded, make_labels
from train.tasks import TASKS, MeanAnswer, build_tasks

EIGHT = {"depth", "normals", "matte", "parts", "semantics", "dense_pose", "keypoints2d", "keypoints3d"}


def test_the_eight_tasks_are_there_with_prompts_of_their_own() -> None:
    tasks = build_tasks({name: None for name in TASKS})
    assert set(tasks) == EIGHT
    assert all(set(task.fields) <= set(FIELDS) for task in tasks.values())
    assert len({task.prompt for task in tasks.values()}) == len(tasks)
    assert tasks["depth"].prompt == "Input: RGB. Output: Depth."
    assert tasks["normals"].prompt == "Input: RGB. Output: Surface Normal."
    assert build_tasks({"depth": {"prompt": "how far"}})["depth"].prompt == "how far"


def test_unknown_names_and_options_are_refused() -> None:
    with pytest.raises(ThfmError, match="'flow' is no task; the tasks are .*depth"):
        build_tasks({"flow": {}})
    with pytest.raises(pydantic.ValidationError, match="rainbow"):
        build_tasks({"depth": {"coding": "rainbow"}})
    with pytest.raises(pydantic.ValidationError, match="colour"):
        build_tasks({"matte": {"colour": "red"}})


def test_options_add_the_fields_that_they_need() -> None:
    tasks = build_tasks({"depth": {"region": "people"}, "keypoints2d": {"rank_by": "box"}, "normals": {}})
    assert tasks["depth"].fields == ("depth", "instances")
    assert tasks["normals"].fields == ("normals",)
    assert tasks["keypoints2d"].fields == ("keypoints2d", "visibility")


@pytest.mark.parametrize("name", sorted(EIGHT))
def test_every_task_keeps_the_contract(name: str) -> None:
    task, labels = build_tasks({name: {}})[name], make_labels(people=1, frames=3, height=24, width=32)
    before = {key: value.copy() for key, value in labels.items()}
    coded = pickle.loads(pickle.dumps(task)).encode(labels)  # a task travels to workers
    target, valid = coded["target"], coded["valid"]
    assert (target.dtype, valid.dtype) == (np.float32, bool)
    assert np.isfinite(target).all() and valid.any()
    if task.sparse:
        assert target.shape == valid.shape == (task.groups, 3, task.numbers)
    else:
        assert (target.shape, valid.shape) == ((3, 24, 32, 3), (3, 24, 32))
        assert target.min() >= 0 and target.max() <= 1
    answer = decoded(task, target, labels)
    assert set(answer) <= set(FIELDS)
    once = task.measure(answer, labels)
    assert all(np.asarray(v).dtype == np.float64 for v in once.values())
    one, two = (task.summarise({k: n * v for k, v in once.items()}) for n in (1, 2))
    assert one.keys() == two.keys() and task.headline[0] in one
    np.testing.assert_allclose([*one.values()], [*two.values()], rtol=1e-12)
    empty = task.summarise({k: 0 * v for k, v in once.items()})
    assert np.isnan(empty[task.headline[0]])
    assert all(np.array_equal(before[k], labels[k], equal_nan=True) for k in before), "labels were changed"
    rgb = np.full((3, 24, 32, 3), 90, np.uint8)
    for shown in (labels, answer):
        picture = task.picture(shown, rgb)
        assert (picture.shape, picture.dtype) == (rgb.shape, np.uint8) and np.ptp(picture) > 100
    mean = MeanAnswer(task)
    mean.update(**coded)
    assert mean.answer(3, 24, 32).shape == target.shape and mean.answer(3, 24, 32).dtype == np.float32
