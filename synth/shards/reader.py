"""Reading data sets: URLs to shards, shards to lazy clips. Nothing is unpickled or executed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from os import PathLike
from typing import Any

from braceexpand import braceexpand

from synth.conventions import ThfmError
from synth.shards import storage
from synth.shards.clip import Clip
from synth.shards.manifest import NAME, read_manifest
from synth.shards.schema import FIELDS, META
from synth.shards.tars import read_tar

Urls = str | PathLike | Iterable[str | PathLike]


def shard_urls(url: Urls) -> list[str]:
    """All shards of a data set root (by its manifest), a shard, a brace pattern (``shard-{000000..000007}.tar``), or a
    list of these."""
    if not isinstance(url, str | PathLike):
        return [shard for one in url for shard in shard_urls(one)]
    found = []
    for one in braceexpand(str(url)):
        if one.endswith(".tar"):
            found.append(one)
        else:
            root = one.removesuffix(NAME).rstrip("/") if one.endswith(f"/{NAME}") else one
            found += [storage.join(root, shard["name"]) for shard in read_manifest(root)["shards"]]
    return found


def read_clips(url: Urls, fields: Iterable[str] | None = None, threads: int = 1) -> Iterator[Clip]:
    """Iterate the clips of a data set in order.

    Args:
        url: data set root, shard, brace pattern or a list of these; local paths or fsspec URLs.
        fields: names of the fields to fetch; members of others are not read. None fetches all. A field is decoded when
            it is read, not before.
        threads: decoder threads per field.

    Raises:
        ThfmError: an unknown field, a missing data set, a truncated shard; a damaged field raises it when it is read.
    """
    wanted = None if fields is None else list(fields)
    for name in wanted or ():
        if name not in FIELDS:
            raise ThfmError(f"{name!r} is no field of a clip; the fields are {', '.join(FIELDS)}.")
    return _clips(shard_urls(url), None if wanted is None else {META, *(FIELDS[n].member for n in wanted)}, threads)


def read_clip(root: str | PathLike, record: Mapping[str, Any], key: str, fields: Iterable[str]) -> Clip:
    """One clip of a shard, by ranges: nothing but the members of ``fields`` that it has is read.

    Args:
        root: of the data set. record: of a shard that holds the clip, as ``finished_shards`` returns it.
    """
    places = next(clip["members"] for clip in record["index"] if clip["key"] == key)
    shard = storage.join(root, record["name"])
    members = {}
    with storage.opened(shard) as file:
        for name in (META, *(FIELDS[f].member for f in fields)):
            if name in places:
                start, size = places[name]
                file.seek(start)
                members[name] = file.read(size)
    return Clip(key, members, shard)


def _clips(shards: list[str], wanted: set[str] | None, threads: int) -> Iterator[Clip]:
    for shard in shards:
        with storage.opened(shard) as file:
            for key, members in read_tar(file, shard, wanted):
                yield Clip(key, members, shard, threads)
