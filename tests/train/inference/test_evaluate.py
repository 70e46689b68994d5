"""Evaluation against numbers computed anew from arrays, and what is kept and resumed."""

from __future__ import annotations

import json
import resource
import signal
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from synth.conventions import JOINT_NAMES, ThfmError
from synth.shards import read_clips
from tests.train.inference.judged import noisy_truth, scenes
from tests.train.tasks.scene import make_labels
from train.cli import app
from train.inference import Predictor
from train.inference.cases import Case, shard_cases
from train.inference.evaluate import constant_answers, evaluate, judges_of
from train.inference.gallery import Gallery, board
from train.inference.judge import Question, judge, options_of
from train.inference.report import number, report_of, to_json
from train.inference.results import Results, pack, unpack
from train.tasks import TASKS, build_tasks

FIELDS = ("depth", "normals", "matte", "instances", "parts", "semantics", "surface", "joints3d", "keypoints2d")


def test_every_metric_of_every_task_is_explained_and_stays_itself_when_pooled() -> None:
    tasks = build_tasks({name: None for name in TASKS})
    for case in scenes(1):
        labels = {**case.labels(case.fields), "size": np.array([32, 48]), "fps": np.array(24.0)}
        for task in tasks.values():
            target = task.encode(labels)["target"]
            answer = task.decode(target, 32, 48) if task.sparse else task.decode(target)
            found, explained = task.summarise(task.measure(answer, labels)), task.metrics()
            assert {key.partition("/")[0] for key in found} == explained.keys(), task.name
            assert explained[task.headline[0]].larger == task.headline[1] and task.protocol()
            # A perfect answer is at the end that is said to be better.
            for key, value in found.items():
                metric = explained[key.partition("/")[0]]
                assert value == pytest.approx(1, abs=1e-4) if metric.larger else abs(value) < 5e-2, (task.name, key)


def test_protocols_say_what_options_change() -> None:
    words = {how: build_tasks({"depth": {"alignment": how}})["depth"].protocol() for how in ("scale_shift", "scale")}
    assert "scale and shift per video" in words["scale_shift"] and "one least-squares scale per" in words["scale"]
    assert "no alignment" in build_tasks({"depth": {"alignment": "none"}})["depth"].protocol()
    assert "people alone" in build_tasks({"normals": {"region": "people"}})["normals"].protocol()
    assert "visible joints" in build_tasks({"keypoints2d": {"visible_only": True}})["keypoints2d"].protocol()


def test_numbers_over_the_set_from_the_arrays_alone(tmp_path: Path) -> None:
    cases, tasks = scenes(3), build_tasks({"depth": {"coding": "gray"}, "normals": {}, "parts": {}, "keypoints3d": {}})
    answer, _ = noisy_truth(tasks, cases)
    judged = evaluate(answer, tasks, cases, Results(tmp_path, {}))
    total = {row.name: row.value for task in report_of(judged, "t", {}).tasks for row in task.rows}

    depths, angles, hits, distances = [], [], np.zeros((18, 18)), []
    for case in cases:
        labels = case.labels(FIELDS)
        answers = answer(case.rgb(), list(tasks), fps=24.0)
        d, p = labels["depth"], answers["depth"]["depth"].astype(float)
        seen = np.isfinite(d)
        seen &= np.where(seen, d, 0) < np.expm1(1 / 0.4) * np.median(d[seen])
        (a, b), *_ = np.linalg.lstsq(np.stack([p[seen], np.ones(seen.sum())], 1), d[seen], rcond=None)
        depths.append(np.mean([np.mean(abs(a * q[v] + b - e[v]) / e[v]) for q, e, v in zip(p, d, seen, strict=True)]))
        n = labels["normals"]
        known = np.isfinite(n).all(-1)
        cosine = (answers["normals"]["normals"][known] * n[known]).sum(-1)
        angles.append(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
        for truth, said in zip(labels["parts"].ravel(), answers["parts"]["parts"].ravel(), strict=True):
            hits[truth, said] += 1
        joints = labels["joints3d"][:1, :, :22]
        image = make_labels(frames=len(d), height=32, width=48, seed=int(case.key[-1]))["visibility"][:1, :, :22] & 1
        said = answers["keypoints3d"]["joints3d"]
        for t in range(len(d)):
            visible = image[0, t] > 0
            truth = joints[0, t] - joints[0, t, 0]
            own = said[0, t] - said[0, t, 0] if visible[0] else said[0, t]
            distances += np.linalg.norm(own - truth, axis=-1)[visible].tolist()
    assert total["abs_rel"] == pytest.approx(np.mean(depths), rel=1e-5)
    assert total["mean"] == pytest.approx(np.concatenate(angles).mean(), rel=1e-4)
    union = hits.sum(0) + hits.sum(1) - hits.diagonal()
    assert total["miou"] == pytest.approx(np.mean((hits.diagonal() / np.maximum(union, 1))[union > 0]))
    assert total["mpjpe"] == pytest.approx(1000 * np.mean(distances), rel=1e-4)


def test_a_model_on_shards_is_judged_as_its_own_answers_say(run: Path, figures: Path, tmp_path: Path) -> None:
    """From the model's folder and tars to report.json, against the predictor and numpy."""
    predictor = Predictor.from_pretrained(run, device="cpu")
    question = Question("t", str(figures), shard_cases(str(figures)).cases, constant=5)
    judge(run, predictor, question, tmp_path)
    report = json.loads((tmp_path / "report.json").read_text())
    assert set(report["tasks"]) == set(TASKS)
    rmse, mse, per_clip, errors = [], [], {}, []
    for clip in read_clips(figures):
        answers = predictor(clip.rgb)
        d, p = clip.depth, answers["depth"]["depth"].astype(float)
        scale, shift = np.polyfit(p.ravel(), d.ravel(), 1)
        rmse.append(np.mean([np.sqrt(np.mean((scale * q + shift - e) ** 2)) for q, e in zip(p, d, strict=True)]))
        mse.append(np.mean((answers["matte"]["matte"] - clip.matte) ** 2))
        per_clip[clip.key] = mse[-1]
        joints = [JOINT_NAMES.index(name) for name in predictor.tasks["keypoints2d"].joints]
        inside = clip.visibility[0][:, joints] & 1 > 0
        distance = np.linalg.norm(answers["keypoints2d"]["keypoints2d"][0] - clip.keypoints2d[0][:, joints], axis=-1)
        errors.append(distance[inside])
    overall = {name: task["overall"] for name, task in report["tasks"].items()}
    assert overall["depth"]["rmse"]["value"] == pytest.approx(np.mean(rmse), rel=1e-4)
    assert overall["depth"]["rmse"]["unit"] == "m" and overall["depth"]["rmse"]["better"] == "smaller"
    assert overall["matte"]["mse"]["value"] == pytest.approx(np.mean(mse), rel=1e-4)
    assert overall["keypoints2d"]["error_px"]["value"] == pytest.approx(np.concatenate(errors).mean(), rel=1e-4)
    for key, value in per_clip.items():
        assert report["tasks"]["matte"]["clips"][key]["mse"] == pytest.approx(value, rel=1e-4)
    assert all(entry["constant"] is not None for entry in overall["matte"].values())


def test_the_constant_answer_is_the_mean_of_the_targets(tmp_path: Path) -> None:
    cases, tasks = scenes(2), build_tasks({"matte": {}})
    means = constant_answers(tasks, cases, 2)
    answer, _ = noisy_truth(tasks, cases, spread=0.005)
    judged = evaluate(answer, tasks, cases, Results(tmp_path, {}), constants=means)
    # Three frames of the first clip, and four of the second, all fewer than five: each counts once.
    mean = np.concatenate([case.labels(["matte"])["matte"] for case in cases]).mean(0)
    mad = np.mean([np.mean([abs(f - mean).mean() for f in case.labels(["matte"])["matte"]]) for case in cases])
    row = next(r for r in report_of(judged, "t", {}, "mean").tasks[0].rows if r.name == "mad")
    assert row.constant == pytest.approx(mad, rel=0.1)  # the mean is kept on a grid
    assert row.wins is True and constant_answers(tasks, cases, 0) == {}


def test_an_interrupted_evaluation_goes_on_and_ends_the_same(tmp_path: Path) -> None:
    cases, tasks = scenes(5), build_tasks({"matte": {}, "normals": {}, "keypoints2d": {"people": 2}})
    answer, calls = noisy_truth(tasks, cases)

    def tired(video, names, *, fps=None):
        if video[0, 0, 0, 0] >= 120:
            raise KeyboardInterrupt
        return answer(video, names, fps=fps)

    def run(answers, folder: Path):
        judged = evaluate(answers, tasks, cases, Results(folder, {"a": 1}), keep=1)
        return [(t.name, t.rows, t.clips, t.best, t.worst) for t in report_of(judged, "t", {}).tasks]

    whole = run(answer, tmp_path / "whole")
    calls.clear()
    with pytest.raises(KeyboardInterrupt):
        run(tired, tmp_path / "parts")
    assert calls == [0, 1, 2]
    with open(tmp_path / "parts" / "clips.jsonl", "a") as file:
        file.write('{"key": "scene-3", "frames": 6, "ta')  # power was cut
    assert run(answer, tmp_path / "parts") == whole
    assert calls == [0, 1, 2, 3, 4]
    assert run(answer, tmp_path / "parts") == whole and calls == [0, 1, 2, 3, 4]
    pictures = {p.relative_to(tmp_path / "whole") for p in (tmp_path / "whole").rglob("*.webp")}
    assert pictures == {p.relative_to(tmp_path / "parts") for p in (tmp_path / "parts").rglob("*.webp")}
    assert len(pictures) == 2 * len(tasks)


def test_other_settings_are_refused_by_name_until_fresh(tmp_path: Path) -> None:
    Results(tmp_path, {"alignment": "scale", "clips": None}).add({"key": "a"})
    again = Results(tmp_path, {"alignment": "scale", "clips": None})
    assert list(again.done) == ["a"] and again.record("a") == {"key": "a"} and again.record("b") is None
    with pytest.raises(ThfmError, match=r'alignment: "scale" then, "none" now.*--fresh'):
        Results(tmp_path, {"alignment": "none", "clips": None})
    assert Results(tmp_path, {"alignment": "none", "clips": None}, fresh=True).done == {}
    (tmp_path / "other.txt").write_text("mine")
    Results(tmp_path, {}, fresh=True)
    assert (tmp_path / "other.txt").read_text() == "mine"


def test_statistics_are_kept_to_the_bit() -> None:
    rng = np.random.default_rng(0)
    measure = {"sum": np.float64(1 / 3), "histogram": rng.normal(size=(3, 7)), "nothing": np.zeros(0)}
    again = unpack(json.loads(json.dumps(pack(measure))))
    for name, value in measure.items():
        np.testing.assert_array_equal(again[name], value)
        assert again[name].shape == value.shape


def test_many_finished_clips_are_not_held_in_memory(tmp_path: Path) -> None:
    results, count = Results(tmp_path, {}), 2000
    for k in range(count):
        results.add({"key": f"{k}", "large": "x" * 10_000} if k % 2 else {"key": f"{k}", "error": "x" * 10_000})
    with open(tmp_path / "clips.jsonl", "a") as file:
        file.write('{"key": "2001", "la')
    tracemalloc.start()
    again = Results(tmp_path, {})
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 1e6 and peak < 2e6  # of 20 MB
    assert list(again.done) == [f"{k}" for k in range(1, count, 2)]
    for key in ("1", "1001", "1999"):
        assert again.record(key) == {"key": key, "large": "x" * 10_000}
    again.add({"key": "late"})
    assert Results(tmp_path, {}).record("late") == {"key": "late"}


def test_numbers_of_many_clips_are_not_held_in_memory_either(tmp_path: Path) -> None:
    """Megabytes of them, of which the report holds the headline numbers and report.json all."""
    tasks, count = build_tasks({"matte": {}}), 300
    results = Results(tmp_path, {})
    sums = {name: 1.0 for name in ("mad", "mse", "sad", "grad", "conn", "dtssd", "clips", "intersection", "union")}
    for k in range(count):
        metrics = {"mad": k / 7, "iou": k / count if k else None, **{f"other-{i}": k + i / 3 for i in range(500)}}
        found = {"sums": sums, "metrics": metrics}
        results.add({"key": f'{k} "é"', "frames": 1, "seconds": 1.0, "tasks": {"matte": found}})
    cases = [Case(f'{k} "é"', ("matte",), None, lambda: None, lambda names: {}) for k in range(count)]
    tracemalloc.start()
    judged = evaluate(lambda *a, **k: {}, tasks, cases, Results(tmp_path, {}))
    report = report_of(judged, "t", {"model": "a"})
    results.write("report.json", to_json(report, lambda key, task: results.record(key)["tasks"][task]["metrics"]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (tmp_path / "clips.jsonl").stat().st_size > 4e6 and peak < 1e6, peak
    whole = json.loads((tmp_path / "report.json").read_text())
    assert list(whole) == ["title", "about", "constant", "tasks", "failed", "unlabelled"]
    clips = whole["tasks"]["matte"]["clips"]
    assert list(clips) == [case.key for case in cases] and clips['0 "é"']["iou"] is None
    assert clips['7 "é"']["mad"] == 1 and clips['7 "é"']["other-499"] == pytest.approx(7 + 499 / 3)


def test_a_full_disk_is_named_and_finished_clips_are_kept(tmp_path: Path) -> None:
    results = Results(tmp_path, {})
    results.add({"key": "a"})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
        with pytest.raises(ThfmError, match="cannot be written.*make room.*finished clips are kept"):
            results.add({"key": "b", "large": "x" * 200})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert list(Results(tmp_path, {}).done) == ["a"]
    with pytest.raises(ThfmError, match="cannot be written"):
        Results(tmp_path / "clips.jsonl" / "below", {})


def test_the_gallery_keeps_the_ends_of_the_ranking(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    picture = board([np.zeros((2, 8, 12, 3), np.uint8)])
    for larger in (True, False):
        scores = {f"clip/{k}": float(v) for k, v in enumerate(rng.random(40))} | {"none": float("nan")}
        gallery = Gallery(tmp_path / str(larger), larger, keep=3)
        for key, score in scores.items():
            gallery.offer(key, score, picture)
        ranked = sorted((k for k in scores if k != "none"), key=scores.get, reverse=larger)
        assert gallery.best == ranked[:3] and gallery.worst == ranked[::-1][:3]
        assert {p.name for p in gallery.folder.iterdir()} == {gallery.path(k).name for k in ranked[:3] + ranked[-3:]}
    few = Gallery(tmp_path / "few", True)
    for key, score in (("a", 1.0), ("b", 2.0), ("c", 3.0)):
        few.offer(key, score, picture)
    assert (few.best, few.worst) == (["c", "b"], ["a"])


def test_options_of_measuring_alone_may_change() -> None:
    tasks = build_tasks({"depth": {}, "matte": {}})
    assert options_of(["tasks.depth.alignment=scale"]) == {"depth": {"alignment": "scale"}}
    assert judges_of(tasks, ["depth"], {"depth": {"alignment": "scale"}})["depth"].options.alignment == "scale"
    with pytest.raises(ThfmError, match="tasks.depth.coding cannot be changed here: only alignment, measure_far"):
        judges_of(tasks, ["depth"], {"depth": {"coding": "gray"}})
    with pytest.raises(ThfmError, match="matte has no such option"):
        judges_of(tasks, ["matte"], {"matte": {"region": "people"}})
    with pytest.raises(ThfmError, match="'flow' is not judged here"):
        judges_of(tasks, ["depth"], {"flow": {"region": "people"}})
    with pytest.raises(ThfmError, match="options of tasks alone"):
        options_of(["engine.steps=3"])


def test_numbers_for_people() -> None:
    assert [number(v) for v in (None, 0.0, 12.3456, 0.123456, 35.2, 1234.5, 9e-6, -0.5)] == [
        "–", "0", "12.35", "0.1235", "35.20", "1234", "9.000e-06", "-0.5000",
    ]  # fmt: skip


def test_the_command(run: Path, figures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = ["evaluate", str(run), str(figures), "--out", str(out), "--task", "depth", "--task", "keypoints2d"]
    first = CliRunner().invoke(app, [*command, "tasks.depth.alignment=scale", "--clips", "2", "--frames", "5"])
    assert first.exit_code == 0, first.output
    assert "abs_rel" in first.output and "least-squares scale per video" in first.output.replace("\n", " ")
    report = json.loads((out / "report.json").read_text())
    assert list(report["tasks"]["depth"]["clips"]) == ["000007", "000011"] and "10 frames" in report["about"]["clips"]
    other = CliRunner().invoke(app, command)
    assert other.exit_code == 1 and "--fresh" in other.stderr and len(other.stderr.splitlines()) == 1
    wrong = CliRunner().invoke(app, [*command, "tasks.depth.alignment=rotate", "--fresh"])
    assert wrong.exit_code == 1 and "tasks.depth.alignment" in wrong.stderr and "scale_shift" in wrong.stderr
