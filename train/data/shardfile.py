"""Bytes of shards: what version a shard is, and some of its members in as few requests as possible."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from synth.conventions import ThfmError
from synth.shards.storage import locate
from train.data.ranges import fetcher, is_local, patiently

_GAP = 1 << 20  # a remote request takes about as long as reading on over this many bytes


class Damage(NamedTuple):
    """One thing that cannot be read; ``key`` is empty where the shard as a whole is meant."""

    source: str
    shard: str
    key: str
    reason: str


class Stamp(NamedTuple):
    """What changes when a file does; ``version`` is empty where the storage tells nothing of the kind."""

    url: str
    size: int
    version: str


def stamp_of(url: str, retries: int = 0) -> Stamp:
    """Size and version of a file. Raises ThfmError if it is not there."""
    fs, path = locate(url)
    info = patiently(url, lambda: fs.info(path), retries)
    names = ("ETag", "etag", "mtime", "LastModified", "updated", "created")
    version = next((info[name] for name in names if info.get(name)), "")
    return Stamp(url, int(info["size"] or 0), str(version))


def read_members(url: str, places: Mapping[str, tuple[int, int]], retries: int = 0) -> dict[str, bytes]:
    """Read some members of a tar.

    Members that lie close together come in one request. Remote reads that fail are tried again ``retries`` times, at
    growing intervals.

    Args:
        url: the tar.
        places: member -> (first byte, size).

    Raises:
        ThfmError: the file is missing, unreadable, or shorter than the places say.
    """
    fetch, found = fetcher(url, retries), {}
    for start, stop, names in coalesced(places, 0 if is_local(url) else _GAP):
        data = fetch(start, stop)
        if len(data) < stop - start:
            names = [name for name in names if sum(places[name]) > start + len(data)]
            raise ThfmError(f"{url} ends within {names[0]}: fetch or generate the shard again.")
        for name in names:
            begin = places[name][0] - start
            found[name] = data if len(names) == 1 else data[begin : begin + places[name][1]]
    return found


def coalesced(places: Mapping[str, tuple[int, int]], gap: int) -> list[tuple[int, int, list[str]]]:
    """[(first byte, byte after the last, members)]: the ranges to read when up to ``gap`` idle bytes are no loss."""
    ranges: list[tuple[int, int, list[str]]] = []
    for name, (start, size) in sorted(places.items(), key=lambda item: item[1]):
        if ranges and start - ranges[-1][1] <= gap:
            begin, end, names = ranges[-1]
            ranges[-1] = (begin, max(end, start + size), [*names, name])
        else:
            ranges.append((start, start + size, [name]))
    return ranges


def bare(error: Exception, shard: str, key: str = "") -> str:
    """The reason in an error's text without the names that a ``Damage`` carries anyway."""
    text = str(error).removeprefix(f"{shard}: clip {key}: ") if key else str(error)
    return text.removeprefix(f"{shard}: ").removeprefix(f"{shard} ")
