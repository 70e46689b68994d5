"""Writing shards: the tar first, then its record beside it, which makes the shard count as finished."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from synth.conventions import SCHEMA_VERSION, ThfmError
from synth.shards import storage
from synth.shards.codecs import to_json
from synth.shards.schema import FIELDS, META, check_key
from synth.shards.staging import staged_clips, staged_rejections, unstage
from synth.shards.tars import places_in_tar, write_tar

Record = dict[str, Any]


def write_clip_tar(file: BinaryIO, key: str, members: Mapping[str, bytes]) -> None:
    """A tar of one clip, as ``encode_clip`` returns it, to an open file."""
    write_tar(file, [(check_key(key), members)])


def write_shard(
    root: object,
    name: str,
    clips: Iterable[tuple[str, Mapping[str, bytes]]],
    rejected: Sequence[Mapping[str, Any]] = (),
) -> Record:
    """Write ``<root>/<name>.tar`` and its record ``<root>/<name>.json``; each appears whole or not at all.

    Args:
        root: data set root, a path or fsspec URL.
        name: ``shard-`` and anything, such as ``shard-000000``.
        clips: (key, members) as ``encode_clip`` returns them; consumed one at a time. With no clip no tar is written.
        rejected: records of rejected clips that belong to this shard.

    Returns:
        The record: name, sha256, bytes, clips, frames, keys, fields, fps, resolutions, rejected, and in ``index`` per
        clip its key, fps, frames, height, width and {member: [first byte, size]}, so that a reader can fetch ranges.

    Raises:
        ThfmError: the disk is full; the clips differ in their fields; a key comes twice.
    """
    if not name.startswith("shard-"):
        raise ThfmError(f"Shard name {name!r} must begin with 'shard-'.")
    record: Record = {
        "schema": SCHEMA_VERSION, "name": f"{check_key(name)}.tar", "sha256": None, "bytes": 0, "clips": 0, "frames": 0,
        "keys": [], "fields": None, "fps": [], "resolutions": [], "rejected": [dict(r) for r in rejected],
        "index": [],
    }  # fmt: skip
    url = storage.join(root, record["name"])
    counted = _counted(clips, record)
    first = next(counted, None)
    if first is None:
        storage.remove(url)
    else:
        with storage.written(url) as file:
            hashed = storage.HashedWriter(file)
            write_tar(hashed, _chained(first, counted))
            record |= {"sha256": hashed.sha256, "bytes": hashed.bytes}
    record["fps"].sort()
    record["resolutions"].sort()
    storage.write_bytes(storage.join(root, f"{name}.json"), to_json(record, f"the record of {url}"))
    return record


def assemble_shard(root: object, name: str, keys: Sequence[str]) -> Record:
    """Write a shard out of staged clips, in the order of ``keys``, then drop what was staged.

    A key may have a staged clip, rejections, or both (rejected first, kept later). The shard's bytes depend on the
    staged clips alone. Killed at any point, it can be called again: a shard finished with the same keys is kept.
    """
    if (record := _finished(root, name, keys)) is not None:
        unstage(root, keys)
        return record
    rejected = staged_rejections(root, keys)
    record = write_shard(root, name, staged_clips(root, keys, skip={r["key"] for r in rejected}), rejected)
    unstage(root, keys)
    return record


def finished_shards(root: object) -> list[Record]:
    """Records of all finished shards, by name. A tar without a record is unfinished and does not count."""
    found = [n for n in storage.names(root) if n.startswith("shard-") and n.endswith(".json")]
    return [read_json(storage.join(root, n)) for n in found]


def finished_shard(root: object, name: str) -> Record | None:
    """The record of a shard, None if it is not finished."""
    url = storage.join(root, f"{name}.json")
    return read_json(url) if storage.exists(url) else None


def read_json(url: str) -> Any:
    """A JSON file of a data set."""
    try:
        return json.loads(storage.read_bytes(url))
    except ValueError as error:
        if isinstance(error, ThfmError):
            raise
        raise ThfmError(f"{url} is no valid JSON ({error}): remove it and run its command again.") from None


def _finished(root: object, name: str, keys: Sequence[str]) -> Record | None:
    record = finished_shard(root, name)
    if record is None:
        return None
    whole = not record["clips"] or storage.exists(storage.join(root, record["name"]))
    return record if whole and {*record["keys"], *(r["key"] for r in record["rejected"])} == set(keys) else None


def _chained(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from rest


def _counted(clips: Iterable[tuple[str, Mapping[str, bytes]]], record: Record) -> Iterator[tuple[str, Any]]:
    """Pass clips on, entering them into ``record``."""
    end = 0
    for key, members in clips:
        header = json.loads(members[META])
        fields = [f for f in FIELDS if FIELDS[f].member in members]
        if record["fields"] is None:
            record["fields"] = fields
        if fields != record["fields"]:
            odd = ", ".join(sorted(set(fields) ^ set(record["fields"])))
            raise ThfmError(f"Clips {record['keys'][0]} and {key} differ in {odd}: a data set has one set of fields.")
        if check_key(key) in record["keys"]:
            raise ThfmError(f"Clip {key} comes twice in {record['name']}: give every clip its own key.")
        record["keys"].append(key)
        record["clips"] += 1
        record["frames"] += header["frames"] or 0
        for values, value in (("fps", header["fps"]), ("resolutions", [header["height"], header["width"]])):
            if value not in record[values]:
                record[values].append(value)
        places, end = places_in_tar(members, end)
        sizes = {name: header[name] for name in ("fps", "frames", "height", "width")}
        record["index"].append({"key": key, **sizes, "members": {n: list(p) for n, p in places.items()}})
        yield key, members
