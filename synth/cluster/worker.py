"""What runs in a worker process: one clip from its index to its staged file, or one shard from its clips."""

from __future__ import annotations

import contextlib
import errno
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from synth.config import GenerateConfig
from synth.conventions import ClipRejected, ThfmError
from synth.shards import assemble_shard, encode_clip, stage_clip, stage_rejection, storage
from synth.spec.sample import clip_key

LOGS = "logs"


@dataclass(frozen=True)
class Outcome:
    """How a clip ended.

    Attributes:
        kind: kept; rejected by QA; failed; skipped, because the run is being stopped; full, for lack of disk space.
        message: why it was not kept.
        rejected_attempts: draws of this clip that QA turned down.
        seconds: stage -> seconds.
    """

    index: int
    kind: Literal["kept", "rejected", "failed", "skipped", "full"]
    message: str = ""
    rejected_attempts: int = 0
    seconds: dict[str, float] = field(default_factory=dict)


def log_url(out: str, index: int) -> str:
    """Where the renderer's log of a clip is kept."""
    return storage.join(out, f"{LOGS}/{clip_key(index)}.log")


def may_start(board: Any, index: int) -> bool:
    """Tell the board that clip ``index`` begins; False if the run is being stopped.

    A task that blocks in ``ray.get`` gives its CPU away meanwhile, and Ray would start another clip on it; waiting on
    the future of the reference keeps it.
    """
    return board.start.remote(index).future().result()


def make_and_stage(config: GenerateConfig, index: int, out: str, board: Any) -> Outcome:
    """Make clip ``index`` and stage it, or what QA has against it. Never raises: a failure is an outcome."""
    if not may_start(board, index):
        return Outcome(index, "skipped")
    with _log_folder(out, index) as logs:
        try:
            return _make(config, index, out, logs, board)
        except Exception as error:
            with open(logs / f"{clip_key(index)}.log", "a") as log:
                log.write(traceback.format_exc())
            if _disk_is_full(error):
                full = error if isinstance(error, ThfmError) else f"the disk is full ({error}): free some space"
                return Outcome(index, "full", str(full))
            message = str(error) if isinstance(error, ThfmError) else f"{type(error).__name__}: {error}"
            return Outcome(index, "failed", message)


def _make(config: GenerateConfig, index: int, out: str, logs: Path, board: Any) -> Outcome:
    from synth.make import make_clip  # here, not above: the driver imports this file and must not load the renderer

    key = clip_key(index)
    try:
        clip, rejected = make_clip(config, index, logs, _reporter(board, index, config.render.colour))
    except ClipRejected as error:
        for record in error.attempts:
            stage_rejection(out, key, record["attempt"], record)
        return Outcome(index, "rejected", str(error), rejected_attempts=len(error.attempts))
    start = time.perf_counter()
    arrays = {k: v for k, v in clip.fields.items() if k not in ("key", "fps", "meta")}
    members = encode_clip(key, clip.fields["fps"], arrays, clip.fields["meta"])
    # Rejections first: the clip's own file says that nothing more is to come.
    for record in rejected:
        stage_rejection(out, key, record["attempt"], record)
    stage_clip(out, key, members)
    seconds = {**clip.seconds, "encoding": time.perf_counter() - start}
    return Outcome(index, "kept", rejected_attempts=len(rejected), seconds=seconds)


def _reporter(board: Any, index: int, colour: bool) -> Callable[[str, int], None]:
    longest = "colour" if colour else "labels"
    last = time.monotonic()

    def report(stage: str, frames: int) -> None:
        nonlocal last
        if stage == longest and time.monotonic() - last > 0.3:
            last = time.monotonic()
            board.frame.remote(index, frames)

    return report


def _disk_is_full(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        error = error.__cause__ or error.__context__
    return False


@contextlib.contextmanager
def _log_folder(out: str, index: int) -> Iterator[Path]:
    """The folder of logs; for a remote ``out``, a local one whose log is sent there afterwards."""
    if "://" not in out:
        folder = Path(out, LOGS)
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="thfm-logs-") as name:
        yield Path(name)
        log = Path(name, f"{clip_key(index)}.log")
        if log.is_file():
            storage.write_bytes(log_url(out, index), log.read_bytes())


def assemble(out: str, name: str, keys: list[str]) -> dict[str, Any]:
    """Make shard ``name`` of the staged clips ``keys``; returns its record."""
    return assemble_shard(out, name, keys)
