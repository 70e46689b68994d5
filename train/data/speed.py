"""How fast clips decode, field by field."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from synth.shards import read_clips


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


def measure(url: str | Sequence[str], fields: Sequence[str], limit: int | None = None, threads: int = 1) -> Speed:
    """Stream a data set as ``read_clips`` takes it, decode ``fields`` of all clips, or of the first ``limit``, and time
    it."""
    speed, start = Speed(seconds=dict.fromkeys(fields, 0.0), bytes=dict.fromkeys(fields, 0)), time.perf_counter()
    for clip in read_clips(url, fields, threads):
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
