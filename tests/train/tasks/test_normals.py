"""Normals: coding, unit length, and pooled angles against the arc cosine."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tests.train.tasks.scene import make_labels, metrics
from train.tasks import build_tasks
from train.tasks.metrics.normals import angle_summary, angle_sums


def test_target_and_answer() -> None:
    labels, task = make_labels(), build_tasks({"normals": {}})["normals"]
    coded, n = task.encode(labels), labels["normals"]
    seen = np.isfinite(n).all(-1)
    np.testing.assert_array_equal(coded["valid"], seen)
    np.testing.assert_allclose(coded["target"][seen], (n[seen] + 1) / 2, atol=1e-6)
    np.testing.assert_array_equal(coded["target"][~seen], 0.5)
    noisy = coded["target"] + np.random.default_rng(0).normal(0, 0.1, n.shape)
    noisy[0, 0, 0] = 0.5  # no direction at all
    answer = task.decode(noisy)["normals"]
    np.testing.assert_allclose(np.linalg.norm(answer, axis=-1), 1, atol=1e-5)
    np.testing.assert_array_equal(answer[0, 0, 0], [0, 0, 1])
    people = build_tasks({"normals": {"region": "people"}})["normals"]
    np.testing.assert_array_equal(people.encode(labels)["valid"], labels["instances"] > 0)


def test_angles_are_pooled_over_the_set() -> None:
    rng = np.random.default_rng(3)
    total, angles = {}, []
    for frames, spread in ((2, 0.1), (5, 0.8)):  # clips of different length and error
        n = rng.normal(size=(frames, 20, 30, 3))
        n /= np.linalg.norm(n, axis=-1, keepdims=True)
        turned = Rotation.from_rotvec(rng.normal(0, spread, (frames * 600, 3))).apply(n.reshape(-1, 3))
        valid = rng.random((frames, 20, 30)) < 0.6
        for key, value in angle_sums(turned.reshape(n.shape), n, valid).items():
            total[key] = total.get(key, 0) + value
        cosine = (turned.reshape(n.shape) * n).sum(-1)[valid]
        angles.append(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    angles, got = np.concatenate(angles), angle_summary(total)
    assert got["mean"] == pytest.approx(angles.mean(), rel=1e-9)
    assert got["median"] == pytest.approx(np.median(angles), abs=0.02)
    for limit in (11.25, 22.5, 30):
        assert got[f"under_{limit:g}"] == pytest.approx((angles < limit).mean(), abs=1e-12)


def test_a_known_turn_is_its_angle() -> None:
    labels, task = make_labels(), build_tasks({"normals": {}})["normals"]
    turned = Rotation.from_euler("z", 20, degrees=True).apply([[0, 1, 0]])[0]
    labels["normals"] = np.where(np.isfinite(labels["normals"]), np.float32([0, 1, 0]), np.nan)
    answer = np.broadcast_to((turned + 1) / 2, labels["normals"].shape).astype(np.float32)
    got = metrics(task, answer, labels)
    assert got["mean"] == pytest.approx(20, abs=1e-4) and got["median"] == pytest.approx(20, abs=0.02)
    assert (got["under_11.25"], got["under_22.5"]) == (0, 1)
