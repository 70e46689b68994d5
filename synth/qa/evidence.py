"""What a rejected clip looks like where its checks failed: small pictures, and boxes that say where to look."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from synth.labels.keypoints import to_camera
from synth.qa.clip import BodyTrack, Optics
from synth.qa.verdict import Measure, Verdict

_AREA = 57_600  # pixels of a picture at most: 320 x 180
_QUALITY = 70
_PICTURES = 3  # of a clip at most
_FLOOR = 0.08  # metres over a body's lowest point that still count as next to the floor


def evidence_of(verdict: Verdict, fields: Mapping) -> dict[str, Any]:
    """What records of rejected draws hold beside reasons: ``checks``, and ``pictures``: frame -> WebP as base64.

    JSON-able, the same for equal clips.

    Args:
        verdict: of the clip, a failed one. fields: the clip, as the checks saw it.
    """
    middle = len(fields["depth"]) // 2
    frames = list(dict.fromkeys(c["frame"] for c in verdict.checks if c["frame"] is not None)) or [middle]
    shown = {str(t): base64.b64encode(_webp(_picture(fields, t))).decode() for t in frames[:_PICTURES]}
    return {"checks": list(verdict.checks), "pictures": shown}


def _picture(fields: Mapping, t: int) -> np.ndarray:
    """Frame ``t`` (H, W, 3) uint8: the colour; where there is none, relief by the normals, people warm."""
    if "rgb" in fields:
        return np.asarray(fields["rgb"][t])
    light = 0.12 + 0.75 * np.clip(np.nan_to_num(fields["normals"][t][..., 2]), 0, 1)
    tint = np.where(fields["instances"][t][..., None] > 0, (1.0, 0.82, 0.62), (0.8, 0.86, 0.95))
    return np.rint(255 * light[..., None] * tint).astype(np.uint8)


def _webp(picture: np.ndarray) -> bytes:
    image = Image.fromarray(picture)
    scale = (_AREA / (image.width * image.height)) ** 0.5
    if scale < 1:
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        image = image.resize(size, Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=_QUALITY, method=4)
    return buffer.getvalue()


def boxes_of(measure: Measure, fields: Mapping, bodies: Sequence[BodyTrack]) -> list[list[float]]:
    """Left, top, right and bottom, in pixels, of what a measure is about in its worst frame; none: all of the picture.

    Boxes of bodies go beyond the picture where bodies do, up to its own size.
    """
    t = measure.frame
    if t is None or measure.where == "picture":
        return []
    everybody = range(1, len(bodies) + 1)
    numbers = everybody if measure.people is None else dict.fromkeys(np.atleast_1d(measure.people[t]).tolist())
    there = [k for k in numbers if k in everybody]
    if measure.where == "seen":
        boxes = [_seen(fields["instances"][t] == k) for k in there]
    else:
        boxes = [_body(fields, bodies[k - 1], t, feet=measure.where == "feet") for k in there]
    return [box for box in boxes if box]


def _seen(mask: np.ndarray) -> list[float]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return [float(v) for v in (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)] if len(rows) else []


def _body(fields: Mapping, body: BodyTrack, t: int, feet: bool) -> list[float]:
    height, width = fields["depth"].shape[1:]
    vertices = body.vertices[t, np.unique(body.faces)]
    if feet:
        vertices = vertices[vertices[:, 2] < vertices[:, 2].min() + _FLOOR]
    with np.errstate(all="ignore"):  # a check may have failed because cameras are no numbers
        pixels = Optics.of(fields, t).project(to_camera(vertices, fields["world_to_camera"][t]))
    pixels = pixels[np.isfinite(pixels).all(1)]
    if not len(pixels):
        return []
    ends = np.clip([pixels.min(0), pixels.max(0)], (-width, -height), (2 * width, 2 * height))
    return [round(float(v), 1) for v in ends.ravel()]
