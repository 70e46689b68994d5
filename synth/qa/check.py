"""All checks of a clip: of its labels, before it has colour, and of the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from synth.conventions import ThfmError
from synth.lens import COEFFICIENTS
from synth.qa.apart import check_apart
from synth.qa.body import check_bodies, check_floor, check_framing, check_sides
from synth.qa.clip import EXACT, BodyTrack, StorageError
from synth.qa.config import QaConfig
from synth.qa.evidence import boxes_of
from synth.qa.flow import check_colour_flow, check_return, check_static_flow
from synth.qa.images import (
    check_colour,
    check_consistent,
    check_finite,
    check_keypoints,
    check_matte,
    check_normals,
    matte_not_finite,
)
from synth.qa.verdict import Measure, Verdict

_LABELS = (
    "fps", "depth", "normals", "instances", "parts", "semantics", "surface", "flow_forward", "flow_backward",
    "intrinsics", "world_to_camera", "joints3d", "keypoints2d", "visibility", "smplx",
)  # fmt: skip
FIELDS = (*_LABELS, "matte")  # rgb is checked where it is there: a clip may be labels alone


def _completed(fields: Mapping, needed: Sequence[str]) -> dict:
    """What checks look at; older clips tell of no lens, nor of a rolling shutter."""
    missing = [name for name in needed if name not in fields]
    if missing:
        raise ThfmError(f"a clip cannot be checked without {', '.join(missing)}: make it again.")
    straight = np.zeros((len(fields["intrinsics"]), COEFFICIENTS))
    distortion = fields.get("distortion", straight)
    at_once = np.zeros((len(fields["intrinsics"]), 2))
    readout = fields.get("readout", at_once)
    there = [name for name in (*FIELDS, "rgb") if name in fields]
    fields = {name: fields[name] for name in there}  # a lazy mapping decodes each field once
    fields["distortion"], fields["readout"] = distortion, readout
    return fields


def measure_labels(
    fields: Mapping, bodies: Sequence[BodyTrack], config: QaConfig, storage: StorageError = EXACT
) -> list[Measure]:
    """What can be told before there is colour or a matte, in a fixed order; arguments as of ``check_clip``."""
    fields = _completed(fields, _LABELS)
    return [
        *check_finite(fields),
        *check_consistent(fields),
        *check_keypoints(fields, config),
        *check_normals(fields, config, storage),
        *check_sides(fields, config),
        *check_bodies(fields, bodies, config, storage),
        *check_static_flow(fields, config, storage),
        *check_return(fields, config, storage),
        *check_framing(fields, bodies, config),
        *check_floor(fields, bodies, config),
        *check_apart(bodies, len(fields["depth"]), config),
    ]


def with_colour(labels: Sequence[Measure], fields: Mapping, config: QaConfig) -> list[Measure]:
    """All measures of a clip: ``labels``, as ``measure_labels`` gives them, and those of the matte and of colour."""
    fields = _completed(fields, FIELDS)
    bad = matte_not_finite(fields)
    return [
        *(replace(m, values=m.values + bad) if m.name == "not_finite" else m for m in labels),
        *check_matte(fields, config),
        *((*check_colour_flow(fields, config), *check_colour(fields, config)) if "rgb" in fields else ()),
    ]


def measure_clip(
    fields: Mapping, bodies: Sequence[BodyTrack], config: QaConfig, storage: StorageError = EXACT
) -> list[Measure]:
    """Everything that ``check_clip`` judges by, in a fixed order."""
    fields = _completed(fields, FIELDS)
    return with_colour(measure_labels(fields, bodies, config, storage), fields, config)


def verdict_of(measures: Sequence[Measure], fields: Mapping, bodies: Sequence[BodyTrack]) -> Verdict:
    """The verdict that measures of a clip come to: of all its fields, or of labels alone."""
    fields = _completed(fields, _LABELS)
    return Verdict.of(measures, lambda one: boxes_of(one, fields, bodies))


def check_clip(
    fields: Mapping, bodies: Sequence[BodyTrack], config: QaConfig, storage: StorageError = EXACT
) -> Verdict:
    """Judge a finished clip.

    Args:
        fields: the arrays of a clip under the names, shapes and dtypes of the shard format (``FIELDS``).
        bodies: one per person, in the order of ``fields["smplx"]``.
        storage: how inexact the arrays may be because they were stored; nothing for a clip fresh from the renderer.

    Raises:
        ThfmError: a field is missing.
    """
    fields = _completed(fields, FIELDS)
    return verdict_of(measure_clip(fields, bodies, config, storage), fields, bodies)
