"""Depth: the coding against its definition, the path of colours, what is not valid, the metrics against lstsq."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from synth.conventions import ThfmError
from tests.train.tasks.scene import make_labels, metrics
from train.tasks import build_tasks
from train.tasks.depth import from_banana, to_banana
from train.tasks.metrics.depth import depth_errors

# The corners of the path by their names, as the method lists them.
PATH = {"black": "000", "red": "100", "yellow": "110", "green": "010", "cyan": "011", "blue": "001", "magenta": "101"}
PATH["white"] = "111"


def depth(**options):
    return build_tasks({"depth": options})["depth"]


def test_the_path_visits_its_eight_colours_in_order() -> None:
    corners = np.array([[float(c) for c in bits] for bits in PATH.values()])
    np.testing.assert_array_equal(to_banana(np.linspace(0, 1, 8)), corners)
    np.testing.assert_allclose(to_banana(np.array(2.25 / 7)), [0.75, 1, 0], atol=1e-6)  # a quarter from yellow to green


def test_a_number_survives_its_colour_and_decoding_is_the_nearest_point_of_the_path() -> None:
    s = np.linspace(0, 1, 5001)
    assert np.abs(from_banana(to_banana(s)) - s).max() < 1e-6
    colours = np.random.default_rng(0).uniform(-0.2, 1.2, (400, 3))
    fine = np.linspace(0, 1, 7001)
    nearest = np.linalg.norm(colours[:, None] - to_banana(fine)[None], axis=-1)
    mine = np.linalg.norm(colours - to_banana(from_banana(colours)), axis=-1)
    assert (mine <= nearest.min(1) + 1e-6).all()


@pytest.mark.parametrize("coding", ["gray", "banana"])
def test_target_is_the_coding_of_medians_and_decodes_to_them(coding: str) -> None:
    labels, task = make_labels(), depth(coding=coding)
    coded, d = task.encode(labels), labels["depth"]
    seen = np.isfinite(d)
    np.testing.assert_array_equal(coded["valid"], seen)
    s = np.clip(0.4 * np.log(d[seen] / np.median(d[seen]) + 1), 0, 1)
    expected = to_banana(s) if coding == "banana" else np.stack([s] * 3, -1)
    np.testing.assert_allclose(coded["target"][seen], expected, atol=1e-5)
    np.testing.assert_array_equal(coded["target"][~seen], 1)  # far, white in both codings
    within = seen & (d < 11 * np.median(d[seen]))
    medians = task.decode(coded["target"])["depth"]
    np.testing.assert_allclose(medians[within], d[within] / np.median(d[seen]), rtol=2e-5)


def test_metres_do_not_matter_and_nothing_seen_is_nothing_valid() -> None:
    labels, task = make_labels(), depth()
    far = {**labels, "depth": labels["depth"] * 40}
    np.testing.assert_allclose(task.encode(far)["target"], task.encode(labels)["target"], atol=1e-5)
    blind = {**labels, "depth": np.full_like(labels["depth"], np.nan)}
    coded = task.encode(blind)
    assert not coded["valid"].any() and (coded["target"] == 1).all()
    assert np.isnan(metrics(task, coded["target"], blind)["abs_rel"])


def test_people_alone() -> None:
    labels, task = make_labels(), depth(region="people")
    coded, person = task.encode(labels), labels["instances"] > 0
    np.testing.assert_array_equal(coded["valid"], person)
    assert (coded["target"][~person] == 1).all()
    relative = task.decode(coded["target"])["depth"][person]
    assert np.median(relative) == pytest.approx(1, abs=1e-4)
    with pytest.raises(ThfmError, match="needs the field 'instances'"):
        task.encode({"depth": labels["depth"]})


def test_the_median_of_many_pixels_is_sampled_closely() -> None:
    rng = np.random.default_rng(0)
    d = rng.lognormal(1.0, 0.7, (4, 600, 600)).astype(np.float32)
    s = depth(coding="gray").encode({"depth": d})["target"][..., 0]
    assert np.abs(s - np.clip(0.4 * np.log(d / np.median(d) + 1), 0, 1)).max() < 1e-3


@pytest.mark.parametrize("how", ["scale_shift", "scale", "none"])
def test_metrics_against_a_plain_computation(how: str) -> None:
    rng = np.random.default_rng(1)
    truth = rng.uniform(1, 9, (5, 12, 14))
    valid = rng.random(truth.shape) < 0.7
    valid[3] = False  # a frame without a label
    prediction = 0.3 * truth + 2 + rng.normal(0, 0.3, truth.shape)
    x, y = prediction[valid], truth[valid]
    if how == "none":
        aligned = prediction * np.median(y)
    else:
        columns = [x, np.ones_like(x)] if how == "scale_shift" else [x]
        fit = np.linalg.lstsq(np.stack(columns, 1), y, rcond=None)[0]
        aligned = prediction * fit[0] + (fit[1] if len(fit) > 1 else 0)
    rows = []
    for t in (0, 1, 2, 4):
        p, d = aligned[t][valid[t]], truth[t][valid[t]]
        ratio = np.maximum(p / d, d / p)
        rows.append([np.mean(np.abs(p - d) / d), np.mean((p - d) ** 2) ** 0.5, np.mean((ratio < 1.25) & (p > 0))])
    got = depth_errors(prediction, np.where(valid, truth, np.nan), valid, how)
    assert got["clips"] == 1
    np.testing.assert_allclose([got["abs_rel"], got["rmse"], got["delta1"]], np.mean(rows, 0), rtol=1e-9)


@pytest.mark.parametrize("how", ["scale_shift", "scale"])
def test_memory_does_not_grow_with_frames(how: str) -> None:
    rng, peaks = np.random.default_rng(0), []
    truth = np.broadcast_to(rng.uniform(1, 9, (100, 120)).astype(np.float32), (60, 100, 120))
    prediction = np.broadcast_to(rng.uniform(1, 2, (100, 120)).astype(np.float32), truth.shape)
    valid = np.broadcast_to(rng.random((100, 120)) < 0.9, truth.shape)
    for frames in (6, 60):
        tracemalloc.start()
        depth_errors(prediction[:frames], truth[:frames], valid[:frames], how)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


def test_any_scale_and_shift_of_the_truth_is_perfect_and_a_flat_answer_is_its_mean() -> None:
    truth = np.random.default_rng(2).uniform(1, 9, (3, 8, 8))
    everywhere = np.ones(truth.shape, bool)
    assert depth_errors(0.01 * truth - 3, truth, everywhere, "scale_shift")["abs_rel"] < 1e-9
    flat = depth_errors(np.full(truth.shape, 7.0), truth, everywhere, "scale_shift")
    assert flat["rmse"] == pytest.approx(np.mean([np.sqrt(np.mean((f - truth.mean()) ** 2)) for f in truth]))


def test_a_depth_behind_the_camera_is_not_close() -> None:
    truth = np.full((1, 2, 2), 4.0)
    got = depth_errors(np.array([[[4.0, -4.0], [5.1, 3.3]]]) / 4, truth, truth > 0, "none")
    assert got["delta1"] == 0.5


def test_what_the_coding_cannot_say_is_measured_only_when_asked() -> None:
    labels = make_labels()
    labels["depth"] = np.where(np.isfinite(labels["depth"]), labels["depth"], 500.0)
    coded = depth().encode(labels)["target"]
    assert metrics(depth(), coded, labels)["abs_rel"] < 1e-4
    assert metrics(depth(measure_far=True), coded, labels)["abs_rel"] > 0.05
