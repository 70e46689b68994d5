"""Matte: metrics against plain loops and full two-dimensional filters."""

from __future__ import annotations

import tracemalloc
from collections import deque

import numpy as np
import pytest
from scipy.signal import correlate2d

from tests.train.tasks.scene import make_labels, metrics
from train.tasks import build_tasks
from train.tasks.metrics.matte import disconnection, gradient, matte_errors


def smooth_noise(seed: int, *shape: int) -> np.ndarray:
    """Blobs in [0, 1] with plateaus at both ends, float32."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices(shape[-2:])
    total = np.zeros(shape)
    for _ in range(6):
        a, b = rng.uniform(0.15, 0.6, 2) * rng.choice([-1, 1], 2)
        total += np.sin(a * rows + b * columns + rng.uniform(0, 6, (*shape[:-2], 1, 1)))
    return np.clip(total / 3 + 0.4, 0, 1).astype(np.float32)


def test_target_and_answer() -> None:
    labels, task = make_labels(), build_tasks({"matte": {}})["matte"]
    labels["matte"][0, 0, 0] = np.nan
    coded = task.encode(labels)
    assert not coded["valid"][0, 0, 0] and coded["valid"].sum() == coded["valid"].size - 1
    np.testing.assert_array_equal(coded["target"][..., 1], np.nan_to_num(labels["matte"]))
    answer = coded["target"] + np.float32([0.3, -0.3, 0])  # the mean of the channels is what counts
    np.testing.assert_allclose(task.decode(answer)["matte"], np.nan_to_num(labels["matte"]), atol=1e-6)
    assert metrics(task, coded["target"], labels)["iou"] == 1
    assert metrics(task, 1 - coded["target"], labels)["iou"] < 0.3


def test_plain_errors() -> None:
    p, a = smooth_noise(0, 4, 20, 24), smooth_noise(1, 4, 20, 24)
    valid = np.random.default_rng(0).random(p.shape) < 0.8
    valid[2] = False
    got = matte_errors(p, a, valid)
    mad, mse, sad, inter, union = [], [], [], 0, 0
    for t in (0, 1, 3):
        e = (p[t] - a[t])[valid[t]].astype(float)
        mad.append(np.abs(e).mean()), mse.append((e**2).mean()), sad.append(np.abs(e).sum() / 1000)
        mine, truth = p[t][valid[t]] >= 0.5, a[t][valid[t]] >= 0.5
        inter, union = inter + (mine & truth).sum(), union + (mine | truth).sum()
    np.testing.assert_allclose([got["mad"], got["mse"], got["sad"]], np.mean([mad, mse, sad], 1), rtol=1e-5)
    assert (got["intersection"], got["union"]) == (inter, union)
    everywhere = matte_errors(p, a, np.ones(p.shape, bool))
    steps = [np.sqrt(np.mean(((p[t] - p[t - 1]) - (a[t] - a[t - 1])).astype(float) ** 2)) for t in (1, 2, 3)]
    assert everywhere["dtssd"] == pytest.approx(np.mean(steps), rel=1e-5)
    assert matte_errors(p[:1], a[:1], valid[:1])["dtssd"] == 0


def test_pixels_that_nobody_knows_count_nowhere() -> None:
    """Changes are those of pixels known in both frames; slopes are those at known pixels."""
    p, a = smooth_noise(0, 4, 20, 24), smooth_noise(1, 4, 20, 24)
    known = np.ones(p.shape, bool)
    known[0, :, :8], known[1, :, 12:], known[2:, 5:9] = False, False, False
    got = matte_errors(p, np.where(known, a, np.nan), known)
    steps, slopes = [], []
    for t in range(4):
        if t:
            both = [place for place in np.ndindex(20, 24) if known[t][place] and known[t - 1][place]]
            change = [(p[t][x] - p[t - 1][x]) - (a[t][x] - a[t - 1][x]) for x in both]
            steps.append(np.sqrt(np.mean(np.square(change, dtype=float))))
        between = gradient(np.where(known[t], p[t], 0)) - gradient(np.where(known[t], a[t], 0))
        slopes.append(sum(between[place] ** 2 for place in np.ndindex(20, 24) if known[t][place]) / 1000)
    assert got["dtssd"] == pytest.approx(np.mean(steps), rel=1e-5)
    assert got["grad"] == pytest.approx(np.mean(slopes), rel=1e-5)
    apart = np.zeros((2, 4, 4), bool)
    apart[0, :2], apart[1, 2:] = True, True  # no pixel that both frames know
    assert matte_errors(p[:2, :4, :4], a[:2, :4, :4], apart)["dtssd"] == 0


def test_memory_does_not_grow_with_frames() -> None:
    p, a = (np.broadcast_to(smooth_noise(k, 1, 100, 120), (60, 100, 120)) for k in (0, 1))
    known, peaks = np.broadcast_to(True, p.shape), []
    for frames in (6, 60):
        tracemalloc.start()
        matte_errors(p[:frames], a[:frames], known[:frames])
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


def test_gradient_is_the_gaussian_derivative_in_two_dimensions() -> None:
    sigma, reach = 1.4, int(np.ceil(1.4 * np.sqrt(-2 * np.log(np.sqrt(2 * np.pi) * 1.4 * 0.01))))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    kernel = -x * np.exp(-(x**2 + y**2) / (2 * sigma**2))
    kernel = kernel / np.sqrt((kernel**2).sum())
    alpha = smooth_noise(2, 25, 31).astype(float)
    padded = np.pad(alpha, reach, mode="edge")
    expected = np.hypot(correlate2d(padded, kernel, "valid"), correlate2d(padded, kernel.T, "valid"))
    np.testing.assert_allclose(gradient(alpha), expected, atol=1e-9)


def largest_region(mask: np.ndarray) -> set:
    """The largest 4-connected set of places, by flooding."""
    left, best = set(zip(*np.nonzero(mask), strict=True)), set()
    while left:
        queue, region = deque([min(left)]), set()
        left.discard(queue[0])
        while queue:
            r, c = queue.popleft()
            region.add((r, c))
            for near in ((r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)):
                if near in left:
                    left.discard(near)
                    queue.append(near)
        best = region if len(region) > len(best) else best
    return best


@pytest.mark.parametrize("seed", range(4))
def test_connectivity_by_flooding(seed: int) -> None:
    p, a = smooth_noise(seed, 18, 22), smooth_noise(seed + 10, 18, 22)
    level = np.full(p.shape, np.nan)
    for k in range(1, 11):
        region = largest_region((p >= k / 10) & (a >= k / 10))
        for place in np.ndindex(p.shape):
            if np.isnan(level[place]) and place not in region:
                level[place] = (k - 1) / 10
    level = np.where(np.isnan(level), 1, level)
    for mine, alpha in zip(disconnection(p, a), (p, a), strict=True):
        excess = alpha - level
        np.testing.assert_allclose(mine, np.where(excess >= 0.15, 1 - excess, 1), atol=1e-9)


def test_a_torn_off_piece_costs_its_alpha() -> None:
    truth = np.zeros((20, 20))
    truth[2:12, 2:12] = 1
    torn = truth.copy()
    torn[16:18, 16:18] = 0.8
    lost = np.subtract(*disconnection(torn, truth))
    assert np.abs(lost).sum() == pytest.approx(4 * 0.8)
    assert not lost[:14, :14].any()
