"""What a job takes, told from a few of its clips."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from synth.cluster.estimate import Cluster, Sample, estimate, workers_of
from tests.conftest import SMALLER, TINY, run_synth


def sample(seconds: list[float], frames: int = 10, each: int = 1000, ahead: float = 0.0) -> Sample:
    """Clips of so many seconds, of which drawing took ``ahead``, by another worker."""
    made = [s - ahead for s in seconds]
    return Sample(frames, made, [ahead] * len(seconds), each * len(seconds), start_seconds=5.0, around_seconds=8.0)


def test_time_is_that_of_a_run_played_out() -> None:
    """Against a simulation: workers take clip after clip, a new process every 20."""
    rng = np.random.default_rng(0)
    clips = rng.uniform(20, 60, 1000)
    free = np.zeros(16)
    made = np.zeros(16, int)
    for seconds in clips:
        k = int(np.argmin(free))
        free[k] += seconds + (5.0 if made[k] % 20 == 0 else 0.0)
        made[k] += 1
    told = estimate([sample(list(clips[:100]))], 1000, 10, Cluster(machines=2, cores=8, price=3.0))
    assert told.workers == 16
    assert told.seconds == pytest.approx(free.max() + 8.0, rel=0.06)
    assert told.core_hours == pytest.approx((clips.sum() + 5 * 50) / 3600, rel=0.06)
    assert told.machine_hours == pytest.approx(2 * told.seconds / 3600) and told.cost == 3 * told.machine_hours
    assert told.bytes == 1_000_000


def test_draws_cost_time_where_cores_are_short_and_none_where_they_are_not() -> None:
    clips = [30.0, 40.0, 50.0]
    whole, ahead = (estimate([sample(clips, ahead=a)], 1000, 10, Cluster(1, 8)) for a in (0.0, 10.0))
    assert ahead.seconds == pytest.approx(whole.seconds) and ahead.core_hours == pytest.approx(whole.core_hours)
    # Two clips on one GPU, on two cores each; four more cores draw.
    gpu = Cluster(1, 8, gpus=1)
    whole, ahead = (estimate([sample(clips, ahead=a)], 1000, 10, gpu, 2, 0.5) for a in (0.0, 10.0))
    assert ahead.seconds == pytest.approx(0.75 * whole.seconds, rel=0.01)
    assert ahead.gpu_hours == pytest.approx(0.75 * whole.gpu_hours, rel=0.01)
    assert ahead.core_hours < whole.core_hours, "one core draws"


def test_the_error_holds_nine_times_in_ten() -> None:
    rng = np.random.default_rng(1)
    truth, hits = 40.0, 0
    for _ in range(400):
        told = estimate([sample(list(rng.normal(truth, 10, 6)))], 1000, 10, Cluster(1, 1))
        hits += abs(told.clip_seconds - truth) <= told.error * told.clip_seconds
    assert 0.9 <= hits / 400 <= 0.98  # a little more, for what is not in these numbers


def test_long_clips_are_told_from_short_ones() -> None:
    # 4 s a clip and 2 s a frame; 100 bytes a clip and 50 a frame.
    short, longer = sample([10.0, 10.0], 3, 250), sample([22.0, 22.0], 9, 550)
    told = estimate([short, longer], 10, 81, Cluster(1, 1))
    assert told.clip_seconds == pytest.approx(4 + 2 * 81)
    assert told.bytes == pytest.approx(10 * (100 + 50 * 81))


def test_workers_fit_machines_by_cores_and_by_gpus() -> None:
    assert workers_of(Cluster(3, 7), 2, 0) == 9
    assert workers_of(Cluster(3, 32, gpus=1), 2, 0.25) == 12
    assert estimate([sample([1.0, 2.0])], 4, 10, Cluster(10, 10)).workers == 4


def test_the_command_makes_some_clips_and_tells_of_all(tiny_dataset: Path) -> None:
    cluster = ("--machines", 2, "--cores", 4, "--price", 0.5)
    done = run_synth("plan", TINY, *SMALLER, "clips=500", "--sample", 3, *cluster, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["clips"], told["workers"]) == (500, 8)
    one = sum(p.stat().st_size for p in tiny_dataset.glob("*.tar")) / 3
    assert told["bytes"] == pytest.approx(500 * one, rel=0.2)  # the same three clips, without the padding of two tars
    assert told["seconds"] > 500 / 8 * told["clip_seconds"] and told["error"] > 0.05
    assert told["cost"] == pytest.approx(told["machine_hours"] * 0.5) and told["machine_hours"] == pytest.approx(
        2 * told["seconds"] / 3600
    )


def test_faster_cores_take_less() -> None:
    slow, fast = (estimate([sample([30.0, 40.0])], 100, 10, Cluster(1, 4, speed=s)) for s in (1, 2))
    assert fast.core_hours == pytest.approx(slow.core_hours / 2) and fast.seconds < 0.55 * slow.seconds
