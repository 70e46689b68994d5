"""Labels through colours and a codec and back: exact through a codec without loss, within stated errors through noise.

The errors of a pretrained video codec on label videos look like noise; the numbers below are what decoding makes of
white noise of a std of 0.02 of the range (34 dB, what Wan's codec reaches on colour) and of 0.05 (26 dB).
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.train.tasks.scene import make_labels, metrics
from train.model.codec import PatchCodec
from train.tasks import build_tasks

# Task, options, metric, the least or most it may be at each noise, whether larger is better.
STATED = [
    ("depth", {"coding": "banana"}, "abs_rel", (0.013, 0.032), False),
    ("depth", {"coding": "gray"}, "abs_rel", (0.05, 0.12), False),
    ("normals", {}, "mean", (3.0, 7.5), False),  # degrees
    ("matte", {}, "mad", (0.006, 0.014), False),
    ("matte", {}, "iou", (0.997, 0.99), True),
    ("parts", {}, "miou", (1.0, 0.999), True),
    ("semantics", {}, "miou", (1.0, 0.998), True),
    ("dense_pose", {}, "error_cm", (7.5, 18.5), False),
    ("dense_pose", {}, "iou", (1.0, 1.0), True),
]


@pytest.fixture(scope="module")
def labels() -> dict:
    return make_labels()


def through(codec: PatchCodec, target: np.ndarray) -> np.ndarray:
    """Target (T, H, W, 3) in [0, 1] -> what comes out of the codec, float, as the engine gives it to ``decode``."""
    video = torch.from_numpy(target).movedim(-1, 0)[None] * 2 - 1
    return (codec.decode(codec.encode(video))[0].movedim(0, -1) / 2 + 0.5).numpy()


@pytest.mark.parametrize(("name", "options", "metric", "stated", "larger"), STATED)
def test_within_the_stated_error(labels: dict, name: str, options: dict, metric: str, stated, larger: bool) -> None:
    task = build_tasks({name: options})[name]
    target = task.encode(labels)["target"]
    perfect = metrics(task, target, labels)[metric]
    exact = metrics(task, through(PatchCodec(8, 4), target), labels)[metric]
    assert exact == pytest.approx(perfect, abs=1e-3)
    for noise, bound in zip((0.02, 0.05), stated, strict=True):
        noisy = target + np.random.default_rng(0).normal(0, noise, target.shape).astype(np.float32)
        got = metrics(task, noisy, labels)[metric]
        assert got >= bound if larger else got <= bound
        assert got != perfect or larger  # the noise does arrive


def test_the_path_of_colours_carries_depth_four_times_as_well_as_grey(labels: dict) -> None:
    errors = {}
    for coding in ("gray", "banana"):
        task = build_tasks({"depth": {"coding": coding}})["depth"]
        target = task.encode(labels)["target"]
        noisy = target + np.random.default_rng(1).normal(0, 0.02, target.shape).astype(np.float32)
        errors[coding] = metrics(task, noisy, labels)["abs_rel"]
    assert errors["gray"] / errors["banana"] == pytest.approx(7 / np.sqrt(3), rel=0.1)  # 1/7 of a unit; a mean of three


def test_rounding_to_8_bit_on_the_way_would_show(labels: dict) -> None:
    task = build_tasks({"depth": {"coding": "gray"}})["depth"]
    target = task.encode(labels)["target"]
    rounded = np.round(target * 255).astype(np.float32) / 255
    assert metrics(task, rounded, labels)["abs_rel"] > 50 * metrics(task, target, labels)["abs_rel"]
