"""The driver: hands out clips, gathers shards, survives interruption. It never imports bpy."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import ray
from rich.console import Console

from synth.cluster import plan, worker
from synth.cluster.board import Board
from synth.cluster.connection import connected, memory_bytes
from synth.cluster.display import Display, spoken
from synth.cluster.plan import ShardPlan
from synth.cluster.worker import Outcome
from synth.config import GenerateConfig, identity
from synth.conventions import ThfmError
from synth.make import clip_spec
from synth.shards import build_manifest, clean_leftovers, storage
from synth.spec.sample import clip_key

_POLL = 0.5  # seconds


@dataclass
class Summary:
    """What a run did and what the data set holds after it.

    Attributes:
        clips, frames: in finished shards.
        rejected: clips that QA turned down for good.
        failed: this run's failures, each {key, reason, log}.
        made: clips rendered by this run; seconds: its duration; stage_seconds: sums over its clips.
        complete: every clip is in a shard or rejected.
        interrupted: the run was asked to stop.
    """

    clips: int = 0
    frames: int = 0
    rejected: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)
    made: int = 0
    seconds: float = 0.0
    stage_seconds: dict[str, float] = field(default_factory=dict)
    complete: bool = False
    interrupted: bool = False


def generate(config: GenerateConfig, out: str, console: Console | None = None) -> Summary:
    """Make the data set of a config under ``out``, or the rest of it.

    Args:
        out: local folder or fsspec URL.
        console: where progress goes; none: standard error.

    Raises:
        ThfmError: no clip can be drawn from the config; ``out`` belongs to another config; the disk is full; Ray cannot
            start; clip after clip fails.
        KeyboardInterrupt: asked to stop a second time.
    """
    console = console or Console(stderr=True)
    start = time.monotonic()
    if "://" not in out:  # workers may stand elsewhere
        out = os.path.abspath(os.path.expanduser(out))
    if config.cluster.address is None:  # what no clip can be drawn from is told at once; elsewhere assets lie elsewhere
        clip_spec(config, 0)
    with plan.alone(out):
        clean_leftovers(out)
        plan.claim(out, config)
        plans = list(plan.shard_plans(config.clips, config.shards.clips_per_shard))
        finished = plan.complete_shards(out, plans)
        summary = Summary()
        if len(finished) < len(plans):
            _fill(config, out, [p for p in plans if p.name not in finished], len(plans), summary, console)
        return _conclude(config, out, len(plans), summary, start)


def _fill(
    config: GenerateConfig, out: str, plans: list[ShardPlan], of: int, summary: Summary, console: Console
) -> None:
    settled = plan.settled_clips(out, config.qa.attempts)
    planned = {key for p in plans for key in p.keys}
    done = config.clips - len(planned - settled.keys())
    if done:
        console.print(
            f"Going on with {out}: {done} of {config.clips} clips are there.", highlight=False, soft_wrap=True
        )
    with connected(config.cluster) as slots, stop_signals() as stop:
        display = Display(console, config.clips, done, config.spec.video.frames)
        with display:
            _Run(config, out, plans, settled, slots, display, summary, stop).go()


def _conclude(config: GenerateConfig, out: str, shards: int, summary: Summary, start: float) -> Summary:
    manifest = build_manifest(out, identity(config), {"versions": plan.versions(), "clips": config.clips})
    summary.clips, summary.frames = manifest["clips"], manifest["frames"]
    kept = {key for shard in manifest["shards"] for key in shard["keys"]}
    summary.rejected = len({r["key"] for r in manifest["rejected"]} - kept)
    summary.complete = summary.clips + summary.rejected == config.clips
    summary.seconds = time.monotonic() - start
    if summary.complete:
        plan.release(out)
    report = json.dumps(asdict(summary), indent=1, sort_keys=True)
    storage.write_bytes(storage.join(out, f"{worker.LOGS}/report.json"), report.encode())
    return summary


class Stop:
    """How often the run has been asked to stop."""

    def __init__(self) -> None:
        self.asked = 0


@contextmanager
def stop_signals() -> Iterator[Stop]:
    """Count SIGINT and SIGTERM instead of dying of the first; the second raises KeyboardInterrupt."""
    stop = Stop()

    def note(*_: object) -> None:
        stop.asked += 1
        if stop.asked > 1:
            raise KeyboardInterrupt

    previous = {s: signal.signal(s, note) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


class _Run:
    """The loop of one run over the shards that are not finished."""

    def __init__(
        self,
        config: GenerateConfig,
        out: str,
        plans: list[ShardPlan],
        settled: dict[str, bool],
        slots: int,
        display: Display,
        summary: Summary,
        stop: Stop,
    ):
        self.config, self.out, self.display, self.summary, self.stop = config, out, display, summary, stop
        cluster = config.cluster
        self.board = ray.remote(num_cpus=0)(Board).remote()
        self.make = ray.remote(
            num_cpus=cluster.cpus_per_worker,
            num_gpus=cluster.gpus_per_worker,
            memory=memory_bytes(cluster),
            max_calls=cluster.clips_per_process,
            max_retries=cluster.retries,
        )(worker.make_and_stage)
        self.assemble = ray.remote(num_cpus=0, max_retries=cluster.retries)(worker.assemble)
        self.config_ref = ray.put(config)
        # A few more than can run keep the workers busy, and memory bounded however many clips there are.
        self.window = slots if cluster.workers else slots + max(2, slots)
        self.clips: dict[Any, int] = {}  # task -> clip index
        self.shards: dict[Any, ShardPlan] = {}  # task -> shard
        self.waiting: dict[str, tuple[ShardPlan, set[int]]] = {}  # shard -> its clips that are not settled
        self.timed_out: set[int] = set()
        self.failures_in_a_row = 0
        self.closed = False
        self.fatal: str | None = None
        self.queue = self._indices(plans, settled)

    def _indices(self, plans: list[ShardPlan], settled: dict[str, bool]) -> Iterator[tuple[int, str]]:
        """Clips to make, in order; shards whose clips are all there are assembled on the way."""
        for shard in plans:
            missing = {i for i in shard.indices if clip_key(i) not in settled}
            self.waiting[shard.name] = (shard, missing)
            self._assemble_if_ready(shard.name)
            for index in sorted(missing):
                yield index, shard.name

    def go(self) -> None:
        """Work until nothing is left or the run is stopped."""
        owner: dict[int, str] = {}
        while True:
            while not self.closed and len(self.clips) < self.window and (following := next(self.queue, None)):
                index, owner[index] = following[0], following[1]
                self.clips[self.make.remote(self.config_ref, index, self.out, self.board)] = index
            pending = [*self.clips, *self.shards]
            if not pending:
                break
            ready, _ = ray.wait(pending, num_returns=1, timeout=_POLL)
            for task in ready:
                if task in self.clips:
                    index = self.clips.pop(task)
                    self._clip_over(self._outcome(task, index), owner.pop(index))
                else:
                    self._shard_over(task)
            self._look()
        if self.failures_in_a_row or self.summary.failed:
            self._write_failures()
        if self.fatal:
            raise ThfmError(self.fatal)

    def _outcome(self, task: Any, index: int) -> Outcome:
        try:
            return ray.get(task)
        except ray.exceptions.RayError as error:
            if index in self.timed_out:
                limit = self.config.cluster.clip_timeout_seconds
                return Outcome(index, "failed", f"it took longer than cluster.clip_timeout_seconds={limit:g}")
            return Outcome(index, "failed", f"its worker process died ({' '.join(str(error).split())[:200]})")

    def _clip_over(self, outcome: Outcome, shard: str) -> None:
        self.board.forget.remote(outcome.index)
        if outcome.kind == "skipped":
            return
        if outcome.kind == "full":
            self._close(f"{outcome.message.rstrip('.')}; {self._resume_hint()}")
            return
        if outcome.kind == "failed":
            self._failed(outcome)
            return
        self.failures_in_a_row = 0
        self.summary.made += 1
        for stage, seconds in outcome.seconds.items():
            self.summary.stage_seconds[stage] = self.summary.stage_seconds.get(stage, 0.0) + seconds
        if outcome.kind == "rejected":
            self.display.rejected += 1
            self.display.say(f"clip {clip_key(outcome.index)} is rejected: {outcome.message}")
        else:
            self.display.kept += 1
        self.waiting[shard][1].discard(outcome.index)
        self._assemble_if_ready(shard)

    def _failed(self, outcome: Outcome) -> None:
        log = worker.log_url(self.out, outcome.index)
        self.summary.failed.append({"key": clip_key(outcome.index), "reason": outcome.message, "log": log})
        self.display.failed += 1
        self.display.say(f"clip {clip_key(outcome.index)} failed: {outcome.message} (log: {log})")
        self.failures_in_a_row += 1
        if self.failures_in_a_row >= self.config.cluster.give_up_after:
            why = f"{self.failures_in_a_row} clips in a row failed, the last so: {outcome.message.rstrip('.')}"
            self._close(f"{why}; see {log}, then run the same command again.")

    def _assemble_if_ready(self, name: str) -> None:
        shard, missing = self.waiting[name]
        if not missing:
            del self.waiting[name]
            self.shards[self.assemble.remote(self.out, name, shard.keys)] = shard

    def _shard_over(self, task: Any) -> None:
        shard = self.shards.pop(task)
        try:
            ray.get(task)
        except ray.exceptions.RayError as error:
            cause = getattr(error, "cause", None) or error
            reason = str(cause) if isinstance(cause, ThfmError) else f"{shard.name} cannot be assembled ({cause})"
            self._close(f"{reason.rstrip('.')}; {self._resume_hint()}")

    def _look(self) -> None:
        """Show progress, stop clips that take too long, and hear the user."""
        running = ray.get(self.board.clips.remote())
        self.display.update(sum(frames for _, frames in running.values()))
        limit = self.config.cluster.clip_timeout_seconds
        for task, index in self.clips.items():
            if limit and index not in self.timed_out and running.get(index, (0.0, 0))[0] > limit:
                self.timed_out.add(index)
                ray.cancel(task, force=True)
        if self.stop.asked and not self.summary.interrupted:
            self.summary.interrupted = True
            self._close(None)
            self.display.say("Stopping: clips at work are finished and kept. Ctrl-C again stops at once.")

    def _close(self, why: str | None) -> None:
        self.fatal = self.fatal or why
        if not self.closed:
            self.closed = True
            ray.get(self.board.close.remote())

    def _resume_hint(self) -> str:
        return "finished clips are kept: run the same command again to go on."

    def _write_failures(self) -> None:
        lines = "".join(json.dumps(f) + "\n" for f in self.summary.failed)
        storage.write_bytes(storage.join(self.out, f"{worker.LOGS}/failed.jsonl"), lines.encode())


def closing_line(summary: Summary, out: str) -> str:
    """One sentence on what a run did."""
    text = f"{out}: {summary.clips} clips, {summary.frames} frames"
    if summary.rejected:
        text += f", {summary.rejected} rejected"
    if summary.failed:
        text += f", {len(summary.failed)} failed"
    if not summary.made:
        return f"{text}. Nothing was left to make." if summary.complete else f"{text}."
    rate = summary.made and summary.seconds / summary.made
    return f"{text}. This run made {summary.made} in {spoken(summary.seconds)} ({rate:.1f} s a clip)."
