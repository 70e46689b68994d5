"""A run's folder: what may change when it is resumed, what its log keeps, and what boards and pictures show."""

from __future__ import annotations

import json
import math
import signal
import sys

import numpy as np
import pytest
import yaml
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from synth.conventions import ThfmError
from tests.conftest import ROOT
from tests.train.engine.runs import TINY
from train.config import TrainConfig, load_config
from train.engine.config import MAY_CHANGE
from train.engine.pictures import stack_rows
from train.engine.run import Run, flat
from train.engine.validate import add, score_of, sum_up, summarise
from train.engine.watch import Watch
from train.tasks import build_tasks

PLAIN = {**TINY, "data": {"sources": [{"url": "here"}]}}


def plain(**engine) -> dict:
    return TrainConfig.model_validate({**PLAIN, "engine": {**TINY["engine"], **engine}}).model_dump(mode="json")


def test_what_may_change_and_what_not(tmp_path):
    run = Run(tmp_path / "run")
    run.write_config(plain())
    assert yaml.safe_load(run.config.read_text())["engine"]["keep_last"] == 2, "defaults are written out"
    run.check_config(plain(steps=99, log_every=7, fsdp=True, wandb="x", keep_best=3), MAY_CHANGE)
    with pytest.raises(ThfmError, match=r"was begun with engine.seed=0, now it is 5: .* or start over with --fresh"):
        run.check_config(plain(seed=5), MAY_CHANGE)
    fewer = plain()
    del fewer["tasks"]["matte"]
    with pytest.raises(ThfmError, match=r"tasks.matte={}, now it is \(not set\)"):
        run.check_config(fewer, MAY_CHANGE)
    more = plain()
    more["tasks"]["depth"] = {"coding": "gray"}
    with pytest.raises(ThfmError, match=r"tasks.depth.coding=\(not set\), now it is gray"):
        run.check_config(more, MAY_CHANGE)
    assert all(any(key == a or key.startswith(f"{a}.") for key in flat(plain())) for a in MAY_CHANGE), "no dead names"


def test_the_log_forgets_what_will_come_again(tmp_path):
    run = Run(tmp_path)
    run.metrics.write_text('{"step": 1}\n{"step": 2, "loss": 0.1}\n{"step": 3}\n{"step": 2}\nrubbish\n{"step": 2')
    run.forget_metrics_after(2)
    assert run.metrics.read_text() == '{"step": 1}\n{"step": 2, "loss": 0.1}\n{"step": 2}\n'


def test_only_what_a_run_wrote_is_deleted(tmp_path):
    run = Run(tmp_path)
    run.write_config(plain())
    run.checkpoints.mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    run.clear()
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_the_stop_file_stands_for_a_signal(tmp_path):
    run = Run(tmp_path)
    assert run.asked_to_stop() == 0
    run.stop.touch()
    assert run.asked_to_stop() == signal.SIGTERM
    run.stop.write_text("2\n")
    assert run.asked_to_stop() == signal.SIGINT


def test_boards_and_lines_hold_the_same_numbers(tmp_path, capsys):
    run = Run(tmp_path)
    with Watch(run, steps=10, start=0) as watch:
        watch.write(5, {"loss": 0.25, "loss/depth": math.nan, "samples_per_second": 3.0})
        watch.picture(5, "depth-0", np.full((4, 6, 3), 7, np.uint8))
        watch.table(5, {"depth/abs_rel": 0.5, "depth/abs_rel/constant": 0.75, "depth/error/nose": 1.0})
    assert json.loads(run.metrics.read_text()) == {"step": 5, "loss": 0.25, "samples_per_second": 3.0}
    board = EventAccumulator(str(run.tensorboard))
    board.Reload()
    assert [(e.step, e.value) for e in board.Scalars("loss")] == [(5, 0.25)]
    assert (np.asarray(Image.open(run.pictures / "00000005-depth-0.png")) == 7).all()
    said = capsys.readouterr().err
    assert "step 5/10  loss 0.25  3 samples/s" in said and "constant 0.75" in said and "nose" not in said


def test_a_missing_library_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(ThfmError, match="wandb is not installed: pip install 'thfm.wandb.', or set it to null"):
        Watch(Run(tmp_path), 10, 0, project="people")


def test_rows_of_a_picture_are_the_videos():
    videos = [np.full((5, 4, 6, 3), k, np.uint8) for k in (1, 2, 3)]
    board = stack_rows(videos, frames=3)
    assert board.shape == (3 * 4 + 2 * 2, 3 * 6 + 2 * 2, 3)
    assert [int(board[row, 0, 0]) for row in (0, 6, 12)] == [1, 2, 3] and board[4, 0, 0] == 255
    assert stack_rows([v[:1] for v in videos]).shape == (16, 6, 3)


def test_clips_split_over_processes_give_the_metrics_of_all():
    tasks, rng = build_tasks({"depth": {}, "matte": {}}), np.random.default_rng(0)
    clips = [{"depth": rng.uniform(1, 5, (2, 8, 8)), "matte": rng.random((2, 8, 8))} for _ in range(5)]

    def measured(chosen):
        totals = {}
        for clip in chosen:
            for name, task in tasks.items():
                guess = {name: (clip[name] * 0.8 + 0.1).astype(np.float32)}
                add(totals, name, task.measure(guess, {name: clip[name].astype(np.float32)}))
        return totals

    whole = summarise(tasks, measured(clips))
    split = summarise(tasks, sum_up([measured(clips[:3]), {}, measured(clips[3:])]))
    assert split == pytest.approx(whole) and whole["matte/mad"] > 0


def test_the_score_is_better_when_smaller():
    tasks = build_tasks({"depth": {}, "matte": {}})
    good = {"depth/abs_rel": 0.1, "depth/abs_rel/constant": 0.4, "matte/iou": 0.9, "matte/iou/constant": 0.2}
    worse = good | {"matte/iou": 0.8}
    assert score_of(good, tasks, None) == pytest.approx((0.25 + 0.1) / 2)
    assert score_of(good, tasks, None) < score_of(worse, tasks, None)
    assert score_of(good, tasks, "matte/iou") < score_of(worse, tasks, "matte/iou")
    assert score_of(good, tasks, "depth/abs_rel") == 0.1 and score_of({}, tasks, None) is None


@pytest.mark.parametrize("path", sorted((ROOT / "configs/train").glob("*.yaml")), ids=lambda p: p.name)
def test_every_shipped_config_loads(path):
    assert load_config(path).engine.steps > 0


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("engine.stps=3", "engine.stps: there is no such key, got 3; did you mean engine.steps"),
        ("engine.batch_size=0", "engine.batch_size: .*greater than or equal to 1, got 0"),
        ("tasks.depht={}", "'depht' is no task; the tasks are dense_pose, depth"),
        ("tasks.depth.coding=grey", "tasks: depth.coding: .*'gray' or 'banana', got 'grey'"),
        ("engine.train=tokens engine.objective=generate", "nothing to train"),
    ],
)
def test_wrong_keys_are_named(override, words):
    with pytest.raises(ThfmError, match=words):
        load_config(ROOT / "configs/train/tiny.yaml", override.split())
