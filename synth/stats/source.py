"""Where clips come from: the shards of a data set, finished or not, or shards by name; and what runs wrote of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import Any

from synth.conventions import ThfmError
from synth.shards import finished_shards, read_manifest, shard_urls, storage
from synth.shards.manifest import NAME


@dataclass(frozen=True)
class Source:
    """Shards to read.

    Attributes:
        shards: URLs. clips: how many they hold, where that is known.
        rejected: records of rejected draws. bytes: of all shards, where known. config: that the clips were made by.
        finished: False while a run is still filling the data set.
    """

    shards: Sequence[str]
    clips: int | None = None
    rejected: Sequence[Mapping[str, Any]] = ()
    bytes: int | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    finished: bool = True


def source_of(url: str) -> Source:
    """The source that a root, a shard or a brace pattern names.

    Raises:
        ThfmError: there is nothing.
    """
    url = str(url) if isinstance(url, PathLike) else url
    if url.endswith(".tar"):
        return Source(shard_urls(url))
    root = url.removesuffix(NAME).rstrip("/") or url
    try:
        manifest = read_manifest(root)
        records, rejected, config, finished = manifest["shards"], manifest["rejected"], manifest["config"], True
    except ThfmError as error:
        try:
            records = finished_shards(root)
        except (OSError, ThfmError):
            records = []
        if not records:
            raise error from None
        rejected, config, finished = [r for record in records for r in record["rejected"]], {}, False
    records = [r for r in records if r["clips"]]
    return Source(
        [storage.join(root, r["name"]) for r in records], sum(r["clips"] for r in records), rejected,
        sum(r["bytes"] for r in records), config, finished,
    )  # fmt: skip
