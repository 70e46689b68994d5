"""``Case``: a clip that is to be judged, read piece by piece when its turn comes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np

from synth.conventions import ThfmError
from synth.shards import FIELDS
from train.data.index import MEMBERS, Index, build_index
from train.data.read import fetch

_RETRIES = 2


@dataclass(frozen=True)
class Case:
    """One clip with labels; nothing of it is in memory.

    Attributes:
        key: unique in its set.
        fields: names of the labels that it has, as in the clip format.
        fps: frames a second; None if unknown.
        rgb: reads (T, H, W, 3) uint8 sRGB.
        labels: reads these fields, each shaped, typed and in the units of the clip format, for the same T frames of
            H x W pixels. NaN, 255 and a missing ``in_frame`` bit stand for unknown.

    Both functions raise ThfmError when the clip cannot be read.
    """

    key: str
    fields: tuple[str, ...]
    fps: float | None
    rgb: Callable[[], np.ndarray]
    labels: Callable[[Sequence[str]], dict[str, np.ndarray]]


class ShardSet(NamedTuple):
    """The clips of a data set.

    Attributes:
        cases: in its order.
        content: digest of what the set holds.
        damaged: shard or clip -> what is wrong with it; it is not among the cases.
    """

    cases: list[Case]
    content: str
    damaged: dict[str, str]


def shard_cases(url: str | Sequence[str], frames: int | None = None, clips: int | None = None) -> ShardSet:
    """The clips of a data set in our format.

    Args:
        url: root of a data set, a shard, a brace pattern or a list of these; local paths or fsspec URLs.
        frames: of a longer clip the middle so many; None: whole clips.
        clips: so many, evenly spread; None: all.

    Raises:
        ThfmError: no data set, or no clip in it.
    """
    index = build_index(url, str(url), retries=_RETRIES)
    names = _names(index)
    chosen = range(len(index))
    if clips is not None and clips < len(index):
        chosen = np.linspace(0, len(index) - 1, clips).round().astype(int).tolist()
    damaged = {" ".join(filter(None, (d.shard, d.key))): d.reason for d in index.damaged}
    return ShardSet([_case(index, place, names[place], frames) for place in chosen], index.digest, damaged)


def _names(index: Index) -> list[str]:
    """Keys; with the shard's name where two clips have the same."""
    if max(Counter(index.keys).values()) == 1:
        return list(index.keys)
    return [
        f"{PurePosixPath(index.shards[shard]).stem}/{key}" for shard, key in zip(index.shard, index.keys, strict=True)
    ]


def _case(index: Index, place: int, key: str, frames: int | None) -> Case:
    total = int(index.frames[place])
    start = max(0, total - frames) // 2 if frames else 0
    stop = start + min(total, frames or total)
    there = tuple(MEMBERS[member] for member in index.members_of(place) if member in MEMBERS)

    def read(names: Sequence[str]) -> dict[str, np.ndarray]:
        clip, _ = fetch(index, place, names, _RETRIES)
        return {name: clip.frames(name, start, stop) for name in names}

    fields = tuple(name for name in there if name != "rgb" and FIELDS[name].frame_axis is not None)
    return Case(key, fields, float(index.fps[place]), lambda: read(["rgb"])["rgb"], read)


def at_frames(fields: dict[str, np.ndarray], chosen: Sequence[int]) -> dict[str, np.ndarray]:
    """Labels or answers of the chosen frames alone; what has no frames stays."""
    cut = {}
    for name, value in fields.items():
        axis = FIELDS[name].frame_axis if name in FIELDS else None
        cut[name] = value if axis is None else np.take(value, chosen, axis)
    return cut


def check_sizes(rgb: np.ndarray, labels: Mapping[str, np.ndarray], key: str) -> None:
    """Raises ThfmError for labels of other frames or pixels than the colour (T, H, W, 3)."""
    sizes = dict(zip("THW", rgb.shape, strict=False))
    for name, value in labels.items():
        for axis, symbol in enumerate(FIELDS[name].shape if name in FIELDS else ()):
            if symbol in sizes and value.shape[axis] != sizes[symbol]:
                raise ThfmError(f"{key}: {name} is {value.shape} and does not fit colour of {rgb.shape[:3]} (T, H, W).")


def check_keys(cases: Sequence[Case]) -> None:
    """Raises ThfmError for a key that comes twice: results are kept by key."""
    for key, times in Counter(case.key for case in cases).items():
        if times > 1:
            raise ThfmError(f"{times} clips are named {key}: judge the sets apart, each with its own --out.")
