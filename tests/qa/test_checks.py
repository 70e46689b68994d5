"""Every check passes on a clip that is right by construction, and names what is wrong with one that is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from synth.conventions import Part, Semantic, ThfmError
from synth.qa import (
    BodyTrack,
    QaConfig,
    StorageError,
    check_clip,
    measure_clip,
    measure_labels,
    verdict_of,
    with_colour,
)
from tests.qa.rolling import RADIUS, rolling_ball

STORED = StorageError(depth=1e-4, normals=0.1, matte=1 / 255, surface=1 / 4096, flow=1 / 32)


@pytest.fixture(scope="module")
def clip() -> tuple[dict, list[BodyTrack]]:
    return rolling_ball()


def _copy(fields: dict) -> dict:
    return {k: v.copy() if isinstance(v, np.ndarray) else v for k, v in fields.items()}


def test_a_right_clip_passes(clip):
    fields, bodies = clip
    verdict = check_clip(fields, bodies, QaConfig())
    assert verdict.reasons == ()
    assert verdict.passed
    json.dumps(verdict.as_dict(), allow_nan=False)
    measured = {name for name, value in verdict.measures.items() if value is not None}
    assert set(verdict.measures) == measured, "the ball gives every check something to measure"


def test_labels_alone_are_checked_without_colour(clip):
    fields, bodies = _copy(clip[0]), clip[1]
    del fields["rgb"]
    verdict = check_clip(fields, bodies, QaConfig())
    assert verdict.passed
    whole = check_clip(clip[0], bodies, QaConfig()).measures
    assert {n: m for n, m in whole.items() if n in verdict.measures} == verdict.measures
    assert {"matte_overlap", "body_flow"} <= set(verdict.measures) and "too_dark" not in verdict.measures
    fields["matte"][:] = 0
    assert not check_clip(fields, bodies, QaConfig()).passed


def test_labels_are_checked_before_there_is_a_picture(clip):
    """In two steps the checks come to what they come to in one; the first needs neither colour nor the matte."""
    fields, bodies = _copy(clip[0]), clip[1]
    fields["normals"][1, ..., 0] += np.inf
    fields["matte"][0, 0, :7] = np.nan
    fields["matte"][1, 0, 0] = np.nan
    fields["rgb"][:] = 0
    early = {k: v for k, v in fields.items() if k not in ("matte", "rgb")}
    labels = measure_labels(early, bodies, QaConfig())
    first = verdict_of(labels, early, bodies)
    assert any(reason.startswith("not_finite") for reason in first.reasons)
    last = verdict_of(with_colour(labels, fields, QaConfig()), fields, bodies)
    whole = check_clip(fields, bodies, QaConfig())
    assert last == whole and list(last.measures) == list(whole.measures)
    assert last.measures["not_finite"] == first.measures["not_finite"] + 1
    assert {r.split(":")[0] for r in last.reasons} - {r.split(":")[0] for r in first.reasons} >= {"too_dark"}


def test_the_verdict_is_the_same_twice(clip):
    fields, bodies = clip
    once, again = (json.dumps(check_clip(fields, bodies, QaConfig()).as_dict()) for _ in range(2))
    assert once == again


def test_what_storage_does_is_forgiven(clip):
    fields, bodies = clip
    rng = np.random.default_rng(5)
    stored = _copy(fields)
    stored["depth"] *= 1 + rng.choice([-1e-4, 1e-4], stored["depth"].shape).astype(np.float32)
    for name in ("flow_forward", "flow_backward"):
        stored[name] += rng.choice([-1 / 32, 1 / 32], stored[name].shape).astype(np.float32)
    stored["surface"] += rng.choice([-1 / 4096, 1 / 4096], stored["surface"].shape).astype(np.float32)
    stored["normals"] += rng.normal(0, 5e-4, stored["normals"].shape).astype(np.float32)
    assert check_clip(stored, bodies, QaConfig(), STORED).reasons == ()
    strict = QaConfig(flow_pixels=0.02)
    assert not check_clip(stored, bodies, strict).passed, "without the allowance the noise is a fault"
    assert check_clip(stored, bodies, strict, STORED).passed


def test_only_what_the_framing_asks_for_must_be_in_the_frame(clip):
    fields, bodies = _copy(clip[0]), clip[1]
    fields["world_to_camera"][:, 0, 3] += 1.2  # half of the ball leaves the frame

    def in_frame(framed: np.ndarray | None) -> float:
        measures = measure_clip(fields, [replace(bodies[0], framed=framed)], QaConfig())
        return next(m for m in measures if m.name == "in_frame").value

    pose, k = fields["world_to_camera"], fields["intrinsics"]
    camera = bodies[0].vertices @ pose[:, :3, :3].transpose(0, 2, 1) + pose[:, None, :3, 3]
    column = (camera @ k.transpose(0, 2, 1))[..., 0] / camera[..., 2]
    seen = (column < fields["rgb"].shape[2]).all(0)
    assert 0.1 < seen.mean() < 0.9
    assert in_frame(None) < 0.9 and in_frame(~seen) < in_frame(None)
    assert in_frame(seen) == 1.0


def _set(name: str, change: Callable[[np.ndarray], None]) -> Callable[[dict, list], list]:
    def apply(fields: dict, bodies: list[BodyTrack]) -> list[BodyTrack]:
        change(fields[name])
        return bodies

    return apply


def _moved(by: tuple[float, float, float]) -> Callable[[dict, list], list]:
    return lambda fields, bodies: [replace(bodies[0], vertices=bodies[0].vertices + np.array(by, np.float32))]


def _poke(value: float, *where: int | slice):
    def change(array: np.ndarray) -> None:
        array[where] = value

    return change


def _scaled(factor: float):
    def change(array: np.ndarray) -> None:
        array *= factor

    return change


def _rolled(pixels: int):
    def change(array: np.ndarray) -> None:
        array[:] = np.roll(array, pixels, axis=2)

    return change


def _shifted_camera(fields: dict, bodies: list[BodyTrack]) -> list[BodyTrack]:
    fields["world_to_camera"][2, 0, 3] += 0.03
    return bodies


def _half_a_pixel(fields: dict, bodies: list[BodyTrack]) -> list[BodyTrack]:
    """Labels made for the pixels' corners instead of their centres."""
    fields["intrinsics"][:, :2, 2] -= 0.5
    fields["keypoints2d"] -= 0.5
    return bodies


def _slide(fields: dict, bodies: list[BodyTrack]) -> list[BodyTrack]:
    offsets = np.arange(4)[:, None, None] * np.array([0.1, 0, 0])
    return [replace(bodies[0], vertices=(bodies[0].vertices[0] + offsets).astype(np.float32))]


def _away(fields: dict, bodies: list[BodyTrack]) -> list[BodyTrack]:
    fields["world_to_camera"][:, 0, 3] += 50.0
    return bodies


def _freeze(fields: dict, bodies: list[BodyTrack]) -> list[BodyTrack]:
    fields["rgb"][:] = fields["rgb"][0]
    return bodies


def _backwards(fields: dict, bodies: list[BodyTrack]) -> list[BodyTrack]:
    fields["rgb"] = fields["rgb"][::-1]
    return bodies


def _gone(fields: dict, bodies: list[BodyTrack]) -> list[BodyTrack]:
    """The person is missing from the pictures: only ground remains."""
    person = fields["instances"] > 0
    for name in ("instances", "parts"):
        fields[name][:] = 0
    fields["surface"][:] = np.nan
    fields["semantics"][person] = Semantic.GROUND
    fields["depth"][person] = 3.6
    return bodies


def _mirrored_parts(fields: dict, bodies: list[BodyTrack]) -> list[BodyTrack]:
    parts = fields["parts"]
    parts[parts > 0] = Part.LEFT_HAND + Part.RIGHT_HAND - parts[parts > 0]
    return bodies


def _cloth_inside(fields: dict, bodies: list[BodyTrack]) -> list[BodyTrack]:
    fields["depth"][fields["semantics"] == Semantic.UPPER_GARMENT] += 0.2
    return bodies


def _one_way_flow(fields: dict, bodies: list[BodyTrack]) -> list[BodyTrack]:
    fields["flow_backward"][2][fields["instances"][2] > 0] *= 0.2
    return bodies


def _entered(fields: dict, bodies: list[BodyTrack]) -> list[BodyTrack]:
    """A second ball that sinks into the first by 5 cm."""
    aside = np.array([2 * RADIUS - 0.05, 0, 0], np.float32)
    return [bodies[0], replace(bodies[0], vertices=bodies[0].vertices + aside, framed=np.zeros(1, bool))]


FAULTS = [
    ("not_finite", _set("depth", _poke(np.nan, 1, 40, 48))),
    ("not_finite", _set("joints3d", _poke(np.nan, 0, 1, 5))),
    ("not_finite", _set("matte", _poke(1.5, 0, 3, 3))),
    ("labels_disagree", _set("parts", _poke(0, 1, 40, 48))),
    ("labels_disagree", _set("instances", _poke(7, 1, 40, 48))),
    ("surface_in_cube", _set("surface", _poke(1.2, 1, 40, 48))),
    ("keypoints", _set("keypoints2d", _poke(12.0, 0, 2, 7, 0))),
    ("in_frame_flags", _set("visibility", _poke(0, 0, 2, 7))),
    ("normal_length", _set("normals", _scaled(1.01))),
    ("normal_away", _set("normals", _scaled(-1.0))),
    ("normal_depth", _set("normals", _rolled(8))),
    ("part_side", _mirrored_parts),
    ("skin_on_body", _set("depth", _scaled(1.005))),
    ("skin_on_body", _moved((0.02, 0, 0))),
    ("skin_on_body", _shifted_camera),
    ("skin_shift", _half_a_pixel),
    ("cloth_on_body", _cloth_inside),
    ("body_in_front", _gone),
    ("dense_pose", _set("surface", _scaled(0.95))),
    ("body_flow", _set("flow_forward", _scaled(0.5))),
    ("static_flow_forward", _set("flow_forward", _scaled(1.05))),
    ("static_flow_backward", _set("flow_backward", _scaled(1.05))),
    ("flow_return", _one_way_flow),
    ("flow_lost", _set("flow_forward", _scaled(-3.0))),
    ("colour_flow", _backwards),
    ("in_frame", _away),
    ("person_pixels", _gone),
    ("below_floor", _moved((0, 0, -0.05))),
    ("above_floor", _moved((0, 0, 0.2))),
    ("foot_slide", _slide),
    ("people_apart", _entered),
    ("too_dark", _set("rgb", _poke(2, 1))),
    ("too_bright", _set("rgb", _poke(250, 1))),
    ("black_pixels", _set("rgb", _poke(0, 1))),
    ("white_pixels", _set("rgb", _poke(255, 1))),
    ("matte_overlap", _set("matte", _rolled(20))),
    ("frozen", _freeze),
]


@pytest.mark.parametrize(("name", "spoil"), FAULTS, ids=[f"{n}-{i}" for i, (n, _) in enumerate(FAULTS)])
def test_a_fault_is_found_and_named(clip, name, spoil):
    fields = _copy(clip[0])
    bodies = spoil(fields, clip[1])
    verdict = check_clip(fields, bodies, QaConfig())
    assert not verdict.passed
    reasons = [r for r in verdict.reasons if r.startswith(f"{name}:")]
    assert len(reasons) == 1, verdict.reasons
    assert "frame" in reasons[0] and reasons[0].endswith(").")
    assert "at most" in reasons[0] or "at least" in reasons[0]


def test_a_short_clip_may_be_a_jump(clip):
    fields, bodies = clip[0] | {"fps": 24.0}, _moved((0, 0, 0.2))(*clip)
    assert "above_floor" not in {r.split(":")[0] for r in check_clip(fields, bodies, QaConfig()).reasons}


def test_every_check_has_a_fault_that_it_finds(clip):
    names = {m.name for m in measure_clip(clip[0], clip[1], QaConfig())}
    assert names == {name for name, _ in FAULTS} | {"people_dark"}


def test_black_people_are_told_from_a_dark_picture(clip):
    fields = _copy(clip[0])
    fields["rgb"][fields["instances"] > 0] = 0
    names = [r.split(":")[0] for r in check_clip(fields, clip[1], QaConfig()).reasons]
    assert "people_dark" in names and "too_dark" not in names


def test_the_worst_frame_is_named(clip):
    fields = _copy(clip[0])
    fields["keypoints2d"][0, 2, 7] += (30.0, 40.0)
    (measure,) = [m for m in measure_clip(fields, clip[1], QaConfig()) if m.name == "keypoints"]
    assert measure.frame == 2 and measure.value == pytest.approx(50.0, abs=1e-2)
    says = "keypoints miss the projection of their joints by"
    assert measure.reason == f"keypoints: {says} 50 px in frame 2 (at most 0.05 px)."


def test_a_missing_field_is_an_error_with_its_name(clip):
    fields = {k: v for k, v in clip[0].items() if k != "matte"}
    with pytest.raises(ThfmError, match="matte"):
        check_clip(fields, clip[1], QaConfig())


def test_a_person_of_whom_a_few_pixels_are_seen_is_not_judged_by_one_of_them(clip):
    fields, bodies = _copy(clip[0]), clip[1]
    skin = np.argwhere((fields["semantics"] == Semantic.SKIN) & (fields["instances"] == 1))

    def measured(keep: int) -> float:
        spoilt = _copy(fields)
        for t in range(len(fields["depth"])):
            mine = skin[skin[:, 0] == t]
            for _, row, column in mine[keep:]:
                spoilt["instances"][t, row, column] = 0
            spoilt["depth"][tuple(mine[0])] += 0.1
        return next(m for m in measure_clip(spoilt, bodies, QaConfig()) if m.name == "skin_on_body").value

    assert np.isnan(measured(30)) and measured(200) > 0


def test_unknown_limits_are_refused():
    with pytest.raises(ValueError, match="keypoint_pixel"):
        QaConfig(keypoint_pixel=1.0)
