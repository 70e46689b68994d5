"""A long clip in windows looks as if it had been answered at once: measured at the joins and all over."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from train.inference.join import DenseJoin, SparseJoin, shares
from train.inference.windows import windows
from train.tasks import build_tasks

LENGTH, OVERLAP, FRAMES = 9, 3, 61


def street() -> np.ndarray:
    """(T, H, W) metres: a wall from 2 to 9 m with waves, the camera walking up to it, somebody crossing in front."""
    y, x = np.mgrid[:24, :40].astype(np.float32)
    depth = np.empty((FRAMES, 24, 40), np.float32)
    for t in range(FRAMES):
        depth[t] = (2 + 7 * x / 40 + 0.3 * np.sin(y / 3 + 0.2 * t)) * (1.5 - t / FRAMES)
        depth[t, 6:20, :][:, np.abs(x[0] - 40 * t / FRAMES) < 5] = 1.2
    return depth


def in_windows(task, answer_of: Callable[[np.ndarray, int], np.ndarray], count: int = FRAMES) -> dict:
    """The fields of a dense task whose answer about a window is ``answer_of(frame numbers, window number)``."""
    join, parts = DenseJoin(task), []
    frames = (np.array(t) for t in range(count))
    for k, window in enumerate(windows(frames, (LENGTH,), OVERLAP)):
        keep = 0 if window.last else OVERLAP
        fields = join.add(answer_of(window.frames, k), window, keep)
        parts.append({name: field[: len(field) - keep].copy() for name, field in fields.items()})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def steps(video: np.ndarray) -> np.ndarray:
    """(T-1,) mean change from frame to frame."""
    return np.abs(np.diff(video, axis=0)).reshape(len(video) - 1, -1).mean(1)


@pytest.mark.parametrize("coding", ["gray", "banana"])
def test_depth_of_windows_with_other_medians_is_one_video(coding: str) -> None:
    """The coding's own relation: every window is divided by its own median. One scale brings back all metres."""
    truth, task = street(), build_tasks({"depth": {"coding": coding}})["depth"]
    found = in_windows(task, lambda numbers, k: task.encode({"depth": truth[numbers]})["target"])["depth"]
    unit = np.median(truth[:LENGTH])
    np.testing.assert_allclose(found * unit, truth, rtol=2e-4)
    apart = np.concatenate([truth[s : s + 6] / np.median(truth[s : s + LENGTH]) for s in range(0, FRAMES - 6, 6)])
    assert np.abs(apart * unit / truth[: len(apart)] - 1).max() > 0.5  # windows side by side would be far off


def test_no_seam_in_depth_can_be_measured_though_windows_disagree() -> None:
    """Each window errs by a scale, a shift and noise of its own."""
    truth, task, rng = street(), build_tasks({"depth": {"coding": "gray"}})["depth"], np.random.default_rng(0)
    medians = truth / np.median(truth)
    errors = [(rng.uniform(0.7, 1.4), rng.uniform(-0.1, 0.2)) for _ in range(20)]
    errors[0] = (1.0, 0.0)

    def coded(numbers: np.ndarray, k: int, noise: float = 0.004) -> np.ndarray:
        depth = errors[k][0] * medians[numbers] + errors[k][1]
        s = 0.4 * np.log1p(depth)
        return np.repeat((s + noise * rng.normal(size=s.shape))[..., None], 3, -1).astype(np.float32)

    def jumps(depth: np.ndarray) -> np.ndarray:
        """Changes that the truth does not have, in the coding, where noise is alike for near and far."""
        return steps(np.log1p(depth) - np.log1p(medians[: len(depth)]))

    found = in_windows(task, coded)["depth"]
    plain = np.concatenate([task.decode(coded(np.arange(s, s + 6), k))["depth"] for k, s in enumerate(range(0, 60, 6))])
    usual = np.median(jumps(found))
    assert jumps(found).max() < 1.5 * usual  # joins are as quiet as the noise inside of windows
    assert jumps(plain).max() > 8 * usual  # this measure sees a seam
    ratio = np.median((found / medians).reshape(FRAMES, -1), 1)
    assert np.abs(ratio - 1).max() < 0.01  # and errors do not add up from window to window


def test_maps_cross_over_evenly() -> None:
    """Windows answer 0 and 1 in turn: between the two no step is larger than the overlap allows."""
    task = build_tasks({"matte": {}})["matte"]
    found = in_windows(task, lambda n, k: np.full((LENGTH, 4, 6, 3), k % 2, np.float32))["matte"]
    assert found.shape == (FRAMES, 4, 6)
    assert np.abs(np.diff(found, axis=0)).max() == pytest.approx(1 / (OVERLAP + 1), abs=1e-6)
    np.testing.assert_allclose(found[6:9, 0, 0], [0.25, 0.5, 0.75])
    np.testing.assert_allclose(shares(3), [0.25, 0.5, 0.75])


def test_normals_turn_on_the_sphere() -> None:
    task = build_tasks({"normals": {}})["normals"]
    ends = np.array([[1.0, 0.5, 0.5], [0.5, 1.0, 0.5]], np.float32)  # x, then y
    found = in_windows(task, lambda n, k: np.tile(ends[k % 2], (LENGTH, 4, 6, 1)))["normals"]
    np.testing.assert_allclose(np.linalg.norm(found, axis=-1), 1, atol=1e-6)
    np.testing.assert_allclose(found[7, 0, 0], [0.5**0.5, 0.5**0.5, 0], atol=1e-6)
    assert found[6, 0, 0, 0] > found[7, 0, 0, 0] > found[8, 0, 0, 0]


def test_classes_turn_pixel_by_pixel_and_through_no_third_class() -> None:
    """Between the colours of two classes lies that of a third, which nobody answered."""
    task, rng = build_tasks({"parts": {}})["parts"], np.random.default_rng(1)
    colours = task.palette

    def named(colour: np.ndarray) -> int:
        return task.decode(colour[None, None, None])["parts"].item()

    classes = range(1, len(colours))
    a, b = next(
        (i, j) for i in classes for j in classes if i != j and named((colours[i] + colours[j]) / 2) not in (i, j)
    )
    doubt = rng.uniform(0, 0.35, (1, 32, 32, 1)).astype(np.float32)  # how far a pixel leans towards the other class

    def coloured(numbers: np.ndarray, k: int) -> np.ndarray:
        own, other = (colours[a], colours[b]) if k % 2 == 0 else (colours[b], colours[a])
        lean = doubt if k % 2 == 0 else doubt.transpose(0, 2, 1, 3)
        return np.repeat((1 - lean) * own + lean * other, LENGTH, 0)

    answers = [task.decode(coloured(np.arange(LENGTH), k))["parts"] for k in (0, 1)]
    found = in_windows(task, coloured)["parts"]
    assert found.dtype == np.uint8
    for frame in found[6:9]:  # shared by the first two windows
        assert ((frame == answers[0][0]) | (frame == answers[1][0])).all()
    disagree = answers[0][0] != answers[1][0]
    new = [(frame == answers[1][0])[disagree].mean() for frame in found[5:10]]
    assert new[0] == 0 and new[-1] == 1 and all(x <= y for x, y in zip(new, new[1:], strict=False))
    assert 0 < new[2] < 1  # not all at once


def test_places_on_the_body_are_not_averaged_over_limbs() -> None:
    task = build_tasks({"dense_pose": {}})["dense_pose"]
    near = np.array([[0.5, 0.6, 0.4], [0.52, 0.6, 0.4]], np.float32)
    found = in_windows(task, lambda n, k: np.tile(near[k % 2], (LENGTH, 2, 2, 1)))["surface"]
    np.testing.assert_allclose(found[7, 0, 0], [0.51, 0.6, 0.4], atol=1e-6)
    far = np.array([[0.2, 0.6, 0.4], [0.8, 0.6, 0.4]], np.float32)
    found = in_windows(task, lambda n, k: np.tile(far[k % 2], (LENGTH, 2, 2, 1)))["surface"]
    assert {round(float(v), 4) for v in np.unique(found[..., 0])} == {0.2, 0.8}
    gone = np.array([[0, 0, 0], [0.8, 0.6, 0.4]], np.float32)
    found = in_windows(task, lambda n, k: np.tile(gone[k % 2], (LENGTH, 2, 2, 1)))["surface"]
    assert set(np.unique(found[..., 0][np.isfinite(found[..., 0])]).round(4)) == {np.float32(0.8)}


def test_people_keep_their_group_and_their_path() -> None:
    """Two people walk through each other's places; every other window names them the other way round."""
    task = build_tasks({"keypoints2d": {"people": 2}})["keypoints2d"]
    join, parts, path = SparseJoin(task), [], np.linspace(0.1, 0.9, FRAMES)
    spread = np.linspace(0, 0.05, task.numbers)
    truth = np.stack([path[:, None] + spread, 1 - path[:, None] + 2 * spread]).astype(np.float32)
    for k, window in enumerate(windows((np.array(t) for t in range(FRAMES)), (LENGTH,), OVERLAP)):
        keep = 0 if window.last else OVERLAP
        answer = truth[:, window.frames][:: -1 if k % 2 else 1]
        order = join.order(answer, window)
        points = join.add(answer, window, keep, order, (100, 200))["keypoints2d"]
        parts.append(points[:, : points.shape[1] - keep])
    found = np.concatenate(parts, 1)
    np.testing.assert_allclose(found, task.decode(truth, 100, 200)["keypoints2d"], atol=1e-3)
