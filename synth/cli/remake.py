"""``thfm-synth remake``: one clip of a data set again, kept or rejected, from the settings that its manifest holds."""

from __future__ import annotations

import logging
from pathlib import Path

from synth.config import GenerateConfig
from synth.conventions import ThfmError
from synth.gallery.parts import listing
from synth.make import clip_spec, make_attempt
from synth.settings import checked
from synth.shards import build_manifest, encode_clip, write_shard
from synth.spec.sample import clip_key
from synth.terminal.progress import bar

log = logging.getLogger(__name__)


def remake(url: str, index: int, attempt: int, out: Path) -> str:
    """Make a draw of a clip into a data set of its own; returns a line that says what it is.

    Raises:
        ThfmError: the data set does not tell its settings, or has no such clip; the draw cannot be filmed at all.
    """
    there = listing(url)
    settings = dict(there.config)
    if not settings:
        raise ThfmError(f"{url} does not tell how it was made: give the root of a data set with a manifest.json.")
    keys = {k for part in there.parts for k in part.keys} | {r["key"] for r in there.rejected}
    if there.finished and keys and clip_key(index) not in keys:
        raise ThfmError(f"{url} has no clip {clip_key(index)}: its clips are {min(keys)} to {max(keys)}.")
    config = checked(GenerateConfig, settings | {"clips": index + 1})
    spec = clip_spec(config, index, attempt)
    out.mkdir(parents=True, exist_ok=True)
    with bar("rendering") as advance:
        made = make_attempt(
            spec,
            config,
            out / f"{spec.key}.log",
            lambda stage, frame: advance(stage, frame, spec.frames),
            keep_rejected=True,
        )
    fields = {k: v for k, v in made.fields.items() if k not in ("key", "fps", "meta")}
    members = encode_clip(made.key, made.fields["fps"], fields, made.fields["meta"])
    write_shard(out, "shard-000000", [(made.key, members)])
    build_manifest(out, settings)
    verdict = made.fields["meta"]["qa"]
    return f"{out}: clip {made.key}, attempt {attempt}, " + (
        "kept." if verdict["passed"] else "rejected: " + " ".join(verdict["reasons"])
    )
