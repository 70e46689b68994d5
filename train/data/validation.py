"""Held-out clips: each comes once over all ranks, its middle, at the centre, as stored."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from synth.conventions import ThfmError
from train.data.augment import centre_fit, companions
from train.data.config import DataConfig
from train.data.index import MEMBERS, Index, build_index
from train.data.loader import Request
from train.data.plan import nearest_size
from train.data.read import Window, check_fields, decode, fetch, named
from train.data.sample import Sample
from train.data.shardfile import Damage

_AHEAD = 1  # samples decoded while one is validated: all labels of 81 large frames take more than a GB


def build_validation(config: DataConfig, requests: Mapping[str, Request], rank: int = 0, world: int = 1) -> Validation:
    """This rank's share of the held-out clips: ``config.validation.urls``, and the shards that training leaves out.

    Every clip gives one sample with all the fields that the requests name and the clip has: the middle frames, as many
    as the longest of ``config.lengths`` that it has, cut to the nearest of ``config.sizes`` at the centre.

    Raises:
        ThfmError: a missing data set; clips that are all shorter than every length.
    """
    fields = tuple(dict.fromkeys(field for request in requests.values() for field in request.fields))
    check_fields(fields, "validation")
    held = config.validation
    indexes = [build_index(url, f"validation {i}", retries=config.retries) for i, url in enumerate(held.urls)]
    if held.shards:
        for source, name in zip(config.sources, config.source_names, strict=True):
            indexes.append(build_index(source.url, name, slice(-held.shards, None), config.retries))
    lengths = sorted(length.frames for length in config.lengths if length.share > 0)
    clips = [(i, clip) for i, index in enumerate(indexes) for clip in np.flatnonzero(index.frames >= lengths[0])]
    short = sum(len(index) for index in indexes) - len(clips)
    if short and not clips:
        raise ThfmError(f"all {short} held-out clips have fewer than {lengths[0]} frames: add a shorter length.")
    if held.clips is not None and held.clips < len(clips):
        clips = [clips[i] for i in np.linspace(0, len(clips) - 1, held.clips).round().astype(int)]
    return Validation(config, fields, indexes, clips[rank::world], lengths, short)


@dataclass
class Validation:
    """An iterable of samples, the same each time.

    Attributes:
        clips: (place in ``indexes``, place in that index) of this rank's clips.
        short: how many clips were left out because they are shorter than every length.
    """

    config: DataConfig
    fields: tuple[str, ...]
    indexes: Sequence[Index]
    clips: Sequence[tuple[int, int]]
    lengths: Sequence[int]
    short: int

    def __post_init__(self) -> None:
        self.damaged: list[Damage] = [damage for index in self.indexes for damage in index.damaged]

    def __len__(self) -> int:
        return len(self.clips)

    def __iter__(self) -> Iterator[Sample]:
        with ThreadPoolExecutor(_AHEAD) as ahead, ThreadPoolExecutor(self.config.threads) as pool:
            waiting: deque[Future] = deque()
            try:
                for place in range(len(self.clips) + _AHEAD):
                    if place < len(self.clips):
                        waiting.append(ahead.submit(self._sample, *self.clips[place], pool))
                    if place >= _AHEAD and (sample := waiting.popleft().result()) is not None:
                        yield sample
            finally:
                for future in waiting:
                    future.cancel()

    def _sample(self, source: int, clip: int, pool: ThreadPoolExecutor) -> Sample | None:
        index = self.indexes[source]
        have = {MEMBERS[member] for member in index.members_of(clip) if member in MEMBERS}
        fields = [field for field in self.fields if have.issuperset(companions([field]))]
        frames = max(length for length in self.lengths if length <= index.frames[clip])
        window = Window((int(index.frames[clip]) - frames) // 2, frames)
        (size,) = nearest_size(index.height[clip : clip + 1], index.width[clip : clip + 1], self.config.sizes)
        try:
            opened, _ = fetch(index, clip, fields, self.config.retries)
            return centre_fit(decode(opened, index.name, "", fields, window, pool), *self.config.sizes[size])
        except ThfmError as error:
            damage = named(index, clip, error)
            if damage not in self.damaged:
                self.damaged.append(damage)
            return None
