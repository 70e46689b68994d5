"""The shipped data sets: each config is what it says, and a scaled-down clip of it renders and passes its checks."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from synth.config import load_config
from synth.make import clip_spec, make_clip

FOLDER = Path(__file__).resolve().parents[1] / "configs" / "synth"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_clip_can_be_drawn_from_every_config(path: Path) -> None:
    config = load_config(path)
    spec = clip_spec(config, 0)
    assert spec.frames == config.spec.video.frames and spec.people


def test_thfm_has_the_scale_of_the_paper() -> None:
    config = load_config(FOLDER / "thfm.yaml")
    assert config.clips == 7500 and config.clips % config.shards.clips_per_shard == 0
    specs = [clip_spec(config, index) for index in range(12)]
    assert {(s.frames, s.width, s.height, s.fps, len(s.people)) for s in specs} == {(81, 832, 480, 24.0, 1)}
    assert len({s.people[0].motion.name for s in specs}) > 6


def test_portraits_are_of_heads_and_upper_bodies() -> None:
    config = load_config(FOLDER / "portrait.yaml")
    specs = [clip_spec(config, index) for index in range(60)]
    assert all(s.height > s.width for s in specs)
    framings = Counter(s.camera.framing for s in specs)
    assert framings["head_and_shoulders"] + framings["upper_body"] > 35 and "full_body" not in framings
    assert {s.camera.track for s in specs} <= {None, "head"}


def test_crowds_and_occlusions_hold_several_people() -> None:
    crowds = [clip_spec(load_config(FOLDER / "crowd.yaml"), index) for index in range(30)]
    assert {len(s.people) for s in crowds} == {3, 4, 5, 6, 7, 8}
    hidden = [clip_spec(load_config(FOLDER / "occlusion.yaml"), index) for index in range(30)]
    assert all(s.props for s in hidden) and sum(any(p.role == "front" for p in s.props) for s in hidden) > 24
    assert sum(len(s.people) > 1 for s in hidden) > 15


@pytest.mark.parametrize("name", ["thfm", "portrait", "crowd", "occlusion"])
def test_a_scaled_down_clip_renders(name: str, tmp_path: Path) -> None:
    video = load_config(FOLDER / f"{name}.yaml").spec.video
    small = [f"spec.video.{side}={getattr(video, side) // 10 * 2}" for side in ("width", "height")]
    config = load_config(
        FOLDER / f"{name}.yaml", ["spec.video.frames=3", "spec.video.shapes=[given]", "render.samples=2", *small]
    )
    clip, _ = make_clip(config, 0, tmp_path)
    fields = clip.fields
    shape = (3, video.height // 10 * 2, video.width // 10 * 2)
    assert fields["rgb"].shape == (*shape, 3) and fields["rgb"].std() > 5
    assert fields["instances"].shape == shape and (fields["instances"] > 0).mean() > 0.02
    assert fields["meta"]["qa"]["passed"] and np.isfinite(fields["joints3d"]).all()
