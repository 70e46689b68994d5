"""A clip from its index to the members of its tar: a new one, or one whose colour is there and whose labels are not."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from synth.cluster.drawn import packed, unpacked
from synth.cluster.job import Job
from synth.cluster.plan import shard_of
from synth.conventions import ClipRejected, ThfmError
from synth.make import draw_clip, make_attempt, make_clip
from synth.shards import Clip, encode_clip, finished_shard, read_clip
from synth.spec.model import ClipSpec

# Colour, and the matte that was rendered with it: its edges have the noise and the blur of the colour's.
TAKEN_OVER = ("rgb", "matte")
_ARRAYS_ASIDE = ("key", "fps", "meta")


@dataclass(frozen=True)
class Made:
    """A clip.

    Attributes:
        members: of its tar; None: rejected, for what ``message`` says.
        rejected: records of the draws that were rejected; seconds: stage -> seconds.
    """

    members: dict[str, bytes] | None
    rejected: list[dict]
    message: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)


def _encoded(key: str, fields: Mapping[str, Any], meta: Mapping[str, Any], kept: Mapping[str, Any]) -> dict[str, bytes]:
    arrays = {name: array for name, array in fields.items() if name not in _ARRAYS_ASIDE and name not in kept}
    return encode_clip(key, fields["fps"], arrays, meta, kept)


def drawn_clip(job: Job) -> bytes | Made:
    """The draw of a clip, packed; or that no draw of it can be filmed."""
    try:
        return packed(draw_clip(job.config, job.index, job.logs), job.config.bodies.assets)
    except ClipRejected as error:
        return Made(None, error.attempts, str(error))


def new_clip(job: Job, progress: Callable[[str, int], None]) -> Made:
    """Draw a clip, unless it is drawn, and render it."""
    draw = None if job.draw is None else unpacked(job.draw, job.config.bodies.assets)
    try:
        clip, rejected = make_clip(job.config, job.index, job.logs, progress, draw)
    except ClipRejected as error:
        return Made(None, error.attempts, str(error))
    start = time.perf_counter()
    members = _encoded(job.key, clip.fields, clip.fields["meta"], {})
    return Made(members, rejected, seconds={**clip.seconds, "encoding": time.perf_counter() - start})


def relabelled_clip(job: Job, progress: Callable[[str, int], None]) -> Made:
    """Make the labels of a clip of ``job.source`` again, beside its colour.

    Raises:
        ThfmError: the source lacks the clip; its spec is of another version; the labels do not fit the colour.
    """
    shard = shard_of(job.index, job.config.shards.clips_per_shard)
    record = finished_shard(job.source, shard)
    rejected = [r for r in record["rejected"] if r["key"] == job.key] if record else []
    if record is None or job.key not in record["keys"]:
        if not rejected:
            raise ThfmError(f"{job.source} holds no clip {job.key}: finish it first.")
        return Made(None, rejected, "; ".join(reason for r in rejected for reason in r["reasons"]))
    old = read_clip(job.source, record, job.key, TAKEN_OVER)
    config = job.config.model_copy(update={"render": job.config.render.model_copy(update={"colour": False})})
    given = {name: getattr(old, name) for name in old.fields()}  # new labels have to fit the old colour
    clip = make_attempt(_spec(old), config, job.log, progress, given)
    meta = {**clip.fields["meta"], "render": old.meta["render"]}
    start = time.perf_counter()
    members = _encoded(job.key, clip.fields, meta, {name: old.encoded(name) for name in old.fields()})
    return Made(members, rejected, seconds={**clip.seconds, "encoding": time.perf_counter() - start})


def _spec(clip: Clip) -> ClipSpec:
    try:
        return ClipSpec.model_validate(clip.meta["spec"])
    except (KeyError, ValidationError) as error:
        raise ThfmError(
            f"{clip.shard}: the spec of clip {clip.key} is not one of this version ({error}): its scene cannot be made."
        ) from None
