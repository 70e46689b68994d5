"""The engine's parts by themselves: plans, what is settled, the claim on a folder, the words on the screen."""

from __future__ import annotations

import errno
import fcntl
import io
import json
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console

from synth.cluster import plan
from synth.cluster.board import Board
from synth.cluster.config import ClusterConfig
from synth.cluster.connection import address_of
from synth.cluster.display import Display, line, spoken
from synth.cluster.job import Job
from synth.cluster.outcome import disk_is_full
from synth.cluster.places import ANY, next_place, slots_on, total, wanted
from synth.cluster.progress import Progress
from synth.config import load_config
from synth.conventions import ThfmError
from synth.shards import stage_clip, stage_rejection
from tests.conftest import TINY


def test_shards_hold_every_clip_once_in_order() -> None:
    plans = list(plan.shard_plans(10, 4))
    assert [p.name for p in plans] == ["shard-000000", "shard-000001", "shard-000002"]
    assert [i for p in plans for i in p.indices] == list(range(10))
    assert plans[2].keys == ["00000008", "00000009"]


def test_a_clip_is_settled_by_its_file_or_by_its_last_rejection(tmp_path: Path) -> None:
    out = str(tmp_path)
    stage_clip(out, "00000000", {"meta.json": b"{}"})
    for key, attempts in (("00000001", 2), ("00000002", 1)):
        for attempt in range(attempts):
            stage_rejection(out, key, attempt, {"reasons": ["dark"], "spec": {}})
    # Clip 2 was cut off between its first rejection and its second attempt.
    assert plan.settled_clips(out, attempts=2) == {"00000000": True, "00000001": False}


def test_a_second_run_is_kept_out(tmp_path: Path) -> None:
    with plan.alone(str(tmp_path)), open(tmp_path / ".staging" / ".lock") as other:
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with pytest.raises(ThfmError, match="another run is writing"), plan.alone(str(tmp_path)):
            pass
    with plan.alone(str(tmp_path)):
        pass


def test_clips_of_unknown_origin_are_not_adopted(tmp_path: Path) -> None:
    stage_clip(str(tmp_path), "00000000", {"meta.json": b"{}"})
    with pytest.raises(ThfmError, match="not the config that made them"):
        plan.claim(str(tmp_path), load_config(TINY))


def test_other_versions_of_the_libraries_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan.claim(str(tmp_path), load_config(TINY))
    stage_clip(str(tmp_path), "00000000", {"meta.json": b"{}"})
    later = plan.versions() | {"bpy": "9.9"}
    monkeypatch.setattr(plan, "versions", lambda: later)
    with pytest.raises(ThfmError, match=r"was made with bpy 4\.\S+, not 9\.9"):
        plan.claim(str(tmp_path), load_config(TINY))


def test_a_run_that_made_nothing_binds_nobody(tmp_path: Path) -> None:
    """Its config may be what was wrong, and the error's remedy is to change it."""
    plan.claim(str(tmp_path), load_config(TINY, ["render.device=cuda"]))
    plan.claim(str(tmp_path), load_config(TINY))
    stage_clip(str(tmp_path), "00000000", {"meta.json": b"{}"})
    with pytest.raises(ThfmError, match=r'was made with render.device="cpu", not "cuda"'):
        plan.claim(str(tmp_path), load_config(TINY, ["render.device=cuda"]))


def test_the_stage_that_takes_longest_tells_how_far_a_clip_is(tmp_path: Path) -> None:
    blind = load_config(TINY, ["render.colour=false"])
    jobs = [Job(load_config(TINY), 0, "", tmp_path), Job(blind, 0, "", tmp_path), Job(blind, 0, "", tmp_path, "old")]
    assert [job.longest for job in jobs] == ["colour", "matte", "labels"]


def test_the_board_stops_letting_clips_start() -> None:
    board = Board()
    assert board.start(3)
    board.frame(3, 7)
    board.frame(4, 1)  # a clip that was never begun, or is over
    assert [(index, frames) for index, (_, frames) in board.clips().items()] == [(3, 7)]
    assert board.draw(5) and board.draw(6) and board.drawing() == 2
    board.drawn(6)
    board.close()
    assert not board.start(5) and not board.draw(7)
    board.forget(3)
    board.forget(5)  # a clip whose machine was lost while it was drawn
    assert board.clips() == {} and board.drawing() == 0


def test_a_full_disk_is_known_through_every_wrapping() -> None:
    try:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            raise ThfmError("cannot be written") from error
    except ThfmError as error:
        assert disk_is_full(error)
    assert not disk_is_full(OSError(errno.EACCES, "denied"))


@pytest.mark.parametrize(
    ("config", "slots"),
    [
        ({}, 8),
        ({"cpus_per_worker": 3}, 2),
        ({"gpus_per_worker": 0.5}, 4),
        ({"memory_gb_per_worker": 3}, 5),
        ({"workers": 1}, 1),
    ],
)
def test_workers_are_as_many_as_fit(config: dict, slots: int) -> None:
    config = ClusterConfig(**config)
    here = slots_on(wanted(config), {"CPU": 8.0, "GPU": 2.0, "memory": 16 * 2**30})
    assert total({ANY: here}, config) == slots


def test_no_room_is_no_slot() -> None:
    assert slots_on(wanted(ClusterConfig(cpus_per_worker=4)), {"CPU": 2.0}) == 0


def asked_for(places: dict[str, int], config: ClusterConfig) -> Counter[str]:
    """Clips that a run asks for at once, by place."""
    taken: Counter[str] = Counter()
    while (place := next_place(places, taken, config)) is not None:
        taken[place] += 1
    return taken


def test_more_clips_are_asked_for_than_fit_but_no_more_than_the_config_says() -> None:
    assert asked_for({ANY: 0}, ClusterConfig()) == {ANY: 2}  # so that an autoscaler brings the first machine
    assert asked_for({ANY: 3}, ClusterConfig()) == {ANY: 6}
    assert asked_for({ANY: 3, "a": 2, "b": 0}, ClusterConfig()) == {ANY: 6, "a": 3}
    assert asked_for({ANY: 3, "a": 2}, ClusterConfig(workers=4)).total() == 4


def test_machines_of_both_kinds_need_clips_that_run_on_both() -> None:
    both = ["cluster.machines_without_gpu=true", "cluster.gpus_per_worker=0.5"]
    assert load_config(TINY, [*both, "render.device=auto"]).cluster.machines_without_gpu
    with pytest.raises(ThfmError, match="render.device=auto"):
        load_config(TINY, both)


def test_the_cluster_is_named_by_the_config_or_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    assert address_of(ClusterConfig()) is None
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6379")
    assert address_of(ClusterConfig()) == "10.0.0.1:6379"
    assert address_of(ClusterConfig(address="auto")) == "auto"
    assert address_of(ClusterConfig(address="local")) is None


def test_durations_are_spoken() -> None:
    assert [spoken(s) for s in (4.4, 89, 95, 3600, 12_000)] == ["4 s", "89 s", "2 min", "60 min", "3 h 20 min"]


def test_the_line_tells_clips_rejections_speed_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("synth.cluster.progress.time.monotonic", lambda: clock[0])
    progress = Progress(clips=10, before=2, frames_per_clip=20)
    assert line(progress.numbers()) == "2/10 clips"
    progress.kept, progress.rejected = 2, 1
    progress.note_rejections(["camera: too far.", "people: no room.", "camera: too near."])
    clock[0] += 50.0
    # 3 clips of 20 frames and 15 frames in 50 s; 85 of the 160 frames are left.
    numbers = progress.numbers(running_frames=15)
    assert (numbers["frames"], numbers["frames_per_second"], numbers["seconds_left"]) == (75, 1.5, 56.7)
    assert line(numbers) == ("5/10 clips · 1 rejected · drawn anew for camera 2, people 1 · 1.50 frames/s · 57 s left")


def test_lines_of_json_hold_the_same_numbers(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synth.cluster.display._LINE_EVERY", -1.0)
    numbers = Progress(clips=10, before=2, frames_per_clip=20).numbers()
    with Display(Console(file=io.StringIO()), 10, as_json=True) as display:
        display.say("clip 00000003 failed: why")
        display.update(numbers)
    said, shown = (json.loads(text) for text in capsys.readouterr().out.splitlines())
    assert (said["event"], said["text"]) == ("message", "clip 00000003 failed: why")
    assert shown["event"] == "progress" and numbers.items() <= shown.items()
