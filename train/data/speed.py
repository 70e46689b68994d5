"""Streaming clips: what a task needs of each clip, decoded as late and as little as possible."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from synth.conventions import ThfmError
from synth.shards import Clip, read_clips
from synth.shards.reader import shard_urls

# What each task has to predict; every task sees the colour.
TASK_FIELDS: dict[str, tuple[str, ...]] = {
    "depth": ("depth",),
    "normals": ("normals",),
    "matting": ("matte",),
    "instances": ("instances",),
    "parts": ("parts",),
    "semantics": ("semantics",),
    "dense_pose": ("surface",),
    "flow": ("flow_forward",),
    "keypoints": ("keypoints2d", "visibility"),
    "pose3d": ("joints3d", "intrinsics", "world_to_camera"),
    "body": ("smplx", "intrinsics", "world_to_camera"),
}


def fields_of(tasks: Iterable[str]) -> tuple[str, ...]:
    """Fields that these tasks need, each once, colour first. Raises ThfmError for an unknown task."""
    names = ["rgb"]
    for task in tasks:
        if task not in TASK_FIELDS:
            raise ThfmError(f"{task!r} is no task; the tasks are {', '.join(TASK_FIELDS)}.")
        names += TASK_FIELDS[task]
    return tuple(dict.fromkeys(names))


def stream(
    url: str | Sequence[str], tasks: Iterable[str] = (), part: int = 0, parts: int = 1, threads: int = 1
) -> Iterator[Clip]:
    """Clips that carry what ``tasks`` need; nothing is decoded yet.

    Args:
        url: data set root, shard, brace pattern, or a list of these.
        part, parts: this reader takes every ``parts``-th shard from ``part`` on, so that readers share no shard.
        threads: decoder threads per field.

    Raises:
        ThfmError: an unknown task; a missing data set; a part that would get no shard.
    """
    fields, shards = fields_of(tasks), shard_urls(url)
    mine = shards[part::parts]
    if not mine:
        raise ThfmError(f"{url} has {len(shards)} shards, too few for {parts} readers: use fewer readers.")
    return read_clips(mine, fields, threads)


def decoded_bytes(value: Any) -> int:
    """Size of a decoded field: an array, or for ``smplx`` a list of dicts of arrays."""
    if isinstance(value, list):
        return sum(np.asarray(array).nbytes for person in value for array in person.values())
    return np.asarray(value).nbytes


@dataclass
class Speed:
    """What decoding took: ``seconds`` and decoded ``bytes`` per field; ``wall`` seconds include reading the shards."""

    clips: int = 0
    frames: int = 0
    wall: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)


def measure(clips: Iterable[Clip], fields: Sequence[str], limit: int | None = None) -> Speed:
    """Decode ``fields`` of all clips, or of the first ``limit``, and time it."""
    speed, start = Speed(seconds=dict.fromkeys(fields, 0.0), bytes=dict.fromkeys(fields, 0)), time.perf_counter()
    for clip in clips:
        for name in fields:
            before = time.perf_counter()
            value = clip.frames(name)
            speed.seconds[name] += time.perf_counter() - before
            speed.bytes[name] += decoded_bytes(value)
        speed.clips += 1
        speed.frames += clip.num_frames
        if speed.clips == limit:
            break
    speed.wall = time.perf_counter() - start
    return speed
