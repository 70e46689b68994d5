"""Format and integrity of a data set: checksums, members, shapes, ranges. What labels mean is for ``qa`` to check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np

from synth.conventions import PART_NAMES, SEMANTIC_NAMES, ThfmError, Visibility
from synth.shards import storage
from synth.shards.clip import Clip
from synth.shards.manifest import read_manifest
from synth.shards.reader import Urls, shard_urls
from synth.shards.schema import FIELDS, META, shape_fault
from synth.shards.tars import read_tar


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong; ``str`` gives one line. ``key`` and ``field`` are empty where the shard as a whole is
    meant."""

    shard: str
    key: str
    field: str
    problem: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.shard, self.key, self.field, self.problem) if part)


def verify(url: Urls) -> Iterator[Fault]:
    """Yield every fault of a data set root, a shard, or several; nothing if all is well.

    With a root, the manifest is checked too: sha256 and sizes, keys, missing and stray shards.
    """
    url = str(url) if isinstance(url, PathLike) else url
    if not isinstance(url, str) or url.endswith(".tar"):
        for shard in shard_urls(url):
            yield from verify_shard(shard)
        return
    try:
        manifest = read_manifest(url)
    except ThfmError as error:
        yield Fault(url, "", "", str(error))
        return
    listed = {s["name"] for s in manifest["shards"]}
    for name in storage.names(url):
        if name.endswith(".tar") and name not in listed:
            yield Fault(storage.join(url, name), "", "", "is not in the manifest")
    seen: set[str] = set()
    for shard in manifest["shards"]:
        yield from verify_shard(storage.join(url, shard["name"]), shard, manifest["fields"])
        for key in sorted(seen & set(shard["keys"])):
            yield Fault(storage.join(url, shard["name"]), key, "", "is in an earlier shard too")
        seen |= set(shard["keys"])


def verify_shard(url: str, listed: Mapping[str, Any] | None = None, fields: list[str] | None = None) -> Iterator[Fault]:
    """Yield the faults of one shard.

    Args:
        url: the shard.
        listed: its entry in the manifest, if there is one.
        fields: the fields that every clip must hold; None asks for those of the first clip.
    """
    keys: list[str] = []
    try:
        with storage.opened(url) as file:
            if listed and storage.sha256_of(file) != listed["sha256"]:
                yield Fault(url, "", "", "sha256 differs from the manifest")
            file.seek(0)
            for key, members in read_tar(file, url):
                if key in keys:
                    yield Fault(url, key, "", "comes twice")
                keys.append(key)
                fields = fields or [name for name, f in FIELDS.items() if f.member in members]
                yield from verify_members(url, key, members, fields)
    except ThfmError as error:
        yield Fault(url, keys[-1] if keys else "", "", str(error).removeprefix(f"{url} "))
    if listed and keys != listed["keys"]:
        for key in [k for k in listed["keys"] if k not in keys]:
            yield Fault(url, key, "", "is in the manifest, not in the shard")
        for key in [k for k in keys if k not in listed["keys"]]:
            yield Fault(url, key, "", "is in the shard, not in the manifest")
        if sorted(keys) == sorted(listed["keys"]):
            yield Fault(url, "", "", "clips are not in the order of the manifest")


def verify_members(url: str, key: str, members: Mapping[str, bytes], fields: list[str]) -> Iterator[Fault]:
    """Yield the faults of one clip, given the bytes of its members and the fields that it must hold."""
    known = {META, *(f.member for f in FIELDS.values())}
    for name in sorted(set(members) - known):
        yield Fault(url, key, name, "is no member of the format")
    for name in fields:
        if FIELDS[name].member not in members:
            yield Fault(url, key, name, "is missing")
    try:
        clip = Clip(key, members, url)
    except ThfmError as error:
        yield Fault(url, key, "meta", _bare(error, url, key))
        return
    if clip.header.get("key") != key:
        yield Fault(url, key, "meta", f"says that it belongs to clip {clip.header.get('key')}")
    axes = {"T": clip.num_frames, "H": clip.height, "W": clip.width, "P": clip.num_people}
    sizes = {axis: size for axis, size in axes.items() if size is not None}
    for name in clip.fields():
        try:
            value = clip.frames(name)
        except ThfmError as error:
            yield Fault(url, key, name, _bare(error, url, key, f"field {name} "))
            continue
        problem = _people_fault(value, sizes) if name == "smplx" else _array_fault(name, value, sizes)
        if problem:
            yield Fault(url, key, name, problem)


def _bare(error: ThfmError, url: str, key: str, more: str = "") -> str:
    return str(error).removeprefix(f"{url}: clip {key}: ").removeprefix(more)


def _array_fault(name: str, array: np.ndarray, sizes: dict[str, int]) -> str | None:
    fault = shape_fault(FIELDS[name], array.shape, array.dtype, sizes)
    if fault:
        return fault
    limit = {
        "parts": len(PART_NAMES) - 1,
        "semantics": len(SEMANTIC_NAMES) - 1,
        "instances": sizes.get("P", 255),
        "visibility": sum(Visibility),
    }.get(name)
    if limit is not None and array.size and array.max() > limit:
        return f"holds the value {array.max()}, above {limit}"
    # What lies behind the camera has no place in the picture.
    wrong = np.isinf(array) if name == "keypoints2d" else ~np.isfinite(array)
    if FIELDS[name].codec == "npy" and wrong.any():
        return "holds infinity" if name == "keypoints2d" else "holds NaN or infinity"
    return None


def _people_fault(people: list[dict[str, Any]], sizes: dict[str, int]) -> str | None:
    for number, person in enumerate(people, 1):
        if not person:
            return f"person {number} has no arrays"
        for name, array in person.items():
            if not isinstance(array, str) and array.dtype.kind == "f" and not np.isfinite(array).all():
                return f"array {number}.{name} holds NaN or infinity"
    return None
