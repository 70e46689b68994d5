"""The root config: shipped files load, and a wrong key stops with one line that helps."""

from __future__ import annotations

from pathlib import Path

import pytest

from synth.config import GenerateConfig, first_difference, identity, load_config
from synth.conventions import ThfmError
from tests.conftest import ROOT, SMALLER, TINY

SHIPPED = sorted((ROOT / "configs" / "synth").glob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_shipped_configs_load(path: Path) -> None:
    assert load_config(path).clips > 0


def test_the_default_config_is_what_video_backbones_take() -> None:
    video = load_config(ROOT / "configs/synth/default.yaml").spec.video
    assert (video.frames, video.width, video.height, video.fps) == (81, 832, 480, 24.0)


def test_overrides_reach_their_keys_and_keep_types() -> None:
    config = load_config(TINY, [*SMALLER, "spec.camera.moves=[orbit,pan]", "cluster.address=null", "seed=12"])
    assert config.spec.video.frames == 2 and config.seed == 12
    assert config.spec.camera.moves == ("orbit", "pan") and config.cluster.address is None
    assert config.shards.clips_per_shard == 2, "what no override names stays as the file has it"


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("spec.peple.hat=1", ("spec.peple", "did you mean spec.people?")),
        ("cluster.adress=here", ("cluster.adress", "'here'", "did you mean cluster.address?")),
        ("render.zzz=1", ("render.zzz", "known here: ", "samples")),
        ("spec.people.hat=3", ("spec.people.hat", "less than or equal to 1", "got 3")),
        ("spec.video.width=33", ("spec.video.width", "multiple of 2", "got 33")),
        ("clips=many", ("clips", "valid integer", "'many'")),
        ("clips=0", ("clips", "greater than or equal to 1", "got 0")),
        ("spec.camera.moves=[orbit,fly]", ("spec.camera.moves.1", "'static', 'pan', 'tilt',", "'fly'")),
        ("spec.camera.fill=[0.9,0.1]", ("spec.camera.fill", "smaller end first", "[0.9, 0.1]")),
        ("seed", ("'seed'", "key=value")),
        ("render.samples=[1", ("render.samples=[1", "line")),
    ],
)
def test_a_wrong_override_is_told_in_one_line(override: str, words: tuple[str, ...]) -> None:
    with pytest.raises(ThfmError) as raised:
        load_config(TINY, [override])
    message = str(raised.value)
    assert all(word in message for word in words), message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("seed: 1\n", ("clips", "missing")),
        ("clips: [1\n", ("YAML", "line")),
        ("clips: 1\nspec:\n  video: {frames: 4, frame: 3}\n", ("spec.video.frame", "did you mean spec.video.frames?")),
        ("clips: 0\nseed: -1\n", ("1 more fault",)),
        ("- 1\n", ("fit",)),
    ],
)
def test_a_wrong_file_is_told_in_one_line(tmp_path: Path, text: str, words: tuple[str, ...]) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(ThfmError) as raised:
        load_config(path)
    assert all(word in str(raised.value) for word in words) and "\n" not in str(raised.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ThfmError, match=r"nowhere.yaml cannot be read"):
        load_config(tmp_path / "nowhere.yaml")


def test_identity_leaves_out_what_changes_no_clip() -> None:
    base = load_config(TINY)
    free = load_config(TINY, ["clips=50", "cluster.workers=7", "render.threads=2"])
    assert identity(base) == identity(free)
    changed = load_config(TINY, ["render.samples=3", "spec.video.frames=5"])
    assert first_difference(identity(base), identity(changed)) == ("render.samples", 2, 3)
    assert first_difference(identity(base), identity(base)) is None


def test_configs_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        GenerateConfig(clips=1).clips = 2
