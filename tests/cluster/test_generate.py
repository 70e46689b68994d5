"""Real clips on real Ray: the same bytes whatever happens on the way."""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import signal
from pathlib import Path

import numpy as np
from PIL import Image

from synth.shards import read_clips
from tests.cluster.runs import (
    arguments,
    clip_workers,
    contents,
    cut_power,
    kept_clips,
    rendered_frames,
    started,
    wait_for,
)
from tests.conftest import run_synth

KEYS = [f"{i:08d}" for i in range(3)]
BARE = ("spec.people.clothes=false", "spec.people.hair=false")  # dressing takes longer than so small a render


def test_one_worker_and_a_growing_data_set_give_the_same_bytes(tiny_dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "grown"
    first = run_synth(*arguments(out, "cluster.workers=1", "clips=1"))
    assert first.returncode == 0, first.stderr
    assert json.loads((out / "manifest.json").read_text())["clips"] == 1
    second = run_synth(*arguments(out, "cluster.workers=1", "render.threads=2"))
    assert second.returncode == 0, second.stderr
    assert contents(out) == contents(tiny_dataset)
    # One set of frames in the log of the first clip: it was not rendered again when its shard grew.
    assert [rendered_frames(out, key) for key in KEYS] == [rendered_frames(tiny_dataset, key) for key in KEYS]
    assert not (out / ".staging").exists()


def test_more_clips_leave_full_shards_untouched(tiny_dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "grown"
    for name in ("shard-000000.tar", "shard-000000.json", "manifest.json"):  # what clips=2 would have left
        out.mkdir(exist_ok=True)
        shutil.copy(tiny_dataset / name, out)
    manifest = json.loads((out / "manifest.json").read_text())
    manifest["about"]["clips"] = 2
    (out / "manifest.json").write_text(json.dumps(manifest))
    before = {p.name: (p.stat().st_ino, p.stat().st_mtime_ns) for p in out.glob("shard-*")}
    done = run_synth(*arguments(out), "--json")
    assert done.returncode == 0, done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert said[0]["event"] == "message" and "2 of 3 clips are there" in said[0]["text"]
    assert said[-1]["event"] == "summary" and said[-1]["complete"] and (said[-1]["made"], said[-1]["clips"]) == (1, 3)
    assert contents(out) == contents(tiny_dataset)
    assert before == {p.name: (p.stat().st_ino, p.stat().st_mtime_ns) for p in out.glob("shard-000000*")}
    assert not rendered_frames(out, KEYS[0]) and rendered_frames(out, KEYS[2])


def test_interrupted_and_killed_runs_resume_to_the_same_bytes(tiny_dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "resumed"
    with started(out, "cluster.workers=1") as run:
        wait_for(lambda: rendered_frames(out, KEYS[0]), run)
        os.killpg(run.pid, signal.SIGINT)  # Ctrl-C reaches the whole group
        assert run.wait(300) == 130
    assert kept_clips(out) == {KEYS[0]}, "the clip at work is finished, no other is begun"
    assert "run the same command again" in out.with_suffix(".log").read_text()

    with started(out, "cluster.workers=2") as run:
        wait_for(lambda: rendered_frames(out, KEYS[1]) or rendered_frames(out, KEYS[2]), run)
        cut_power(run)
    unfinished = next(k for k in KEYS if k not in kept_clips(out) and k not in _in_shards(out))
    before = rendered_frames(out, unfinished)
    with started(out, "cluster.workers=1") as run:
        wait_for(lambda: rendered_frames(out, unfinished) > before, run)
        os.kill(clip_workers(run.pid)[0], signal.SIGKILL)  # in the middle of a render
        assert run.wait(300) == 0, out.with_suffix(".log").read_text()
    assert contents(out) == contents(tiny_dataset)
    frames = rendered_frames(tiny_dataset, KEYS[0])
    assert rendered_frames(out, KEYS[0]) == frames, "kept by the first run, rendered once"
    assert rendered_frames(out, unfinished) > frames, "killed with its worker, rendered again"


def _in_shards(out: Path) -> set[str]:
    return {key for p in out.glob("shard-*.json") for key in json.loads(p.read_text())["keys"]}


def test_a_finished_data_set_is_left_alone(tiny_dataset: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(tiny_dataset, tmp_path / "copy"))
    again = run_synth(*arguments(out))
    assert again.returncode == 0 and "Nothing was left to make" in again.stdout
    assert contents(out) == contents(tiny_dataset)


def test_another_config_is_refused_by_its_first_differing_key(tiny_dataset: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(tiny_dataset, tmp_path / "copy"))
    for override, named in (
        ("spec.people.hat=0.5", "spec.people.hat=0.1, not 0.5"),
        ("seed=9", "seed=0, not 9"),
        ("shards.clips_per_shard=3", "shards.clips_per_shard=2, not 3"),
        ("clips=2", "clips=3, which can grow but not shrink to 2"),
    ):
        refused = run_synth(*arguments(out, override))
        assert refused.returncode == 1 and named in refused.stderr and refused.stderr.count("\n") == 1
    assert contents(out) == contents(tiny_dataset)


def test_rejected_clips_are_recorded_with_reasons_and_spec(tmp_path: Path) -> None:
    out = tmp_path / "rejected"
    done = run_synth(*arguments(out, *BARE, "clips=1", "qa.attempts=2", "qa.person_share=1"))
    assert done.returncode == 0 and "1 rejected" in done.stdout, done.stderr
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["clips"] == 0 and not list(out.glob("*.tar"))
    assert [(r["key"], r["attempt"]) for r in manifest["rejected"]] == [(KEYS[0], 0), (KEYS[0], 1)]
    for record in manifest["rejected"]:
        assert record["reasons"] and record["spec"]["attempt"] == record["attempt"]
    assert manifest["rejected"][0]["spec"] != manifest["rejected"][1]["spec"]
    # What failed is shown as well, in the shard's own record, whoever makes it: surfaces that the draw made again has,
    # bright where they face the camera, people warm; no colour was rendered.
    assert not rendered_frames(out, KEYS[0])
    records = json.loads((out / "shard-000000.json").read_text())["rejected"]
    assert [{k: v for k, v in r.items() if k != "pictures"} for r in records] == manifest["rejected"]
    assert len(json.dumps(records[0]["pictures"])) < 20_000
    (check,) = records[0]["checks"]
    assert (check["name"], check["limit"]) == ("person_pixels", 1) and 0 < check["value"] < 1
    again = run_synth("remake", out, "--clip", "0", "--out", tmp_path / "again")
    assert again.returncode == 0 and "rejected: person_pixels" in again.stdout, again.stderr
    (clip,) = read_clips(tmp_path / "again")
    assert clip.meta["qa"]["checks"] == records[0]["checks"]
    ((frame, text),) = records[0]["pictures"].items()
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(text))).convert("RGB")).astype(float)
    assert int(frame) == check["frame"] and len(clip.rgb) == len(clip.normals)
    facing = np.nan_to_num(clip.normals[..., 2]).clip(0)
    likeness = [np.corrcoef(picture.mean(-1).ravel(), light.ravel())[0, 1] for light in facing]
    assert int(np.argmax(likeness)) == check["frame"] and max(likeness) > 0.97, likeness
    warm = picture[..., 0] > picture[..., 2]
    assert (warm == (clip.instances[check["frame"]] == 1)).mean() > 0.95
    left, top, right, bottom = check["boxes"][0]
    rows, columns = np.nonzero(clip.instances[check["frame"]] == 1)
    assert np.abs(columns.mean() - np.clip((left + right) / 2, 0, 64)) < 12 and top < rows.mean() < bottom
    other = run_synth(
        *arguments(tmp_path / "other", *BARE, "clips=1", "qa.attempts=2", "qa.person_share=1", "render.threads=2")
    )
    assert other.returncode == 0 and contents(tmp_path / "other") == contents(out)


def test_failed_clips_are_named_and_tried_again(tmp_path: Path) -> None:
    out, hdri = tmp_path / "failed", tmp_path / "light.exr"
    options = (*BARE, "clips=2", f"spec.light.hdris=[{hdri}]")
    first = run_synth(*arguments(out, *options))
    assert first.returncode == 3, first.stderr
    failures = [json.loads(line) for line in (out / "logs" / "failed.jsonl").read_text().splitlines()]
    assert sorted(f["key"] for f in failures) == KEYS[:2]
    assert all(str(hdri) in f["reason"] and str(hdri) in Path(f["log"]).read_text() for f in failures)
    shutil.copy(_any_hdri(), hdri)
    second = run_synth(*arguments(out, *options))
    assert second.returncode == 0, second.stderr
    assert json.loads((out / "manifest.json").read_text())["clips"] == 2


def _any_hdri() -> Path:
    from synth.bodies.catalogue import bpy_hdris

    return next(iter(bpy_hdris().values()))


def test_a_clip_that_takes_too_long_fails_alone(tmp_path: Path) -> None:
    out = tmp_path / "slow"
    done = run_synth(*arguments(out, "clips=1", "cluster.clip_timeout_seconds=0.5"))
    assert done.returncode == 3
    assert "cluster.clip_timeout_seconds=0.5" in done.stderr and done.stderr.count("00000000 failed") == 1


def test_a_cluster_without_room_for_a_worker_is_an_error(tmp_path: Path) -> None:
    done = run_synth(*arguments(tmp_path / "out", "cluster.gpus_per_worker=64"))
    assert done.returncode == 1 and "cluster.gpus_per_worker" in done.stderr
