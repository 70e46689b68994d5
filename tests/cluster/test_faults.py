"""Everything that goes wrong in a long run, for real: nothing is lost, nothing is made twice, and all is told."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from synth.shards.verify import verify_shard
from tests.cluster.runs import (
    FAULTS,
    clip_workers,
    contents,
    finished,
    kept_clips,
    rendered_frames,
    renderers,
    report,
    started,
    wait_for,
)

KEYS = [f"{i:08d}" for i in range(3)]


def journal(file: Path, begun: str = "colour") -> list[tuple[int, str]]:
    """(process id, key) of every clip whose colour, or draw, was begun."""
    lines = (line.split() for line in file.read_text().splitlines())
    return [(int(pid), key) for pid, key, what, _ in lines if what == begun]


def test_clips_that_crash_or_hang_are_given_up_and_the_run_goes_on(tiny_dataset: Path, tmp_path: Path) -> None:
    out, begun = tmp_path / "set", tmp_path / "journal"
    faults = {"THFM_TEST_FAULTS": f"crash:{KEYS[0]} hang:{KEYS[1]}", "THFM_TEST_JOURNAL": str(begun)}
    options = ("cluster.workers=2", "cluster.retries=1", "cluster.clip_timeout_seconds=30")
    code, said = finished(out, *options, environment=FAULTS | faults)
    assert code == 3, said
    assert sorted(key for _, key in journal(begun)) == [KEYS[0], KEYS[0], KEYS[1], KEYS[2]]
    assert KEYS[2] in json.loads((out / "shard-000001.json").read_text())["keys"], "the others are kept"
    crashed, hung = sorted(report(out)["failed"], key=lambda failure: failure["key"])
    assert crashed["key"] == KEYS[0] and "SIGSEGV on each of 2 tries" in crashed["reason"]
    assert hung["key"] == KEYS[1] and "cluster.clip_timeout_seconds=30" in hung["reason"]
    assert [again["key"] for again in report(out)["tried_again"]] == [KEYS[0]]
    log = Path(crashed["log"]).read_text(errors="replace")
    assert "Segmentation fault" in log and "colour.exr" in log and "SIGSEGV" in log
    assert f"{KEYS[0]} failed" in said and crashed["log"] in said

    code, said = finished(out)
    assert code == 0, said
    assert contents(out) == contents(tiny_dataset)
    assert rendered_frames(out, KEYS[2]) == rendered_frames(tiny_dataset, KEYS[2])


def test_draws_that_crash_or_hang_are_given_up_and_the_run_goes_on(tmp_path: Path) -> None:
    out, begun = tmp_path / "set", tmp_path / "journal"
    faults = {"THFM_TEST_FAULTS": f"draw-crash:{KEYS[0]} draw-hang:{KEYS[1]}", "THFM_TEST_JOURNAL": str(begun)}
    options = ("cluster.workers=2", "cluster.retries=1", "cluster.clip_timeout_seconds=30")
    code, said = finished(out, *options, environment=FAULTS | faults)
    assert code == 3, said
    assert sorted(key for _, key in journal(begun, "draw")) == [KEYS[0], KEYS[0], KEYS[1], KEYS[2]]
    assert [key for _, key in journal(begun)] == [KEYS[2]]
    crashed, hung = sorted(report(out)["failed"], key=lambda failure: failure["key"])
    assert crashed["key"] == KEYS[0] and "SIGSEGV on each of 2 tries" in crashed["reason"]
    assert hung["key"] == KEYS[1] and "cluster.clip_timeout_seconds=30" in hung["reason"]
    assert "Segmentation fault" in Path(crashed["log"]).read_text(errors="replace")


def test_a_worker_that_is_killed_while_it_draws_costs_no_clip(tiny_dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "set"
    with started(out, "cluster.workers=1", environment=FAULTS | {"THFM_TEST_FAULTS": "draw-slow:3"}) as run:
        wait_for(lambda: clip_workers(run.pid, "draw_ahead"), run)
        os.kill(clip_workers(run.pid, "draw_ahead")[0], signal.SIGKILL)
        assert run.wait(300) == 0, out.with_suffix(".log").read_text()
    (again,) = report(out)["tried_again"]
    assert "process died" in again["reason"]
    assert contents(out) == contents(tiny_dataset)


def test_a_process_that_leaks_is_replaced(tiny_dataset: Path, tmp_path: Path) -> None:
    out, begun = tmp_path / "set", tmp_path / "journal"
    faults = {"THFM_TEST_FAULTS": "leak:2500", "THFM_TEST_JOURNAL": str(begun)}
    code, said = finished(out, "cluster.workers=1", "cluster.memory_gb_per_worker=4.5", environment=FAULTS | faults)
    assert code == 0, said
    # A process that has made a clip holds more than three quarters of its limit.
    assert [key for _, key in journal(begun)] == KEYS and len({pid for pid, _ in journal(begun)}) == 3
    assert contents(out) == contents(tiny_dataset) and not report(out)["failed"]


def test_a_clip_that_needs_more_memory_than_there_is_fails_alone(tmp_path: Path) -> None:
    out = tmp_path / "set"
    faults = {"THFM_TEST_FAULTS": "leak:1500 slow:2"}
    options = ("clips=1", "cluster.memory_gb_per_worker=2", "cluster.retries=0")
    code, said = finished(out, *options, environment=FAULTS | faults)
    assert code == 3, said
    assert "needed more than 2 GB" in report(out)["failed"][0]["reason"]


def test_a_second_ctrl_c_stops_at_once(tiny_dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "set"
    with started(out, "cluster.workers=1", environment=FAULTS | {"THFM_TEST_FAULTS": f"hang:{KEYS[1]}"}) as run:
        wait_for(lambda: rendered_frames(out, KEYS[1]), run)
        os.killpg(run.pid, signal.SIGINT)
        wait_for(lambda: "Stopping" in out.with_suffix(".log").read_text(), run)
        makers, start = renderers(run.pid) + clip_workers(run.pid), time.monotonic()
        os.killpg(run.pid, signal.SIGINT)
        assert run.wait(60) == 130
        assert time.monotonic() - start < 15
    _all_gone(makers)
    _nothing_half(out)
    assert kept_clips(out) == {KEYS[0]}
    code, said = finished(out)
    assert code == 0, said
    assert contents(out) == contents(tiny_dataset)


def test_a_driver_that_is_killed_leaves_nothing_running_and_is_started_again(
    tiny_dataset: Path, tmp_path: Path
) -> None:
    out = tmp_path / "set"
    with started(out, "cluster.workers=1", environment=FAULTS | {"THFM_TEST_FAULTS": f"hang:{KEYS[1]}"}) as run:
        wait_for(lambda: rendered_frames(out, KEYS[1]), run)
        makers = renderers(run.pid) + clip_workers(run.pid)
        assert len(makers) == 2
        run.kill()
        run.wait()
    _all_gone(makers)
    _nothing_half(out)
    code, said = finished(out)
    assert code == 0, said
    assert contents(out) == contents(tiny_dataset)
    assert rendered_frames(out, KEYS[0]) == rendered_frames(tiny_dataset, KEYS[0]), "kept, not rendered again"


def _nothing_half(out: Path) -> None:
    for shard in out.glob("shard-*.tar"):
        assert not list(verify_shard(str(shard)))


def _all_gone(processes: list[int]) -> None:
    end = time.monotonic() + 30
    while any(Path(f"/proc/{pid}/exe").exists() for pid in processes):
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a file system that is full soon")
def test_a_full_disk_ends_the_run_and_room_lets_it_go_on(tiny_dataset: Path, tmp_path: Path) -> None:
    disk, copy = tmp_path / "disk", tmp_path / "copy"
    disk.mkdir()
    size = max(p.stat().st_size for p in tiny_dataset.glob("*.tar")) * 3 // 4
    script = f"""
        mount -t tmpfs -o size={size} tmpfs {disk} || exit 77
        "$@"; first=$?
        df --output=avail -B1 {disk} | tail -1
        ls {disk}/set
        mount -o remount,size=200m {disk}
        "$@"; second=$?
        cp -r {disk}/set {copy}
        echo codes $first $second
    """
    code, said = finished(disk / "set", "cluster.workers=2", before=["unshare", "--mount", "sh", "-c", script, "sh"])
    if code == 77:
        pytest.skip("this container may not mount")
    assert "codes 1 0" in said, said
    assert "the disk is full" in said and "free some space" in said and "Traceback" not in said
    assert contents(copy) == contents(tiny_dataset)
