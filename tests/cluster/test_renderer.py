"""The process that makes clips, without Ray: what it has made before leaves no trace, and it is replaced when due."""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from synth.cluster import plan
from synth.cluster.drawn import unpacked
from synth.cluster.job import Job
from synth.cluster.renderer import Died, Renderer, TooSlow
from synth.config import identity, load_config
from synth.shards import assemble_shard, build_manifest
from tests.cluster.runs import contents
from tests.conftest import ROOT, SMALLER, TINY


@pytest.fixture
def renderer() -> Iterator[Renderer]:
    renderer = Renderer(clips=2)
    yield renderer
    renderer.close()


def nothing(frames: int) -> None:
    pass


def test_any_order_in_one_process_gives_the_same_bytes(tiny_dataset: Path, tmp_path: Path) -> None:
    config, out = load_config(TINY, SMALLER), str(tmp_path)
    renderer = Renderer(clips=20)
    outcomes = [renderer.run(Job(config, index, out, tmp_path), None, nothing) for index in (2, 0, 1)]
    renderer.close()
    assert [(outcome.kind, outcome.message) for outcome in outcomes] == [("kept", "")] * 3
    assert outcomes[0].bytes > 10_000 and outcomes[0].seconds["colour"] > 0
    for shard in plan.shard_plans(3, config.shards.clips_per_shard):
        assemble_shard(out, shard.name, shard.keys)
    build_manifest(out, identity(config), {"versions": plan.versions(), "clips": 3})
    made = {name: data for name, data in contents(tmp_path).items() if not name.endswith(".log")}
    assert made == {name: data for name, data in contents(tiny_dataset).items() if name != "README.md"}


def bad_job(tmp_path: Path) -> Job:
    """One that fails in a moment: its light is not there."""
    return Job(load_config(TINY, [f"spec.light.hdris=[{tmp_path}/none.exr]"]), 0, str(tmp_path), tmp_path)


def test_processes_are_replaced_after_so_many_clips_and_when_gone(renderer: Renderer, tmp_path: Path) -> None:
    processes, starts = [], []
    for _ in range(4):
        outcome = renderer.run(bad_job(tmp_path), None, nothing)
        assert outcome.kind == "failed" and "none.exr" in outcome.message
        processes.append(renderer._process.pid)
        starts.append(renderer.start_seconds > 0)
        if len(processes) == 3:
            os.kill(processes[-1], signal.SIGKILL)
            renderer._process.wait()
    assert processes[0] == processes[1] and len(set(processes)) == 3
    assert starts == [True, False, True, True]
    assert "none.exr" in (tmp_path / "00000000.log").read_text()


def test_a_draw_finds_its_files_where_another_machine_has_them(renderer: Renderer, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.symlink_to(ROOT / "assets")
    config = load_config(TINY, SMALLER)
    outcome = renderer.run(Job(config, 0, str(tmp_path), tmp_path, ahead=True), None, nothing)
    assert outcome.kind == "drawn" and not list(tmp_path.glob("**/*.tar"))
    here, there = (unpacked(outcome.draw, folder).geometry.meshes for folder in (config.bodies.assets, elsewhere))
    here, there = ([m.diffuse for mesh in meshes for m in mesh.materials if m.diffuse] for meshes in (here, there))
    assert len(here) > 3
    for ours, theirs in zip(here, there, strict=True):
        assert theirs == elsewhere / ours.relative_to(config.bodies.assets) and theirs.is_file()
    other = config.model_copy(update={"bodies": config.bodies.model_copy(update={"assets_folder": elsewhere})})
    made = renderer.run(Job(other, 0, str(tmp_path), tmp_path, draw=outcome.draw), None, nothing)
    assert made.kind == "kept", made.message


def test_an_owner_that_has_imported_bpy_is_no_hindrance(
    renderer: Renderer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It then has Blender's own folders in its path, one of which holds another module of the name."""
    bpy = Path(importlib.util.find_spec("bpy").origin).parent
    folder = next(bpy.glob("*/scripts/modules"))
    assert (folder / "bpy").is_dir()
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    outcome = renderer.run(Job(load_config(TINY, SMALLER), 0, str(tmp_path), tmp_path), None, nothing)
    assert (outcome.kind, outcome.message) == ("kept", "")


def test_the_end_of_a_process_is_told_by_its_signal(renderer: Renderer, tmp_path: Path) -> None:
    def kill(_: int) -> None:
        os.kill(renderer._process.pid, signal.SIGKILL)

    job = Job(load_config(TINY, [*SMALLER, "spec.video.frames=9"]), 0, str(tmp_path), tmp_path)
    with pytest.raises(Died, match="SIGKILL .for lack of memory, perhaps"):
        renderer.run(job, None, kill)
    with pytest.raises(TooSlow):
        renderer.run(job, 0.3, nothing)
    assert renderer._process is None
