"""A clip as a row of the gallery's index: what it can be searched, filtered and sorted by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from synth.conventions import NUM_BODY_JOINTS, ThfmError, Visibility
from synth.shards import Clip
from synth.stats.traits import traits

SMALL = ("intrinsics", "world_to_camera", "joints3d", "keypoints2d", "visibility")  # fields that rows are made of
_SENSOR = 36.0  # mm, the long side
_HIDDEN = int(Visibility.SELF_OCCLUDED | Visibility.OTHER_OCCLUDED)

# name -> (title, unit, digits); the page shows them in this order.
NUMBERS = {
    "focal": ("Focal length", "mm", 0),
    "distance": ("Distance", "m", 1),
    "height": ("Height in picture", "%", 0),
    "visible": ("Joints in sight", "%", 0),
    "speed": ("Camera speed", "m/s", 2),
    "cover": ("Least person covers", "%", 1),
    "light": ("Darkest frame", "%", 0),
}
# The traits that filters offer first; others that clips have follow.
TRAITS = (
    "verdict", "reason", "people", "scene", "time", "camera", "framing", "motion", "clothes", "gender", "hair", "skin",
    "light", "sun", "formation", "held", "focus", "lens", "shutter", "prop",
)  # fmt: skip


def row_of(clip: Clip, part: str) -> dict[str, Any]:
    """The row of a stored clip; JSON-able. ``part`` names where it lies."""
    meta = clip.meta if isinstance(clip.meta, dict) else {}
    qa = meta.get("qa") or {}
    reasons = [str(r) for r in qa.get("reasons", ())]
    try:
        numbers = dict(_numbers(clip, qa.get("measures") or {}))
    except (ThfmError, ValueError, IndexError) as error:
        raise ThfmError(f"{clip.shard}: clip {clip.key} cannot be listed ({error})") from None
    return {
        "key": clip.key,
        "id": clip.key,
        "part": part,
        "caption": str(meta.get("caption") or ""),
        "frames": clip.num_frames, "fps": clip.fps, "width": clip.width, "height": clip.height,
        "numbers": numbers,
        "traits": _grouped([("verdict", "kept" if qa.get("passed", True) else "rejected"),
                            *(("reason", name_of(r)) for r in reasons), *_traits(meta)]),
        "reasons": reasons,
        "checks": qa.get("checks") or [],
    }  # fmt: skip


def rejected_row(record: Mapping[str, Any], stills: Mapping[str, str]) -> dict[str, Any]:
    """The row of a draw that was turned down; ``stills`` are its pictures: frame -> place in the site."""
    spec, reasons = record.get("spec") or {}, [str(r) for r in record.get("reasons", ())]
    pairs = [("verdict", "rejected"), *(("reason", name_of(r)) for r in reasons), *_traits({"spec": spec})]
    return {
        "key": record["key"],
        "id": f"{record['key']}.{record.get('attempt', 0)}",
        "part": None,
        "caption": "",
        "frames": spec.get("frames"), "fps": spec.get("fps"), "width": spec.get("width"), "height": spec.get("height"),
        "numbers": {},
        "traits": _grouped(pairs),
        "reasons": reasons,
        "checks": record.get("checks") or [],
        "stills": dict(stills),
        "spec": spec,
        "attempt": record.get("attempt", 0),
    }  # fmt: skip


def name_of(reason: str) -> str:
    """What a rejection is filtered by: the check, or the sentence without its numbers."""
    name, colon, _ = reason.partition(":")
    text = name if colon and " " not in name.strip() else re.sub(r"[-+]?\d+(\.\d+)?", "…", reason)
    return text.strip().replace("_", " ")[:80]


def _traits(meta: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    try:
        return list(traits(meta)) if meta.get("spec") else []
    except (KeyError, TypeError, AttributeError):  # a spec of another version: it is shown all the same
        return []


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for trait, value in pairs:
        values = out.setdefault(trait, [])
        if str(value) not in values:
            values.append(str(value))
    return out


def _numbers(clip: Clip, measures: Mapping[str, float | None]) -> Iterable[tuple[str, float]]:
    held = set(clip.fields())
    if "intrinsics" in held and clip.width:
        yield "focal", _round(np.median(clip.intrinsics[:, 0, 0]) * _SENSOR / max(clip.width, clip.height))
    if "joints3d" in held and clip.num_people:
        yield "distance", _round(np.median(clip.joints3d[:, :, 0, 2]))
    if {"keypoints2d", "visibility"} <= held and clip.num_people:
        y = clip.keypoints2d[:, :, :NUM_BODY_JOINTS, 1]
        tall = np.fmax.reduce(y, -1) - np.fmin.reduce(y, -1)
        tall = tall[np.isfinite(tall)]  # who is behind the camera has no height in the picture
        yield "height", _round(100 * np.median(tall) / clip.height if len(tall) else 0.0)
        flags = clip.visibility[:, :, :NUM_BODY_JOINTS]
        seen = ((flags & Visibility.IN_FRAME) > 0) & ((flags & _HIDDEN) == 0)
        yield "visible", _round(100 * seen.mean())
    if "world_to_camera" in held and (clip.num_frames or 0) > 1:
        pose = clip.world_to_camera
        eye = -np.einsum("tji,tj->ti", pose[:, :3, :3], pose[:, :3, 3])
        yield "speed", _round(np.linalg.norm(np.diff(eye, axis=0), axis=1).mean() * clip.fps)
    for name, measure in (("cover", "person_pixels"), ("light", "too_dark")):
        if measures.get(measure) is not None:
            yield name, _round(100 * measures[measure])


def _round(value: float) -> float:
    return float(f"{value:.4g}")
