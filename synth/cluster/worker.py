"""What runs in a Ray worker: one clip from its index to its staged file, or one shard from its clips."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from synth.cluster.job import Job
from synth.cluster.outcome import Outcome, disk_is_full
from synth.cluster.places import memory_bytes
from synth.cluster.renderer import Died, Renderer, TooSlow
from synth.config import GenerateConfig
from synth.shards import assemble_shard, patiently, storage
from synth.spec.sample import clip_key

LOGS = "logs"


def log_url(out: str, index: int) -> str:
    """Where the renderer's log of a clip is kept."""
    return storage.join(out, f"{LOGS}/{clip_key(index)}.log")


def write_report(out: str, name: str, text: str) -> None:
    """A file beside the logs, if it can be written: a run is worth more than what is said of it."""
    with contextlib.suppress(Exception):
        storage.write_bytes(storage.join(out, f"{LOGS}/{name}"), text.encode())


def may_start(method: Any, index: int) -> bool:
    """Tell the board, by its ``start`` or ``draw``, that clip ``index`` begins; False if the run is being stopped.

    A task that blocks in ``ray.get`` gives its CPU away meanwhile, and Ray would start another clip on it; waiting on
    the future of the reference keeps it.
    """
    from ray.exceptions import RayError

    try:
        return method.remote(index).future().result()
    except RayError:  # its node was lost: another board is on its way
        return True


@functools.lru_cache(maxsize=1)
def _renderer(clips: int, memory: int | None) -> Renderer:
    """The one renderer of this worker."""
    return Renderer(clips, memory)


def draw_ahead(config: GenerateConfig, index: int, out: str, assets: str | None, board: Any) -> Outcome:
    """Draw clip ``index`` for the worker that is to make it, which then renders at once. Arguments and outcome as of
    ``make_and_stage``; if it is not drawn, it is over."""
    if not may_start(board.draw, index):
        return Outcome(index, "skipped")
    outcome = _outcome(config, index, out, board, assets=assets, ahead=True)
    board.drawn.remote(index)
    return outcome


def make_and_stage(
    config: GenerateConfig, index: int, out: str, source: str | None, assets: str | None, board: Any,
    drawn: Outcome | None,
) -> Outcome:  # fmt: skip
    """Make clip ``index`` and stage it, or what QA has against it. Never raises: a failure is an outcome.

    The arguments are those of a ``Job``; ``board`` is where to report; ``drawn`` is what came of ``draw_ahead``, if
    that was asked for.
    """
    if not may_start(board.start, index):
        return Outcome(index, "skipped")
    if drawn is None:
        return _outcome(config, index, out, board, source=source, assets=assets)
    if drawn.kind != "drawn":
        return drawn
    outcome = _outcome(config, index, out, board, assets=assets, draw=drawn.draw)
    return dataclasses.replace(outcome, ahead_seconds=drawn.busy_seconds, starts=(*drawn.starts, *outcome.starts))


def _outcome(config: GenerateConfig, index: int, out: str, board: Any, **job: Any) -> Outcome:
    try:
        with log_folder(out, index, config.cluster.storage_patience_seconds) as logs:
            return _run(Job(config, index, out, logs, **job), board)
    except OSError as error:
        if not disk_is_full(error):
            raise
        return Outcome(index, "full", f"the disk is full ({error}): free some space")


def _run(job: Job, board: Any) -> Outcome:
    cluster = job.config.cluster
    renderer, begun = _renderer(cluster.clips_per_process, memory_bytes(cluster)), time.monotonic()
    try:
        outcome = renderer.run(job, cluster.clip_timeout_seconds, lambda frames: board.frame.remote(job.index, frames))
        starts = (renderer.start_seconds,) if renderer.start_seconds else ()
        return dataclasses.replace(outcome, busy_seconds=time.monotonic() - begun - sum(starts), starts=starts)
    except TooSlow:
        message = f"it took longer than cluster.clip_timeout_seconds={cluster.clip_timeout_seconds:g}"
        outcome = Outcome(job.index, "failed", message)
    except Died as error:
        outcome = Outcome(job.index, "died", str(error))
    with contextlib.suppress(OSError), open(job.log, "a") as log:
        log.write(f"\n{outcome.message}\n")
    return outcome


@contextlib.contextmanager
def log_folder(out: str, index: int, patience: float) -> Iterator[Path]:
    """The folder of logs; for a remote ``out``, a local one whose log is sent there afterwards, tried for ``patience``
    seconds."""
    if "://" not in out:
        folder = Path(out, LOGS)
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="thfm-logs-") as name:
        yield Path(name)
        log = Path(name, f"{clip_key(index)}.log")
        if log.is_file() and log.stat().st_size:
            with contextlib.suppress(Exception):  # no clip is lost for its log
                patiently(patience, storage.write_bytes, log_url(out, index), log.read_bytes())


def assemble(out: str, name: str, keys: list[str], patience: float) -> dict[str, Any]:
    """Make shard ``name`` of the staged clips ``keys``; returns its record."""
    return patiently(patience, assemble_shard, out, name, keys)
