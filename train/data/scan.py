"""Entries of a shard: from its record, else from its headers, read once and kept in a cache."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from synth.conventions import ThfmError
from synth.shards.storage import locate, write_bytes
from synth.shards.tars import Places, scan_tar
from train.data.foreign import foreign_entry
from train.data.ranges import RangeFile, fetcher, patiently
from train.data.shardfile import Damage, Stamp, bare, stamp_of

META = "meta.json"
_VERSION = 1


@dataclass(frozen=True)
class Entry:
    """One clip of a shard; ``members`` maps a member's name to (first byte, size)."""

    key: str
    fps: float
    frames: int
    height: int
    width: int
    members: Places


def entries_of(shard: str, source: str, retries: int = 0) -> tuple[list[Entry], list[Damage]]:
    """Clips of a shard that can be drawn, and what is wrong with it. Clips without colour are left out."""
    try:
        stamp = stamp_of(shard, retries)
        found = _from_record(shard, stamp, retries) or _from_cache(stamp)
        if found is None:
            found = _scanned(shard, source, stamp.size, retries)
            if not found[1]:  # what failed may do better next time
                _keep(stamp, found[0])
        entries, damaged = found
    except ThfmError as error:
        entries, damaged = [], [Damage(source, shard, "", bare(error, shard))]
    return [e for e in entries if e.frames and e.height and e.width and "rgb.mp4" in e.members], damaged


def _from_record(shard: str, stamp: Stamp, retries: int) -> tuple[list[Entry], list[Damage]] | None:
    """What the writer of the shard noted beside it, if it did and the shard has not been changed or cut since."""
    try:
        url = f"{shard.removesuffix('.tar')}.json"
        fs, path = locate(url)
        record = json.loads(patiently(url, lambda: fs.cat_file(path), retries))
        if record["bytes"] != stamp.size:
            return None
        return [_entry(e) for e in record["index"]], []
    except (ThfmError, ValueError, KeyError, TypeError):
        return None


def _scanned(shard: str, source: str, size: int, retries: int) -> tuple[list[Entry], list[Damage]]:
    entries, damaged = [], []
    file = RangeFile(fetcher(shard, retries), size)
    try:
        for key, places in scan_tar(file, shard):
            try:
                entries.append(_read_entry(file, shard, key, places))
            except ThfmError as error:
                damaged.append(Damage(source, shard, key, bare(error, shard, key)))
    except ThfmError as error:
        damaged.append(Damage(source, shard, "", bare(error, shard)))
    return entries, damaged


def _read_entry(file: RangeFile, shard: str, key: str, places: Places) -> Entry:
    if META not in places:
        return Entry(key, **foreign_entry(file, shard, key, places))
    start, size = places[META]
    data = file.bytes(start, start + size)
    try:
        header = json.loads(data)
        known = {name: header[name] for name in ("fps", "frames", "height", "width")}
        return _entry({"key": key, "members": places, **known})
    except (ValueError, KeyError, TypeError) as error:
        raise ThfmError(f"{shard}: clip {key}: {META} is damaged ({error}).") from None


def _entry(plain: dict[str, Any]) -> Entry:
    members = {name: (int(start), int(size)) for name, (start, size) in plain["members"].items()}
    sizes = {name: int(plain[name] or 0) for name in ("frames", "height", "width")}
    return Entry(str(plain["key"]), float(plain["fps"]), **sizes, members=members)


def cache_folder() -> Path:
    """Where this user's caches lie: ``$XDG_CACHE_HOME/thfm`` or ``~/.cache/thfm``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "thfm"


def _cached_as(stamp: Stamp) -> Path:
    name = hashlib.sha256(f"{_VERSION} {stamp}".encode()).hexdigest()
    return cache_folder() / "index" / name[:2] / f"{name}.json"


def _from_cache(stamp: Stamp) -> tuple[list[Entry], list[Damage]] | None:
    try:
        plain = json.loads(_cached_as(stamp).read_bytes())
        return [_entry(e) for e in plain], []
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(stamp: Stamp, entries: list[Entry]) -> None:
    if not stamp.version:
        return  # nothing tells when such a file changes
    try:
        write_bytes(_cached_as(stamp), json.dumps([asdict(e) for e in entries]).encode())
    except (OSError, ThfmError):
        return  # a read-only or full home costs another scan, nothing else
