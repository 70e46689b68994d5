"""Making a clip: labels first, and no colour for a draw that they turn down."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from synth import make
from synth.config import load_config
from synth.conventions import ClipRejected
from synth.make import MadeClip, clip_spec, draw_clip, make_attempt, make_clip
from tests.conftest import SMALLER, TINY

HUGE = "qa.person_share=1"  # nobody covers the whole picture
BRIGHT = "qa.brightness=[0.98,1]"  # no picture is so bright
SMALL = [*SMALLER, "spec.camera.distorted=0"]  # without a lens the matte comes with colour
LABELS, COLOUR = [("labels", 1), ("labels", 2)], [("colour", 1), ("colour", 2)]


def made(folder: Path, *overrides: str, **how: object) -> tuple[MadeClip, list[tuple[str, int]]]:
    """The first draw of a small clip, and what its renderer told of its frames."""
    config, told = load_config(TINY, [*SMALL, *overrides]), []
    clip = make_attempt(clip_spec(config, 0), config, folder / "log", lambda *what: told.append(what), **how)
    return clip, told


def test_a_draw_rejected_for_its_labels_costs_no_colour(tmp_path: Path) -> None:
    config, told = load_config(TINY, [*SMALL, HUGE, BRIGHT, "qa.attempts=2"]), []
    with pytest.raises(ClipRejected) as raised:
        make_clip(config, 0, tmp_path, lambda *what: told.append(what))
    assert told == 2 * LABELS
    log = (tmp_path / "00000000.log").read_text(errors="replace")
    assert log.count("label.exr") >= 4 and "colour" not in log and "matte" not in log
    for record in raised.value.attempts:
        (reason,), (check,) = record["reasons"], record["checks"]
        assert reason.startswith("person_pixels: ") and check["name"] == "person_pixels" and check["boxes"]
        (picture,) = record["pictures"].values()
        relief = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture))))
        assert relief.shape == (64, 64, 3) and relief.std() > 10


def test_a_draw_rejected_for_its_colour_has_passed_with_its_labels(tmp_path: Path) -> None:
    config, told = load_config(TINY, [*SMALL, BRIGHT, "qa.attempts=1"]), []
    with pytest.raises(ClipRejected) as raised:
        make_clip(config, 0, tmp_path, lambda *what: told.append(what))
    assert told == LABELS + COLOUR
    assert [c["name"] for c in raised.value.attempts[0]["checks"]] == ["too_dark"]


def test_a_rejected_draw_can_be_made_whole(tmp_path: Path) -> None:
    good, _ = made(tmp_path)
    whole, told = made(tmp_path, HUGE, BRIGHT, keep_rejected=True)
    assert told == LABELS + COLOUR
    verdict, measures = whole.fields["meta"]["qa"], good.fields["meta"]["qa"]["measures"]
    assert not verdict["passed"] and verdict["measures"] == measures and {"foot_slide", "frozen"} <= set(measures)
    assert [reason.partition(":")[0] for reason in verdict["reasons"]] == ["person_pixels", "too_dark"]
    for name in ("rgb", "matte", "depth"):
        np.testing.assert_array_equal(whole.fields[name], good.fields[name])


def test_what_is_given_is_not_rendered(tmp_path: Path) -> None:
    whole, _ = made(tmp_path)
    given = {name: whole.fields[name] for name in ("rgb", "matte")}
    again, told = made(tmp_path, "render.colour=false", given=given)
    assert told == LABELS and not {"colour", "matte"} & set(again.seconds)
    assert again.fields["rgb"] is given["rgb"] and again.fields["matte"] is given["matte"]
    assert again.fields["meta"]["qa"] == whole.fields["meta"]["qa"]
    blind, told = made(tmp_path, "render.colour=false")
    assert told == LABELS + [("matte", 1), ("matte", 2)] and "rgb" not in blind.fields
    for name in set(blind.fields) - {"matte", "meta", "key", "fps", "smplx"}:
        np.testing.assert_array_equal(blind.fields[name], whole.fields[name])


def test_seconds_tell_every_stage(tmp_path: Path) -> None:
    clip, _ = made(tmp_path)
    assert list(clip.seconds) == ["geometry", "scene", "visibility", "labels", "qa", "colour"]
    assert all(seconds > 0 for seconds in clip.seconds.values())


def test_a_clip_that_was_drawn_ahead_is_the_clip_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Draws that cannot be filmed are told of by whoever met with them; what is drawn is not drawn again."""
    config, build, drawn = load_config(TINY, SMALL), make.build_clip, []

    def crowded_at_first(spec, *args, **kwargs):
        drawn.append(spec.attempt)
        if spec.attempt == 0:
            raise ClipRejected(["people: no room."])
        return build(spec, *args, **kwargs)

    monkeypatch.setattr(make, "build_clip", crowded_at_first)
    whole, rejected = make_clip(config, 0, tmp_path)
    draw = draw_clip(config, 0, tmp_path)
    assert drawn == [0, 1, 0, 1]
    again, rejected_again = make_clip(config, 0, tmp_path, draw=draw)
    assert drawn == [0, 1, 0, 1] and again.seconds["geometry"] >= draw.seconds > 0
    assert rejected_again == rejected and [r["reasons"] for r in rejected] == [["people: no room."]]
    for name in set(whole.fields) - {"smplx", "meta", "key", "fps"}:
        np.testing.assert_array_equal(again.fields[name], whole.fields[name])
    assert again.fields["meta"] == whole.fields["meta"]
