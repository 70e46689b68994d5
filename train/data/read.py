"""From a draw to a sample: fetch the members, decode the window, augment."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from synth.conventions import ThfmError
from synth.shards import FIELDS, Clip
from train.data.augment import colour, companions, fit
from train.data.config import DataConfig
from train.data.foreign import CAPTION, with_meta
from train.data.index import Index
from train.data.plan import Draw, span
from train.data.sample import Sample
from train.data.shardfile import Damage, bare, read_members

META = "meta.json"


@dataclass(frozen=True)
class Window:
    """``frames`` frames from ``start`` on, every ``step``-th one."""

    start: int
    frames: int
    step: int = 1

    @property
    def stop(self) -> int:
        """The frame after the last."""
        return self.start + span(self.frames, self.step)


def check_fields(fields: Iterable[str], where: str) -> None:
    """Raises ThfmError for a field that the loader cannot give."""
    for name in fields:
        if name not in FIELDS:
            raise ThfmError(f"{where} wants {name!r}, no field of a clip; the fields are {', '.join(FIELDS)}.")
        if FIELDS[name].frame_axis is None:
            raise ThfmError(f"{where} wants {name}, which is no array: use joints3d or keypoints2d.")


def fetch(index: Index, clip: int, fields: Iterable[str], retries: int, threads: int = 1) -> tuple[Clip, bytes]:
    """One clip with the members that ``fields`` need besides colour, and a digest of its ``meta.json``, which holds
    the checksums of all its members.

    Raises:
        ThfmError: a member cannot be read.
    """
    wanted = {META, *CAPTION, *(FIELDS[name].member for name in ("rgb", *companions(fields)))}
    shard = index.shards[index.shard[clip]]
    members = with_meta(index.keys[clip], read_members(shard, index.members_of(clip, wanted), retries))
    return Clip(index.keys[clip], members, shard, threads), hashlib.blake2b(members[META]).digest()


def decode(clip: Clip, source: str, task: str, fields: Iterable[str], window: Window, pool: Executor) -> Sample:
    """Decode a window of colour and ``fields``, side by side in ``pool``.

    Raises:
        ThfmError: a field is damaged or missing.
    """
    names = tuple(dict.fromkeys(("rgb", *companions(fields))))
    decoded = pool.map(lambda name: clip.frames(name, window.start, window.stop, window.step), names)
    arrays = dict(zip(names, decoded, strict=True))
    if "readout" in arrays:
        arrays["readout"] = arrays["readout"] / window.step  # its unit is the time of a frame
    return Sample(
        key=clip.key,
        source=source,
        task=task,
        caption=str(clip.meta.get("caption") or "") if isinstance(clip.meta, dict) else "",
        fps=float(clip.fps) / window.step,
        rgb=arrays.pop("rgb"),
        labels=arrays,
    )


def make_sample(
    index: Index, draw: Draw, fields: tuple[str, ...], config: DataConfig, pool: Executor
) -> tuple[Sample, str]:
    """The sample that a draw describes, augmented and cut to its bucket; and an id of its content.

    The id is equal whenever the sample is the same to the byte, whatever the names of files.

    Raises:
        ThfmError: the clip is damaged.
    """
    clip, content = fetch(index, draw.clip, fields, config.retries, max(1, config.threads // (1 + len(fields))))
    sample = decode(clip, index.name, draw.task, fields, Window(draw.start, draw.frames, draw.step), pool)
    rng = np.random.default_rng(draw.seed)
    sample = fit(sample, draw.height, draw.width, rng, config.augment)
    rgb = colour(sample.rgb, rng, config.augment)
    sample = Sample(**{**vars(sample), "rgb": rgb})
    # Crops keep in view the people that the fields tell of, so tasks may see other parts of the same clip.
    chance = "" if config.augment == type(config.augment).off() else f"{draw.seed} {sorted(fields)} {config.augment!r}"
    shape = f"{draw.start} {draw.step} {draw.frames} {draw.height} {draw.width} {chance}"
    return sample, hashlib.blake2b(content + shape.encode(), digest_size=16).hexdigest()


def named(index: Index, clip: int, error: Exception) -> Damage:
    """What is wrong with a clip, in the words of an error."""
    shard, key = index.shards[index.shard[clip]], index.keys[clip]
    return Damage(index.name, shard, key, bare(error, shard, key))
