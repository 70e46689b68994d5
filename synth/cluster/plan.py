"""Which clips go where, and which of them are done. The state of a run lives in its files alone."""

from __future__ import annotations

import contextlib
import fcntl
import importlib.metadata
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synth.config import GenerateConfig, first_difference, identity
from synth.conventions import ThfmError
from synth.shards import finished_shards, stage_clip, stage_rejection, staged_keys, storage
from synth.shards.manifest import NAME as MANIFEST
from synth.shards.staging import FOLDER as STAGING
from synth.shards.staging import staged_rejections
from synth.shards.tars import read_tar
from synth.spec.sample import clip_key

_MARK = f"{STAGING}/run.json"
_LIBRARIES = ("thfm", "bpy", "smplx", "av")


@dataclass(frozen=True)
class ShardPlan:
    """Shard ``name`` holds the clips ``indices``, less those that QA rejects."""

    name: str
    indices: range

    @property
    def keys(self) -> list[str]:
        return [clip_key(i) for i in self.indices]


def shard_plans(clips: int, per_shard: int) -> Iterator[ShardPlan]:
    """All shards of a data set, in order; the last may be short."""
    for start in range(0, clips, per_shard):
        yield ShardPlan(shard_of(start, per_shard), range(start, min(start + per_shard, clips)))


def shard_of(index: int, per_shard: int) -> str:
    """Name of the shard that holds a clip."""
    return f"shard-{index // per_shard:06d}"


def versions() -> dict[str, str]:
    """Versions of the libraries that decide what a clip looks like."""
    return {name: importlib.metadata.version(name) for name in _LIBRARIES}


def claim(out: str, config: GenerateConfig) -> None:
    """Take ``out`` for a data set of this config, or for the rest of one.

    Raises:
        ThfmError: ``out`` holds clips of another config or other versions; names the first difference.
    """
    mark = {"config": identity(config), "versions": versions(), "clips": config.clips}
    if finished_shards(out) or staged_keys(out) or staged_rejections(out):
        old = _previous(out)
        if old is None:
            raise ThfmError(f"{out} holds clips but not the config that made them: choose another --out.")
        found = first_difference(old["config"], mark["config"])
        if found:
            key, was, now = found
            raise ThfmError(
                f"{out} was made with {key}={json.dumps(was)}, not {json.dumps(now)}: "
                f"set {key} back to go on with it, or choose another --out."
            )
        found = first_difference(old["versions"], mark["versions"])
        if found:
            name, was, now = found
            raise ThfmError(
                f"{out} was made with {name} {was}, not {now}: install that version, or choose another --out."
            )
        if config.clips < old["clips"]:
            raise ThfmError(
                f"{out} was made with clips={old['clips']}, which can grow but not shrink to {config.clips}: "
                "choose another --out."
            )
    storage.write_bytes(storage.join(out, _MARK), json.dumps(mark, sort_keys=True).encode())


def _previous(out: str) -> dict[str, Any] | None:
    """The mark of the run that began ``out``, or what its manifest says of it."""
    if _MARK.split("/")[1] in storage.names(storage.join(out, STAGING)):
        return json.loads(storage.read_bytes(storage.join(out, _MARK)))
    if MANIFEST in storage.names(out):
        manifest = json.loads(storage.read_bytes(storage.join(out, MANIFEST)))
        return {"config": manifest["config"], **manifest["about"]}
    return None


def release(out: str) -> None:
    """Drop all that a complete data set no longer needs."""
    folder = storage.join(out, STAGING)
    for name in storage.names(folder):
        storage.remove(storage.join(folder, name))
    storage.remove_empty_folder(folder)


def complete_shards(out: str, plans: list[ShardPlan]) -> dict[str, dict[str, Any]]:
    """Records of the shards that are finished as planned, by name.

    A finished shard that was short and now has more clips to hold is taken apart: its clips are staged again.
    """
    records = {r["name"].removesuffix(".tar"): r for r in finished_shards(out)}
    done = {}
    for plan in plans:
        record = records.get(plan.name)
        if record is None:
            continue
        if set(record["keys"]) | {r["key"] for r in record["rejected"]} == set(plan.keys):
            done[plan.name] = record
        else:
            _take_apart(out, record)
    return done


def _take_apart(out: str, record: dict[str, Any]) -> None:
    for rejection in record["rejected"]:
        stage_rejection(out, rejection["key"], rejection["attempt"], rejection)
    url = storage.join(out, record["name"])
    if record["clips"]:
        with storage.opened(url) as file:
            for key, members in read_tar(file, url):
                stage_clip(out, key, members)
    # The manifest goes first: it must never promise a shard that is not there.
    storage.remove(storage.join(out, MANIFEST))
    storage.remove(url.removesuffix(".tar") + ".json")


def settled_clips(out: str, attempts: int) -> dict[str, bool]:
    """Keys of the clips that wait for their shard: True for a finished clip, False for one rejected for good."""
    rejections = Counter(r["key"] for r in staged_rejections(out))
    finished = staged_keys(out)
    return {key: False for key, n in rejections.items() if n >= attempts} | dict.fromkeys(sorted(finished), True)


@contextlib.contextmanager
def reached(out: str) -> Iterator[None]:
    """Errors of a remote storage's own become a ThfmError."""
    try:
        yield
    except ThfmError:
        raise
    except Exception as error:
        if "://" not in out:
            raise
        raise ThfmError(
            f"{out} cannot be reached ({type(error).__name__}: {error}): check the URL, the network and your keys."
        ) from error


def absolute(url: str) -> str:
    """A local path as workers find it who stand elsewhere; other URLs as they are."""
    return url.rstrip("/") if "://" in url else os.path.abspath(os.path.expanduser(url))


@contextlib.contextmanager
def alone(out: str) -> Iterator[None]:
    """Keep a second run out of a local ``out`` while this one is at work."""
    if "://" in out:
        yield
        return
    folder = Path(out, STAGING)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = open(folder / ".lock", "w")  # noqa: SIM115 -- held for the block
    except OSError as error:
        raise ThfmError(f"{out} cannot be written ({error.strerror}): choose another --out.") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ThfmError(f"another run is writing to {out}: wait for it, or choose another --out.") from None
        yield
