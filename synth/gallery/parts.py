"""What a gallery is made of: shards, clips that wait for theirs, and draws that were turned down."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from synth.conventions import ThfmError
from synth.shards import Clip, finished_shards, read_clips, read_manifest, shard_urls, staged_keys, storage
from synth.shards.manifest import NAME
from synth.shards.staging import FOLDER, staged_rejections
from synth.shards.tars import scan_tar

_RUN = "run.json"  # the settings of a run that has not ended


@dataclass(frozen=True)
class Part:
    """A tar of clips.

    Attributes:
        name: safe as a file's name. url: of the tar. mark: another one for other contents.
        index: key -> member -> (first byte, size), where the data set tells. colour: whether its clips may have one.
        keys: of the clips that it should hold, where the data set tells.
    """

    name: str
    url: str
    mark: str
    index: Mapping[str, Mapping[str, tuple[int, int]]] = field(default_factory=dict)
    colour: bool = True
    keys: Sequence[str] = ()


@dataclass(frozen=True)
class Listing:
    """What there is of a data set at one moment.

    Attributes:
        title, url: of the data set. parts: its clips. rejected: records of rejected draws.
        config: that the clips are made by; empty if unknown. finished: no run is filling it any more.
        faults: what of it could not be read, one line each.
    """

    title: str
    url: str
    parts: Sequence[Part]
    rejected: Sequence[Mapping[str, Any]] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    finished: bool = True
    faults: Sequence[str] = ()


def listing(url: str) -> Listing:
    """Look what a root (also of a run that has not ended), a shard or a brace pattern holds.

    Raises:
        ThfmError: nothing is there.
    """
    url = str(url)
    title = url.rstrip("/").rsplit("/", 1)[-1] or url
    if url.endswith(".tar"):
        return Listing(title, url, [_bare(one) for one in shard_urls(url)])
    root = url.removesuffix(NAME).rstrip("/") or url
    manifest, missing, faults = {}, None, []
    try:
        manifest = read_manifest(root)
    except ThfmError as error:
        missing = error
    try:
        records = finished_shards(root)
        waiting = [] if manifest else sorted(staged_keys(root))
    except (OSError, ThfmError) as error:
        records, waiting, faults = [], [], [] if missing else [" ".join(str(error).split())]
    parts = [_of_record(root, r) for r in records or manifest.get("shards", ()) if r["clips"]]
    held = {key for r in records for key in r["keys"]}
    parts += [_staged(root, key) for key in waiting if key not in held]
    run = {} if manifest else _run(root)
    if missing is not None and not parts and not run:
        raise missing
    # Those of the shards hold pictures, too.
    rejected = [x for r in records for x in r["rejected"]] or manifest.get("rejected", [])
    if not manifest:
        with suppress(OSError, ValueError):  # a file may be gone by the time that it is read
            rejected = [*rejected, *staged_rejections(root)]
    config = manifest.get("config") or run.get("config", {})
    return Listing(title, url, parts, rejected, config, bool(manifest), faults)


def _of_record(root: str, record: Mapping[str, Any]) -> Part:
    index = {e["key"]: {m: tuple(p) for m, p in e["members"].items()} for e in record.get("index", ())}
    name = record["name"].removesuffix(".tar")
    fields = record.get("fields") or ("rgb",)
    url, keys = storage.join(root, record["name"]), tuple(record.get("keys") or ())
    return Part(name, url, str(record["sha256"]), index, "rgb" in fields, keys)


def _staged(root: str, key: str) -> Part:
    part = _bare(storage.join(root, f"{FOLDER}/{key}.tar"))
    return Part(f"staged-{key}", part.url, part.mark)


def _bare(url: str) -> Part:
    fs, path = storage.locate(url)
    try:
        size = fs.size(path)
    except OSError as error:
        raise ThfmError(f"{url} cannot be read ({error}): check the path.") from None
    return Part(url.rsplit("/", 1)[-1].removesuffix(".tar"), url, f"{size} bytes")


def _run(root: str) -> dict[str, Any]:
    try:
        return json.loads(storage.read_bytes(storage.join(root, f"{FOLDER}/{_RUN}")))
    except (ThfmError, ValueError, OSError):
        return {}


def clip_of(part: Part, key: str) -> Clip:
    """One clip of a part, by reading its bytes alone where the data set tells where they lie.

    Raises:
        ThfmError: it is not there, or damaged.
    """
    with storage.opened(part.url) as file:
        places = part.index.get(key)
        if places is None:
            places = dict(scan_tar(file, part.url)).get(key)
        if places is None:
            raise ThfmError(f"{part.url} holds no clip {key}: open the gallery anew.")
        members = {}
        for name, (first, size) in places.items():
            file.seek(first)
            members[name] = file.read(size)
    return Clip(key, members, part.url)


def clips_of(part: Part, fields: Sequence[str]):
    """All clips of a part with ``fields`` alone, in order."""
    return read_clips(part.url, fields)
