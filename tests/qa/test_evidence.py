"""Records of rejected draws show what failed: boxes about the ball of ``rolling_ball``, and pictures of its frames."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from synth.qa import BodyTrack, QaConfig, check_clip, evidence_of
from tests.qa.rolling import FRAMES, HEIGHT, RADIUS, WIDTH, rolling_ball


@pytest.fixture
def clip() -> tuple[dict, list[BodyTrack]]:
    return rolling_ball()


def failed(fields: dict, bodies: list[BodyTrack], name: str, **limits) -> dict:
    verdict = check_clip(fields, bodies, QaConfig(**limits))
    return next(c for c in verdict.checks if c["name"] == name)


def shown(record: dict, frame: int) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(record["pictures"][str(frame)]))).convert("RGB"))


def outline(fields: dict, t: int, centre: np.ndarray) -> tuple[float, float]:
    """Of a ball's picture: the left and the right end, pixels, by the tangents of its circle at camera height."""
    pose, k = fields["world_to_camera"][t], fields["intrinsics"][t]
    x, y, z = pose[:3, :3] @ centre + pose[:3, 3]
    # a plane through the eye that holds the picture's vertical touches the ball where its normal is a radius away
    a, b, c = z * z - RADIUS**2, -2 * x * z, x * x - RADIUS**2
    ends = (-b + np.array([-1, 1]) * np.sqrt(b * b - 4 * a * c)) / (2 * a)
    return tuple(k[0, 0] * ends + k[0, 2])


def test_what_passes_needs_no_evidence(clip) -> None:
    assert check_clip(*clip, QaConfig()).checks == ()


def test_a_body_that_the_frame_cuts_off_has_its_whole_box(clip) -> None:
    fields, bodies = clip
    fields["world_to_camera"][:, 0, 3] += 1.2  # half of the ball leaves the frame
    check = failed(fields, bodies, "in_frame")
    t = check["frame"]
    ((left, top, right, bottom),) = check["boxes"]
    assert check["at_least"] and check["mean"] and check["unit"] == "%" and 0.1 < check["value"] < check["limit"]
    assert (left, right) == pytest.approx(outline(fields, t, bodies[0].vertices[t].mean(0)), abs=0.5)
    assert right > WIDTH and 0 < top < bottom < HEIGHT


def test_feet_are_boxed_where_they_sink(clip) -> None:
    fields, bodies = clip
    sunk = [replace(bodies[0], vertices=bodies[0].vertices - np.array([0, 0, 0.05], np.float32))]
    check = failed(fields, sunk, "below_floor")
    t = check["frame"]
    ((left, top, right, bottom),) = check["boxes"]
    rows, columns = np.nonzero(fields["instances"][t])
    assert rows.mean() < top < bottom and columns.min() < left < right < columns.max()
    assert check["value"] == pytest.approx(0.05, abs=1e-4)


def test_both_who_sink_into_each_other_are_boxed(clip) -> None:
    fields, bodies = clip
    other = replace(bodies[0], vertices=bodies[0].vertices + np.array([2 * RADIUS - 0.05, 0, 0], np.float32))
    check = failed(fields, [bodies[0], replace(other, framed=np.zeros(1, bool))], "people_apart")
    t = check["frame"]
    boxes = sorted(check["boxes"])
    assert len(boxes) == 2 and boxes[1][0] < boxes[0][2], "they overlap"
    for box, body in zip(boxes, (bodies[0], other), strict=True):
        assert (box[0], box[2]) == pytest.approx(outline(fields, t, body.vertices[t].mean(0)), abs=0.5)


def test_people_are_boxed_as_they_are_seen(clip) -> None:
    fields, bodies = clip
    fields["rgb"][fields["instances"] > 0] = 0
    check = failed(fields, bodies, "people_dark")
    rows, columns = np.nonzero(fields["instances"][check["frame"]])
    assert check["boxes"] == [[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]]


def test_the_worst_frame_is_shown_in_its_colours(clip) -> None:
    fields, bodies = clip
    fields["rgb"][2] //= 20
    verdict = check_clip(fields, bodies, QaConfig())
    record = evidence_of(verdict, fields)
    check = next(c for c in record["checks"] if c["name"] == "too_dark")
    assert check["frame"] == 2 and check["boxes"] == [] and check["value"] < check["limit"] == 0.04
    picture = shown(record, 2)
    assert picture.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(picture.astype(int) - fields["rgb"][2]).mean() < 3 < fields["rgb"][1].mean()
    assert json.dumps(record, allow_nan=False) == json.dumps(evidence_of(verdict, fields), allow_nan=False)


def test_labels_alone_are_shown_as_relief(clip) -> None:
    fields, bodies = clip
    del fields["rgb"]
    fields["visibility"][:] = 0
    record = evidence_of(check_clip(fields, bodies, QaConfig()), fields)
    (frame,) = record["pictures"]
    picture = shown(record, int(frame)).astype(float)
    ball = fields["instances"][int(frame)] > 0
    facing = ball & (fields["normals"][int(frame)][..., 2] > 0.95)
    edge = ball & (fields["normals"][int(frame)][..., 2] < 0.4)
    assert picture[facing].mean() > 1.5 * picture[edge].mean()
    assert picture[facing][:, 0].mean() > picture[facing][:, 2].mean() + 20, "people are warm"


def test_records_stay_small_however_large_the_clip_and_however_many_checks_fail(clip) -> None:
    fields, bodies = clip
    verdict = check_clip(fields, bodies, QaConfig())
    checks = tuple(dict(name=f"c{t}", frame=t, boxes=[]) for t in range(9))
    noise = np.random.default_rng(1).integers(0, 256, (9, 48, 83, 3), np.uint8).repeat(10, 1).repeat(10, 2)
    record = evidence_of(replace(verdict, checks=checks), {"depth": noise[..., 0], "rgb": noise})
    assert list(record["pictures"]) == ["0", "1", "2"] and shown(record, 0).size <= 3 * 58_000
    assert len(json.dumps(record)) < 120_000, "noise is the worst that there is"
    assert FRAMES < 9


def test_a_clip_without_a_worst_frame_shows_its_middle(clip) -> None:
    fields, _ = clip
    verdict = check_clip(fields, [BodyTrack(clip[1][0].vertices + 100, clip[1][0].faces)], QaConfig())
    only = tuple(c for c in verdict.checks if c["frame"] is None)
    assert [c["name"] for c in only] == ["body_in_front"] and only[0]["value"] is None
    assert list(evidence_of(replace(verdict, checks=only), fields)["pictures"]) == [str(FRAMES // 2)]
