"""The loop of one run: hands out clips, tries those again whose process or machine was lost, gathers shards."""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import ray

from synth.cluster import worker
from synth.cluster.board import Board
from synth.cluster.connection import address_of
from synth.cluster.display import Display
from synth.cluster.job import assets_of
from synth.cluster.metrics import Metrics
from synth.cluster.outcome import Outcome
from synth.cluster.places import ahead_cpus, memory_bytes, next_place, options, places_now, total
from synth.cluster.plan import ShardPlan
from synth.cluster.progress import Progress
from synth.cluster.stop import Stop
from synth.cluster.summary import Summary
from synth.config import GenerateConfig
from synth.conventions import ThfmError
from synth.spec.sample import clip_key

_POLL = 0.5  # seconds
_BOARD = 5.0  # seconds to wait for the board, which may have to be made anew
_SILENT = 60.0  # seconds in which a clip that was handed out should have begun somewhere
_LOST_NODES = 20  # machines that a clip may lose under it, which is rarely its fault


_LOST = (
    ray.exceptions.NodeDiedError,
    ray.exceptions.ObjectLostError,  # the draw of a clip was on a machine that is gone
    ray.exceptions.TaskUnschedulableError,
)


def _gone(index: int, error: ray.exceptions.RayError) -> Outcome:
    """Of a clip that was lost with what made it, or drew it."""
    if isinstance(error, ray.exceptions.TaskCancelledError):
        return Outcome(index, "skipped")
    if isinstance(error, _LOST):
        return Outcome(index, "lost", "its machine was lost")
    return Outcome(index, "died", f"its worker process died ({' '.join(str(error).split())[:200]})")


class Run:
    """One run over the shards that are not finished."""

    def __init__(
        self,
        config: GenerateConfig,
        out: str,
        source: str | None,
        plans: list[ShardPlan],
        settled: dict[str, bool],
        progress: Progress,
        display: Display,
        summary: Summary,
        stop: Stop,
    ):
        self.config, self.out, self.source, self.summary, self.stop = config, out, source, summary, stop
        self.progress, self.display, self.metrics = progress, display, Metrics(out)
        cluster = config.cluster
        # Near the driver, which is seldom on a machine that may vanish; if it does, a new one takes its place.
        near = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            ray.get_runtime_context().get_node_id(), soft=True
        )
        self.board = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1, scheduling_strategy=near)(
            Board
        ).remote()
        self.make = ray.remote(
            num_cpus=cluster.cpus_per_worker,
            num_gpus=cluster.gpus_per_worker,
            memory=memory_bytes(cluster),
            max_calls=0,  # the worker renews its own process
            max_retries=0,  # so that every try is known here
        )(worker.make_and_stage)
        # By CPUs that no clip has taken, where there are some: a GPU need not wait for the geometry of its next clip.
        self.draw = ray.remote(
            num_cpus=ahead_cpus(cluster.cpus_per_worker), memory=memory_bytes(cluster), max_retries=0
        )(worker.draw_ahead)
        self.ahead: deque[tuple[int, Any]] = deque()  # clips that are drawn, or being drawn, and have no place yet
        self.assemble = ray.remote(num_cpus=0, max_retries=_LOST_NODES)(worker.assemble)
        self.config_ref = ray.put(config)
        self.assets = None
        if address_of(cluster):
            with contextlib.suppress(OSError):  # a driver without assets has nothing to compare
                self.assets = assets_of(config)
        self.places = places_now(cluster)
        self.clips: dict[Any, int] = {}  # task -> clip index
        self.taken: dict[Any, str] = {}  # task -> its place
        self.shards: dict[Any, ShardPlan] = {}  # task -> shard
        self.waiting: dict[str, tuple[ShardPlan, set[int]]] = {}  # shard -> its clips that are not settled
        self.owner: dict[int, str] = {}  # clip at work -> its shard
        self.died: Counter[int] = Counter()  # clip -> processes that it cost
        self.lost: Counter[int] = Counter()  # clip -> machines that vanished under it
        self.failures_in_a_row = 0
        self.began = self.heard = time.monotonic()
        self.closed = self.cancelled = False
        self.fatal: str | None = None
        self.queue = self._indices(plans, settled)

    def _indices(self, plans: list[ShardPlan], settled: dict[str, bool]) -> Iterator[int]:
        """Clips to make, in order; shards whose clips are all there are assembled on the way."""
        for shard in plans:
            missing = {i for i in shard.indices if clip_key(i) not in settled}
            self.waiting[shard.name] = (shard, missing)
            self._assemble_if_ready(shard.name)
            for index in sorted(missing):
                self.owner[index] = shard.name
                yield index

    def go(self) -> None:
        """Work until nothing is left or the run is stopped."""
        while True:
            self._hand_out()
            pending = [*self.clips, *self.shards]
            if not pending:
                break
            ready, _ = ray.wait(pending, num_returns=1, timeout=_POLL)
            for task in ready:
                if task in self.clips:
                    index, _ = self.clips.pop(task), self.taken.pop(task)
                    self._clip_over(self._outcome(task, index))
                else:
                    self._shard_over(task)
            self._look()
        self._show(0)
        self.summary.reasons = dict(self.progress.reasons)
        if self.summary.failed:
            lines = "".join(json.dumps(f) + "\n" for f in self.summary.failed)
            worker.write_report(self.out, "failed.jsonl", lines)
        if self.fatal:
            worker.write_report(self.out, "report.json", json.dumps(asdict(self.summary), indent=1, sort_keys=True))
            raise ThfmError(self.fatal)

    def _hand_out(self) -> None:
        """Ask for as many clips as the machines can make, and for the draws of as many that come next."""
        cluster = self.config.cluster
        while not self.closed and (place := next_place(self.places, Counter(self.taken.values()), cluster)) is not None:
            clip = self.ahead.popleft() if self.ahead else self._drawn()
            if clip is None:
                return
            make = self.make.options(**options(place))
            task = make.remote(self.config_ref, clip[0], self.out, self.source, self.assets, self.board, clip[1])
            self.clips[task], self.taken[task] = clip[0], place
        slots = total(self.places, cluster)
        while not self.closed and len(self.ahead) < min(slots, 2 * slots - len(self.clips)):
            clip = self._drawn()
            if clip is None:
                return
            self.ahead.append(clip)

    def _drawn(self) -> tuple[int, Any] | None:
        """The next clip and its draw to come; labels that are made anew take little, and are drawn where they are."""
        index = next(self.queue, None)
        if index is None:
            return None
        if self.source is not None:
            return index, None
        return index, self.draw.remote(self.config_ref, index, self.out, self.assets, self.board)

    def _outcome(self, task: Any, index: int) -> Outcome:
        try:
            return ray.get(task)
        except ray.exceptions.RayError as error:
            cause = getattr(error, "cause", None)
            if isinstance(error, ray.exceptions.RayTaskError) and not isinstance(cause, ray.exceptions.RayError):
                # An error of ours, or storage that was away for too long.
                return Outcome(index, "failed", f"{type(cause).__name__}: {cause}")
            return _gone(index, cause if isinstance(cause, ray.exceptions.RayError) else error)

    def _clip_over(self, outcome: Outcome) -> None:
        index = outcome.index
        self.board.forget.remote(index)
        if outcome.kind == "skipped":
            return
        self.heard = time.monotonic()
        if outcome.kind == "full":
            self._close(f"{outcome.message.rstrip('.')}; {self._resume_hint()}")
            return
        if outcome.kind in ("died", "lost"):
            self._try_again(outcome)
            return
        if outcome.kind == "failed":
            self._failed(index, outcome.message)
            return
        self.failures_in_a_row = 0
        self.progress.note_rejections(outcome.reasons)
        self.summary.made += 1
        self.summary.bytes += outcome.bytes
        self.summary.clip_seconds.append(round(outcome.busy_seconds, 3))
        self.summary.ahead_seconds.append(round(outcome.ahead_seconds, 3))
        self.summary.starts += len(outcome.starts)
        self.summary.start_seconds += sum(outcome.starts)
        self.summary.working_seconds = time.monotonic() - self.began
        for stage, seconds in outcome.seconds.items():
            self.summary.stage_seconds[stage] = self.summary.stage_seconds.get(stage, 0.0) + seconds
        if outcome.kind == "rejected":
            self.progress.rejected += 1
            self.display.say(f"clip {clip_key(index)} is rejected: {outcome.message}")
        else:
            self.progress.kept += 1
        name = self.owner.pop(index)
        self.waiting[name][1].discard(index)
        self._assemble_if_ready(name)

    def _try_again(self, outcome: Outcome) -> None:
        index, lost = outcome.index, outcome.kind == "lost"
        tries, most = (self.lost, _LOST_NODES) if lost else (self.died, self.config.cluster.retries)
        tries[index] += 1
        if tries[index] > most:
            often = f" on each of {tries[index]} tries" if most else ""
            self._failed(index, f"{outcome.message}{often}")
            return
        self.summary.tried_again.append({"key": clip_key(index), "reason": outcome.message})
        self.display.say(f"clip {clip_key(index)} is to be tried again: {outcome.message}")
        self.queue = itertools.chain([index], self.queue)

    def _failed(self, index: int, reason: str) -> None:
        log = worker.log_url(self.out, index)
        self.summary.failed.append({"key": clip_key(index), "reason": reason, "log": log})
        self.progress.failed += 1
        self.display.say(f"clip {clip_key(index)} failed: {reason} (log: {log})")
        self.failures_in_a_row += 1
        if self.failures_in_a_row >= self.config.cluster.give_up_after:
            why = f"{self.failures_in_a_row} clips in a row failed, the last so: {reason.rstrip('.')}"
            self._close(f"{why}; see {log}, then run the same command again.")

    def _assemble_if_ready(self, name: str) -> None:
        shard, missing = self.waiting[name]
        if not missing:
            del self.waiting[name]
            patience = self.config.cluster.storage_patience_seconds
            self.shards[self.assemble.remote(self.out, name, shard.keys, patience)] = shard

    def _shard_over(self, task: Any) -> None:
        shard = self.shards.pop(task)
        try:
            ray.get(task)
        except ray.exceptions.RayError as error:
            cause = getattr(error, "cause", None) or error
            reason = str(cause) if isinstance(cause, ThfmError) else f"{shard.name} cannot be assembled ({cause})"
            self._close(f"{reason.rstrip('.')}; {self._resume_hint()}")

    def _look(self) -> None:
        """Show progress, count the machines, and hear the user."""
        self.places = places_now(self.config.cluster)
        self.summary.workers = max(self.summary.workers, total(self.places, self.config.cluster))
        if self.stop.asked and not self.summary.interrupted:
            self.summary.interrupted = True
            self._close(None)
            self.display.say("Stopping: clips at work are finished and kept. Ctrl-C again stops at once.")
        try:
            if self.closed:  # again and again: a board that has just taken another's place would let clips start
                ray.get(self.board.close.remote(), timeout=_BOARD)
            running, drawing = ray.get([self.board.clips.remote(), self.board.drawing.remote()], timeout=_BOARD)
        except ray.exceptions.RayError:  # it is on its way, unless nothing ever begins
            self._tell_of_silence(False)
            if self.heard < math.inf:
                return
            running, drawing = {}, 0
        self._tell_of_silence(bool(running or drawing))
        if self.closed and not self.cancelled:
            self.cancelled = True
            for task in [t for t, index in self.clips.items() if index not in running]:
                ray.cancel(task)  # it may wait for a machine that never comes
        self._show(sum(frames for _, frames in running.values()))

    def _tell_of_silence(self, running: bool) -> None:
        """Say once what may be the matter where clips were handed out and none begins."""
        if running or not self.clips:
            self.heard = time.monotonic()
        elif time.monotonic() - self.heard > _SILENT:
            self.heard = math.inf
            logs = Path(ray._private.worker.global_worker.node.get_logs_dir_path())
            self.display.say(
                f"No clip has begun for {_SILENT:g} s: a runtime environment is being set up, other jobs hold the "
                f"machines, or worker processes end as they start; then {logs}/worker-*.err or raylet.out tell why."
            )

    def _show(self, running_frames: int) -> None:
        numbers = self.progress.numbers(running_frames)
        self.display.update(numbers, running_frames / self.config.spec.video.frames)
        self.metrics.update(numbers)

    def _close(self, why: str | None) -> None:
        self.fatal = self.fatal or why
        self.closed = True

    def _resume_hint(self) -> str:
        return "finished clips are kept: run the same command again to go on."
