"""Dense pose: person against background on the bodies we ship, and errors in closed form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from synth.conventions import CANONICAL_CENTRE, CANONICAL_EXTENT
from tests.train.tasks.scene import make_labels, metrics
from train.tasks import build_tasks
from train.tasks.dense_pose import PERSON_ABOVE

BODIES = Path(__file__).parents[3] / "assets" / "bodies" / "smplx"


def task():
    return build_tasks({"dense_pose": {}})["dense_pose"]


@pytest.mark.parametrize("gender", ["NEUTRAL", "FEMALE", "MALE"])
def test_the_threshold_lies_half_way_between_black_and_every_body(gender: str) -> None:
    with np.load(BODIES / f"SMPLX_{gender}.npz", allow_pickle=False) as body:
        points = body["v_template"].astype(np.float64)
    cube = (points - CANONICAL_CENTRE) / CANONICAL_EXTENT + 0.5
    assert cube.min() > 0 and cube.max() < 1
    sums = cube.sum(1)
    assert 1.0 < sums.min() < 1.1 and sums.max() < 2.2
    # Noise of std s in each channel crosses the plane where it exceeds 0.5 / sqrt(3): 3.6 std at 0.08.
    rng, noise = np.random.default_rng(0), 0.08
    body, background = (cube.astype(np.float32), np.zeros_like(cube, np.float32))
    for clean, person in ((body, True), (background, False)):
        answer = task().decode((clean + rng.normal(0, noise, clean.shape))[None, None].astype(np.float32))["surface"]
        assert (np.isfinite(answer).all(-1) == person).mean() > 0.999
    assert sums.min() - PERSON_ABOVE >= PERSON_ABOVE


def test_target_and_answer() -> None:
    labels = make_labels()
    coded, person = task().encode(labels), labels["instances"] > 0
    assert coded["valid"].all()  # black is an answer too
    np.testing.assert_array_equal(coded["target"][person], labels["surface"][person])
    assert (coded["target"][~person] == 0).all()
    np.testing.assert_array_equal(task().decode(coded["target"])["surface"], labels["surface"])


def test_a_constant_shift_of_some_centimetres() -> None:
    labels = make_labels()
    coded, person = task().encode(labels), labels["instances"] > 0
    metres = 0.12
    shifted = coded["target"] + np.float32([0, 0, metres / CANONICAL_EXTENT]) * person[..., None]
    got = metrics(task(), shifted, labels)
    assert got["error_cm"] == pytest.approx(12, abs=1e-3)
    assert got["gps"] == pytest.approx(np.exp(-(metres**2) / (2 * 0.255**2)), abs=1e-5)
    assert got["iou"] == 1 and got["gpsm"] == pytest.approx(np.sqrt(got["gps"]))


def test_missed_and_invented_pixels() -> None:
    labels = make_labels()
    answer = task().encode(labels)["target"].copy()
    person = labels["instances"] > 0
    missed, invented = np.zeros_like(person), np.zeros_like(person)
    missed[:, :, :40], invented[:, :3] = True, True
    answer[missed & person], answer[invented & ~person] = 0, 0.5
    got = metrics(task(), answer, labels)
    seen = (person & ~missed).sum()
    assert got["error_cm"] == 0 and got["gps"] == pytest.approx(seen / person.sum())
    assert got["iou"] == pytest.approx(seen / (person.sum() + (invented & ~person).sum()))
    assert got["gpsm"] == pytest.approx(np.sqrt(got["gps"] * got["iou"]))
    nobody = metrics(task(), 0 * answer, labels)
    assert np.isnan(nobody["error_cm"]) and nobody["gps"] == nobody["gpsm"] == 0
