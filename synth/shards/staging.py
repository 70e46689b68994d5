"""Finished clips waiting for their shard, one file a clip under ``<root>/.staging/``, so that a run can be resumed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from synth.conventions import ThfmError
from synth.shards import storage
from synth.shards.codecs import to_json
from synth.shards.schema import check_key
from synth.shards.tars import Members, read_tar, write_tar

FOLDER = ".staging"


def _staging(root: object) -> str:
    return storage.join(root, FOLDER)


def _clip_url(root: object, key: str) -> str:
    return storage.join(_staging(root), f"{check_key(key)}.tar")


def stage_clip(root: object, key: str, members: Mapping[str, bytes]) -> None:
    """Keep an encoded clip until its shard is assembled. Staging it again replaces it."""
    with storage.written(_clip_url(root, key)) as file:
        write_tar(file, [(key, members)])


def stage_rejection(root: object, key: str, attempt: int, record: Mapping[str, Any]) -> None:
    """Keep the reasons and spec of a rejected attempt at a clip; ``record`` is JSON-able."""
    data = to_json({**record, "key": key, "attempt": attempt}, f"the rejection of clip {key}")
    storage.write_bytes(storage.join(_staging(root), f"{check_key(key)}.rejected-{attempt}.json"), data)


def staged_keys(root: object) -> set[str]:
    """Keys of the clips that are staged (without rejections)."""
    return {n.removesuffix(".tar") for n in storage.names(_staging(root)) if n.endswith(".tar")}


def staged_rejections(root: object, keys: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Records of rejected attempts, by key in the order of ``keys`` (None: all, sorted), then by attempt."""
    folder, order = _staging(root), {k: i for i, k in enumerate(keys or ())}
    found = [n for n in storage.names(folder) if ".rejected-" in n and (keys is None or n.split(".")[0] in order)]
    records = [json.loads(storage.read_bytes(storage.join(folder, n))) for n in found]
    return sorted(records, key=lambda r: (order.get(r["key"], 0), r["key"], r["attempt"]))


def staged_clips(
    root: object, keys: Sequence[str] | None = None, skip: Collection[str] = ()
) -> Iterator[tuple[str, Members]]:
    """Yield (key, members) of staged clips in the order of ``keys`` (None: all, sorted), reading one at a time.

    Raises ThfmError for a key that is not staged, unless it is in ``skip``.
    """
    there = staged_keys(root)
    for key in sorted(there) if keys is None else keys:
        if key in there:
            url = _clip_url(root, key)
            with storage.opened(url) as file:
                yield from read_tar(file, url)
        elif key not in skip:
            raise ThfmError(f"Clip {key} is not staged under {_staging(root)}: generate it before its shard.")


def unstage(root: object, keys: Sequence[str]) -> None:
    """Drop the staged clips and rejections of ``keys``; drop the folder when it is empty."""
    folder, wanted = _staging(root), set(keys)
    for name in storage.names(folder):
        if name.split(".")[0] in wanted:
            storage.remove(storage.join(folder, name))
    storage.remove_empty_folder(folder)


def clean_leftovers(root: object) -> list[str]:
    """Remove temporary files of killed runs; return their names. Call it before any writer starts."""
    return storage.remove_leftovers(root) + storage.remove_leftovers(_staging(root))
