"""``Index``: which clips a data set holds, and where in its shards each of their members lies."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from synth.conventions import ThfmError
from synth.shards import FIELDS, shard_urls
from train.data.scan import Entry, entries_of
from train.data.shardfile import Damage

MEMBERS = {field.member: field.name for field in FIELDS.values()}
_READERS = 16  # shards looked at side by side


@dataclass(frozen=True)
class Index:
    """The clips of one source, as columns; N clips, M names of members.

    Attributes:
        name: of the source.
        shards: URLs.
        shard: (N,) int32, place in ``shards``.
        keys: N keys.
        frames, height, width: (N,) int32.
        fps: (N,) float64.
        members: M names of members, such as ``depth.mkv``.
        places: (N, M, 2) int64, first byte and size in the shard; -1 where a clip has no such member.
        damaged: what could not be indexed.
    """

    name: str
    shards: tuple[str, ...]
    shard: np.ndarray
    keys: tuple[str, ...]
    frames: np.ndarray
    height: np.ndarray
    width: np.ndarray
    fps: np.ndarray
    members: tuple[str, ...]
    places: np.ndarray
    damaged: tuple[Damage, ...] = ()

    def __len__(self) -> int:
        return len(self.keys)

    def has(self, fields: Iterable[str]) -> np.ndarray:
        """(N,) bool: which clips have all these fields."""
        return np.all([self._present.get(f, np.zeros(len(self), bool)) for f in ("rgb", *fields)], axis=0)

    def members_of(self, clip: int, wanted: Iterable[str] | None = None) -> dict[str, tuple[int, int]]:
        """{member: (first byte, size)} of a clip; with ``wanted``, of those members alone."""
        there = {name: tuple(place) for name, place in zip(self.members, self.places[clip].tolist(), strict=True)}
        return {n: p for n, p in there.items() if p[1] >= 0 and (wanted is None or n in wanted)}

    @cached_property
    def _present(self) -> dict[str, np.ndarray]:
        return {MEMBERS[m]: self.places[:, i, 1] >= 0 for i, m in enumerate(self.members) if m in MEMBERS}

    @cached_property
    def digest(self) -> str:
        """Equal for equal contents, whatever the place of the data set."""
        hashed = hashlib.sha256("\n".join((*self.keys, *self.members)).encode())
        for column in (self.frames, self.height, self.width, self.places):
            hashed.update(np.ascontiguousarray(column).tobytes())
        return hashed.hexdigest()[:16]


def build_index(url: str | Sequence[str], name: str = "", shards: slice = slice(None), retries: int = 0) -> Index:
    """Look at every shard of a data set once.

    A shard's record says where its members lie; without one, the tar's headers are read, and the result kept in the
    cache folder of the user. Shards that are missing or cut are named in ``damaged`` and give the clips that they can.

    Args:
        url: root of a data set, a tar, a brace pattern or a list of these; local paths or fsspec URLs.
        name: of the source.
        shards: which of the shards, in their order.
        retries: further tries of a failing remote read.

    Raises:
        ThfmError: no data set there, or no readable clip in any of its shards.
    """
    urls = shard_urls(url)[shards]
    if not urls:
        raise ThfmError(f"source {name} ({url}) has no shards left to read: hold out fewer, or add some.")
    with ThreadPoolExecutor(_READERS) as pool:
        found = list(pool.map(lambda shard: entries_of(shard, name, retries), urls))
    damaged = tuple(damage for _, faults in found for damage in faults)
    rows = [(place, entry) for place, (entries, _) in enumerate(found) for entry in entries]
    if not rows:
        reason = (
            f"{damaged[0].shard} {damaged[0].reason}" if damaged else "none holds rgb.mp4; generate or fetch it anew."
        )
        raise ThfmError(f"source {name} ({url}) has no clip to draw: {reason}")
    return _table(name, urls, rows, damaged)


def _table(name: str, urls: list[str], rows: list[tuple[int, Entry]], damaged: tuple[Damage, ...]) -> Index:
    entries = [entry for _, entry in rows]
    members = tuple(sorted({member for entry in entries for member in entry.members}))
    column: Mapping[str, int] = {member: i for i, member in enumerate(members)}
    places = np.full((len(rows), len(members), 2), -1, np.int64)
    for row, entry in enumerate(entries):
        for member, place in entry.members.items():
            places[row, column[member]] = place
    return Index(
        name=name,
        shards=tuple(urls),
        shard=np.array([shard for shard, _ in rows], np.int32),
        keys=tuple(entry.key for entry in entries),
        frames=np.array([entry.frames for entry in entries], np.int32),
        height=np.array([entry.height for entry in entries], np.int32),
        width=np.array([entry.width for entry in entries], np.int32),
        fps=np.array([entry.fps for entry in entries], np.float64),
        members=members,
        places=places,
        damaged=damaged,
    )
