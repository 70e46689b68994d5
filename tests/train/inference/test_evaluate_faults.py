"""Evaluation of what is damaged, missing, too long, or not there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from synth.shards import build_manifest, encode_clip, write_shard
from tests.train.engine.figures import figure_clip, write_figures
from tests.train.inference.judged import noisy_truth, scenes
from tests.train.inference.saved import SIZES
from train.cli import app
from train.inference import Predictor
from train.inference.cases import Case, shard_cases
from train.inference.evaluate import constant_answers, evaluate
from train.inference.judge import Question, judge
from train.inference.report import report_of
from train.inference.results import Results, results_folder
from train.tasks import TASKS, build_tasks


def test_a_damaged_clip_is_named_and_costs_nothing_else(run: Path, figures: Path, tmp_path: Path) -> None:
    def clips():
        for k in range(2):
            members = encode_clip(f"{k}", 24.0, figure_clip(k, 5, 32), {})
            if k == 0:
                members["depth.mkv"] = members["depth.mkv"][:200]
            yield f"{k}", members

    write_shard(tmp_path / "set", "shard-000000", clips())
    build_manifest(tmp_path / "set", {})
    out = tmp_path / "[v2]"  # not a word of markup
    done = CliRunner().invoke(
        app, ["evaluate", str(run), str(tmp_path / "set"), "--out", str(out), "--task", "depth", "--task", "matte"]
    )
    assert done.exit_code == 3, done.output
    assert str(out / "report.html") in done.output
    report = json.loads((out / "report.json").read_text())
    assert list(report["tasks"]["matte"]["clips"]) == ["1"] and "depth" in report["failed"]["0"]
    assert "Not in these numbers" in (out / "report.html").read_text()


def test_labels_that_are_missing_are_said(run: Path, tmp_path: Path) -> None:
    clip = {name: figure_clip(0, 5, 32)[name] for name in ("rgb", "matte")}
    write_shard(tmp_path / "set", "shard-000000", [("a", encode_clip("a", 24.0, clip, {}))])
    build_manifest(tmp_path / "set", {})
    command = ["evaluate", str(run), str(tmp_path / "set"), "--out"]
    done = CliRunner().invoke(app, [*command, str(tmp_path / "all")])
    assert done.exit_code == 0 and list(json.loads((tmp_path / "all" / "report.json").read_text())["tasks"]) == [
        "matte"
    ]
    none = CliRunner().invoke(app, [*command, str(tmp_path / "none"), "--task", "depth"])
    assert none.exit_code == 1 and "no clip has labels of depth" in none.stderr


def test_a_clip_longer_than_a_window_is_answered_whole(run: Path, tmp_path: Path) -> None:
    write_figures(tmp_path / "set", 1, frames=21, size=SIZES[0][0])
    (case,) = shard_cases(str(tmp_path / "set")).cases
    predictor = Predictor.from_pretrained(run, device="cpu")
    _, judged = judge(run, predictor, Question("t", "set", [case], tasks=["matte"]), tmp_path / "out")
    assert judged.frames == 21


def test_a_shard_that_is_cut_is_named(run: Path, tmp_path: Path) -> None:
    write_figures(tmp_path / "set", 2, per_shard=1, frames=5, size=24)
    shard = tmp_path / "set" / "shard-000001.tar"
    shard.write_bytes(shard.read_bytes()[:2000])
    command = ["evaluate", str(run), str(tmp_path / "set"), "--out", str(tmp_path / "out"), "--task", "matte"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 3, done.output
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert list(report["tasks"]["matte"]["clips"]) == ["000000"]
    assert any("shard-000001.tar" in name for name in report["failed"]) or "000001" in report["failed"]


def test_results_of_a_models_folder_do_not_change_it(run: Path, figures: Path) -> None:
    command = ["evaluate", str(run / "final"), str(figures), "--task", "keypoints3d"]
    for _ in range(2):  # a changed model would be refused the second time
        done = CliRunner().invoke(app, command)
        assert done.exit_code == 0, done.output
    assert (run / "evaluate" / figures.name / "report.html").is_file()
    bare = results_folder(run / "final", "benchmark", "emdb")
    assert bare == run / "benchmark" / "emdb"


def test_another_content_at_the_same_place_is_another_set(run: Path, tmp_path: Path) -> None:
    write_figures(tmp_path / "set", 1, frames=5, size=24)
    command = ["evaluate", str(run), str(tmp_path / "set"), "--out", str(tmp_path / "out"), "--task", "matte"]
    assert CliRunner().invoke(app, command).exit_code == 0
    write_figures(tmp_path / "set", 1, frames=5, size=24, first=9)
    again = CliRunner().invoke(app, command)
    assert again.exit_code == 1 and "content" in again.stderr and "--fresh" in again.stderr


def test_labels_of_another_size_are_named(tmp_path: Path) -> None:
    (case,) = scenes(1)
    wide = np.zeros((3, 32, 50, 3), np.uint8)
    cases = [Case("odd", case.fields, 24.0, lambda: wide, case.labels)]
    judged = evaluate(
        lambda video, names, *, fps=None: {"matte": {"matte": np.zeros((3, 32, 50), np.float32)}},
        build_tasks({"matte": {}}), cases, Results(tmp_path, {}),
    )  # fmt: skip
    assert "odd: matte is (3, 32, 48) and does not fit" in judged.failed["odd"]


@pytest.mark.parametrize("name", ["depth", "normals", "matte", "keypoints2d", "keypoints3d"])
def test_answers_that_are_no_numbers_are_named_and_never_left_out_in_silence(name: str, tmp_path: Path) -> None:
    cases, tasks = scenes(2), build_tasks({name: {}})
    answer, _ = noisy_truth(tasks, cases)

    def overflown(video, names, *, fps=None):
        answers = answer(video, names, fps=fps)
        if video[0, 0, 0, 0]:  # of the second clip
            (field,) = answers[name]
            answers[name][field][:, 1] = np.nan
        return answers

    judged = evaluate(overflown, tasks, cases, Results(tmp_path, {}))
    assert [key for key, _, _ in judged.clips[name]] == ["scene-0"]
    assert f"scene-1: the answer of {name} holds" in judged.failed["scene-1"]
    assert "--dtype float32" in judged.failed["scene-1"]


def test_no_surface_off_people_is_an_answer(tmp_path: Path) -> None:
    cases, tasks = scenes(1), build_tasks({"dense_pose": {}})
    judged = evaluate(noisy_truth(tasks, cases, 0.01)[0], tasks, cases, Results(tmp_path, {}))
    assert not judged.failed and judged.clips["dense_pose"]


def test_a_clip_that_shows_nothing_to_measure_has_no_number_and_stops_nothing(tmp_path: Path) -> None:
    """Nobody in the picture, nothing that has a depth: an ordinary clip of an empty room or of the sky."""
    full, bare = scenes(2)
    blank = {
        "depth": np.nan, "normals": np.nan, "surface": np.nan, "matte": 0, "instances": 0, "visibility": 0,
        "parts": 255, "semantics": 255,
    }  # fmt: skip

    def labels(names):
        return {n: np.full_like(v, blank[n]) if n in blank else v for n, v in bare.labels(names).items()}

    cases, tasks = [full, Case(bare.key, bare.fields, 24.0, bare.rgb, labels)], build_tasks({n: None for n in TASKS})
    answer, _ = noisy_truth(tasks, cases, 0.02)
    judged = evaluate(answer, tasks, cases, Results(tmp_path, {}), constants=constant_answers(tasks, [full], 1))
    assert not judged.failed
    alone = evaluate(answer, tasks, [full], Results(tmp_path / "alone", {}))
    for one, other in zip(report_of(judged, "t", {}).tasks, report_of(alone, "t", {}).tasks, strict=True):
        assert one.clips[0][1] is not None and one.clips[1][1] in (None, 0)
        if one.clips[1][1] is None:
            whole = [next(row.value for row in task.rows if row.name == task.headline) for task in (one, other)]
            assert whole[0] == whole[1] is not None
    again = evaluate(answer, tasks, cases, Results(tmp_path, {}))
    assert again.clips.keys() == judged.clips.keys()
