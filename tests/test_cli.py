"""The commands as a user types them: exit codes, one-line errors, help."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from synth.shards import read_clips
from synth.terminal import progress
from tests.conftest import ROOT, SMALLER, TINY, environment, run_synth

COMMANDS = (
    "generate", "relabel", "plan", "validate", "preview", "inspect", "remake", "stats", "card", "export", "assets",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    done = run_synth(command, "--help")
    assert done.returncode == 0 and "Examples" in done.stdout and f"thfm-synth {command}" in done.stdout


def test_version_and_bare_call() -> None:
    assert run_synth("--version").stdout.startswith("thfm 0.")
    bare = run_synth()
    assert all(command in bare.stdout + bare.stderr for command in COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [("generate",), ("generate", TINY), ("fly",), ("inspect", TINY, "--clip", "-1", "--blend", "x.blend")],
    ids=str,
)
def test_usage_errors_exit_with_2(arguments: tuple) -> None:
    assert run_synth(*arguments).returncode == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("generate", "nowhere.yaml", "--out", "x"), "nowhere.yaml cannot be read"),
        (("generate", TINY, "--out", "/proc/nowhere"), "choose another --out"),
        (("generate", TINY, "--out", "x", "spec.peple=1"), "did you mean spec.people?"),
        (("preview", "/nowhere"), "/nowhere holds no manifest.json"),
        (("preview", "memory://nowhere"), "memory://nowhere holds no manifest.json"),
        (("preview", "memory://nowhere", "--sheets"), "--out"),
        (("remake", "/nowhere", "--clip", "0", "--out", "x"), "/nowhere holds no manifest.json"),
        (("export", "/nowhere", "--format", "fbx", "--out", "x"), "choose from folders"),
        (("stats", "/nowhere"), "/nowhere holds no manifest.json"),
        (("stats", "memory://nowhere"), "--out"),
        (("inspect", TINY, "--clip", "0", "--blend", "scene.obj"), "must end in .blend"),
        (("assets", "bodies.motion_folders=[/nowhere]"), "/nowhere holds no motion"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_errors_are_one_line_and_exit_with_1(arguments: tuple, words: str) -> None:
    done = run_synth(*arguments)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1 and words in done.stderr


@pytest.mark.parametrize("command", ["preview", "validate"])
def test_a_store_that_lets_nobody_in_is_one_line_too(command: str, monkeypatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    done = run_synth(command, "s3://nowhere/people")
    assert done.returncode == 1
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1 and "credentials" in done.stderr


def test_validate_passes_a_good_data_set_and_names_a_flipped_bit(tiny_dataset: Path, tmp_path: Path) -> None:
    good = run_synth("validate", tiny_dataset)
    assert good.returncode == 0 and "3 clips, no fault" in good.stdout, good.stdout + good.stderr
    copy = Path(shutil.copytree(tiny_dataset, tmp_path / "copy"))
    shard = copy / "shard-000000.tar"
    data = bytearray(shard.read_bytes())
    data[len(data) // 3] ^= 1
    shard.write_bytes(data)
    bad = run_synth("validate", copy)
    assert bad.returncode == 1 and "shard-000000.tar" in bad.stdout and "fault" in bad.stderr


def test_preview_writes_a_gallery(tiny_dataset: Path, tmp_path: Path) -> None:
    done = run_synth("preview", tiny_dataset, "--out", tmp_path / "gallery", "--clips", 1)
    assert done.returncode == 0, done.stderr
    assert f"{tmp_path / 'gallery' / 'index.html'} in a browser: 1 clip." in done.stdout.replace("\n", " ")


def test_a_clip_is_made_again_to_the_byte(tiny_dataset: Path, tmp_path: Path) -> None:
    done = run_synth("remake", tiny_dataset, "--clip", 1, "--out", tmp_path / "again")
    assert done.returncode == 0 and "clip 00000001, attempt 0, kept" in done.stdout, done.stderr
    first = next(c for c in read_clips(tiny_dataset) if c.key == "00000001")
    again = next(read_clips(tmp_path / "again"))
    assert again.header["storage"] == first.header["storage"] and again.meta == first.meta
    done = run_synth("remake", tiny_dataset, "--clip", 999, "--out", tmp_path / "none")
    assert done.returncode == 1 and "no clip 00000999: its clips are 00000000 to 00000002" in done.stderr
    assert not (tmp_path / "none").exists()


def test_contact_sheets_say_where_they_are(tiny_dataset: Path, tmp_path: Path) -> None:
    done = run_synth("preview", tiny_dataset, "--sheets", "--out", tmp_path / "pictures", "--clips", 1)
    assert done.returncode == 0, done.stderr
    assert str(tmp_path / "pictures" / "index.html") in done.stdout.replace("\n", "")
    assert (tmp_path / "pictures" / "overview.png").stat().st_size > 1000


def test_stats_counts_what_is_there(tiny_dataset: Path, tmp_path: Path) -> None:
    done = run_synth("stats", tiny_dataset, "--out", tmp_path / "page.html")
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines() if line.strip()]
    assert ["clips", "3"] in rows and ["frames", "6"] in rows and ["size", "64", "x", "64"] in rows
    assert "<svg" in (tmp_path / "page.html").read_text()
    told = json.loads(run_synth("stats", tiny_dataset, "--json").stdout)
    assert told["clips"] == 3 and told["counts"]["people"] == {"1": 3} and told["measures"]["stature"]["count"] == 3
    assert not Path(f"{tiny_dataset}-stats.html").exists()


def test_assets_lists_every_kind_with_a_licence() -> None:
    done = run_synth("assets")
    assert done.returncode == 0, done.stderr
    assert all(kind in done.stdout for kind in ("body", "motion", "garments", "shoes", "hair", "skins", "hdri"))
    assert "CC0-1.0" in done.stdout


def test_inspect_writes_a_scene_that_blender_opens(tmp_path: Path) -> None:
    blend = tmp_path / "scene.blend"
    done = run_synth("inspect", TINY, "--clip", 1, "--blend", blend, *SMALLER)
    assert done.returncode == 0, done.stderr
    code = f"import bpy; bpy.ops.wm.open_mainfile(filepath={str(blend)!r}); scene = bpy.context.scene"
    code += "; print(scene.camera.type, scene.frame_end)"
    opened = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert "CAMERA 2" in opened.stdout, opened.stderr


def test_train_data_measures_what_a_task_needs(tiny_dataset: Path) -> None:
    command = [sys.executable, "-c", "from train.cli import main; main()", "data", str(tiny_dataset), "--task", "depth"]
    done = subprocess.run(
        command, env=environment(), cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "3 clips, 6 frames" in done.stdout and "depth" in done.stdout and "normals" not in done.stdout


def test_the_bar_shows_names_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(progress, "Console", lambda **_: Console(file=screen, force_terminal=True, width=120))
    with progress.bar("predicting") as advance:
        advance("Walk [dQw4w9WgXcQ].mp4", 3, 10)
    assert "predicting Walk [dQw4w9WgXcQ].mp4" in screen.getvalue()
    with progress.bar("predicting") as advance:
        advance("a[/b].mp4", 3, 10)  # would close a tag that nobody opened


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("spec.motions=[synth:fly]", "no motion is called 'synth:fly'"),
        ("spec.camera.moves=[replay]", "bodies.camera_paths"),
        ("bodies.motion_actions=/nowhere.csv", "/nowhere.csv"),
        ("spec.props={kinds: [dragon], count: [1, 2]}", "dragon"),
    ],
)
def test_what_no_clip_can_be_drawn_from_is_told_at_once(tmp_path: Path, wrong: str, said: str) -> None:
    done = run_synth("generate", TINY, "--out", tmp_path / "set", wrong)
    assert done.returncode == 1 and said in done.stderr and len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "set").exists()
