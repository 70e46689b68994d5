"""Batches for the trainer: the plan decides what comes, torch's workers read and decode it, in order."""

from __future__ import annotations

import logging
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from synth.conventions import ThfmError
from train.data.batch import Batch, stack
from train.data.config import DataConfig
from train.data.follow import Follow
from train.data.index import Index, build_index
from train.data.plan import Draw, Plan, State, build_plan
from train.data.read import check_fields, make_sample, named
from train.data.sample import Sample
from train.data.shardfile import Damage

_LOG = logging.getLogger(__name__)
_SETTLE = 50  # samples before the share of damaged ones means anything


@dataclass(frozen=True)
class Request:
    """What a task wants of the loader.

    Attributes:
        fields: fields of a clip that it needs besides colour.
        ratio: how often it is drawn, relative to the others.
        prepare: sample -> ``target`` and ``valid``; dense (T, H, W, 3) and (T, H, W), or sparse (G, T, K) twice; or an
            empty dict. It runs in workers, so it must be picklable: a function of a module or a bound method.
    """

    fields: tuple[str, ...]
    ratio: float
    prepare: Callable[[Sample], dict[str, np.ndarray]]


def build_loader(
    config: DataConfig,
    requests: Mapping[str, Request],
    batch_size: int,
    rank: int = 0,
    world: int = 1,
    seed: int = 0,
    position: Mapping[str, Any] | None = None,
) -> Loader:
    """A loader of this rank's part of endless batches.

    Args:
        batch_size: samples a batch on each rank.
        rank, world: which of how many.
        position: what ``Loader.position`` gave; None begins at the beginning.

    Raises:
        ThfmError: a missing data set, no clip for a task or a length, a position of another seed.
    """
    for name, request in requests.items():
        check_fields(request.fields, f"task {name}")
        if max(config.strides) > 1 and any(field.startswith("flow") for field in request.fields):
            raise ThfmError(
                f"task {name} wants optical flow, which holds from frame to frame: set strides to {{1: 1}}."
            )
    kept = slice(None, -config.validation.shards or None)
    sources = zip(config.sources, config.source_names, strict=True)
    indexes = [build_index(source.url, name, kept, config.retries) for source, name in sources]
    _check_shards(indexes, config.damaged_share)
    plan = build_plan(config, indexes, requests, seed)
    if position is not None and position["seed"] != seed:
        raise ThfmError(f"the data position was saved with seed {position['seed']}, not {seed}: resume with that seed.")
    return Loader(config, plan, requests, batch_size, rank, world, position)


def _check_shards(indexes: Sequence[Index], allowed: float) -> None:
    for index in indexes:
        broken = [damage for damage in index.damaged if not damage.key]
        if len(broken) > allowed * len(index.shards):
            raise ThfmError(
                f"{len(broken)} of {len(index.shards)} shards of source {index.name} are damaged, more than "
                f"{allowed:.0%}: mend {broken[0].shard} ({broken[0].reason}) and the like, or raise data.damaged_share."
            )


class Loader:
    """Batches without end, in the plan's order.

    Attributes:
        plan: the order; compare ``plan.digest`` over ranks to be sure that all see the same files.
        damaged: what could not be read so far, each thing once, in the order in which it was met.
    """

    def __init__(
        self,
        config: DataConfig,
        plan: Plan,
        requests: Mapping[str, Request],
        batch_size: int,
        rank: int,
        world: int,
        position: Mapping[str, Any] | None,
    ):
        self.plan = plan
        self.damaged: list[Damage] = []
        self._tell(damage for index in plan.indexes for damage in index.damaged)
        self._config, self._requests = config, dict(requests)
        self._part = batch_size, rank, world
        self._state: State = dict(position["state"]) if position else plan.begin()
        self._ahead: deque[State] = deque()  # states after the batches that workers are making
        self._batches: Iterator[Any] | None = None
        self._samples = self._replaced = 0

    def __iter__(self) -> Loader:
        return self

    def __next__(self) -> Batch:
        before = time.perf_counter()
        if self._batches is None:
            self._batches = self._started()
        try:
            batch = next(self._batches)
        except RuntimeError as error:
            if not str(error).startswith("DataLoader worker"):
                raise
            raise ThfmError(
                f"a reading process died ({error}): if memory ran out, lower data.workers or data.prefetch; if "
                "/dev/shm is small, enlarge it (docker run --shm-size=16g)."
            ) from error
        if isinstance(batch, str):
            raise ThfmError(batch)
        self._state = self._ahead.popleft()
        self._note(batch)
        return replace(batch, data_seconds=time.perf_counter() - before)

    def position(self) -> dict[str, Any]:
        """Where to go on after the last batch that was handed out; JSON-able, the same on all ranks."""
        return {"seed": self.plan.seed, "state": self._state}

    def close(self) -> None:
        """Stop the workers. Asking for another batch starts them again, at the same position."""
        self._batches = None
        self._ahead.clear()

    def _started(self) -> Iterator[Any]:
        config = self._config
        return iter(
            DataLoader(
                _Samples(self.plan, self._requests, config),
                batch_sampler=_Sampler(self.plan, self._state, *self._part, self._ahead),
                num_workers=config.workers,
                collate_fn=_untouched,
                worker_init_fn=Follow(os.getpid()),
                pin_memory=torch.cuda.is_available(),
                multiprocessing_context=_context(config.start) if config.workers else None,
                prefetch_factor=config.prefetch if config.workers else None,
            )
        )

    def _tell(self, damaged: Iterable[Damage]) -> None:
        for damage in damaged:
            if damage not in self.damaged:
                self.damaged.append(damage)
                what = f"clip {damage.key} of {damage.shard}" if damage.key else damage.shard
                _LOG.warning("source %s: %s is damaged and skipped: %s", damage.source, what, damage.reason)

    def _note(self, batch: Batch) -> None:
        self._tell(batch.damaged)
        self._samples += len(batch.keys)
        self._replaced += len(batch.damaged)
        allowed = self._config.damaged_share
        if self._samples >= _SETTLE and self._replaced > allowed * self._samples:
            source, shard, key, reason = batch.damaged[-1] if batch.damaged else self.damaged[-1]
            raise ThfmError(
                f"{self._replaced} of {self._samples} samples were damaged, more than {allowed:.0%}, lately clip {key} "
                f"of {shard} ({reason}): mend source {source}, or raise data.damaged_share."
            )


class _Sampler:
    """Gives this rank's draws of each batch, and notes the state after it in ``ahead``."""

    def __init__(self, plan: Plan, state: State, batch_size: int, rank: int, world: int, ahead: deque[State]):
        self._plan, self._state, self._ahead = plan, state, ahead
        self._batch_size, self._rank, self._world = batch_size, rank, world

    def __iter__(self) -> Iterator[list[Draw]]:
        state = self._state
        while True:
            draws, state = self._plan.next_batch(state, self._batch_size * self._world)
            size = len(draws) // self._world
            self._ahead.append(state)
            yield draws[self._rank * size : (self._rank + 1) * size]


class _Samples(Dataset):
    """What a worker does; it answers with the message of an error, which would lose its type on the way."""

    def __init__(self, plan: Plan, requests: dict[str, Request], config: DataConfig):
        self._plan, self._requests, self._config = plan, requests, config
        self._pools: tuple[ThreadPoolExecutor, ThreadPoolExecutor] | None = None

    def __getitems__(self, draws: list[Draw]) -> Batch | str:
        if self._pools is None:  # one for samples, one for their fields: a thread never waits for its own pool
            self._pools = tuple(ThreadPoolExecutor(self._config.threads) for _ in range(2))
        try:
            made = list(self._pools[0].map(self._sample, draws))
        except ThfmError as error:
            return str(error)
        samples, targets, contents, damaged = zip(*made, strict=True)
        numbers = [draw.number for draw in draws]
        return stack(samples, targets, numbers, contents, [damage for some in damaged for damage in some])

    def _sample(self, draw: Draw) -> tuple[Sample, dict[str, np.ndarray], str, list[Damage]]:
        request, damaged = self._requests[draw.task], []
        for attempt in range(self._config.damaged_in_a_row):
            now = self._plan.instead(draw, attempt) if attempt else draw
            index = self._plan.indexes[now.source]
            try:
                sample, content = make_sample(index, now, request.fields, self._config, self._pools[1])
            except ThfmError as error:
                damaged.append(named(index, now.clip, error))
                continue
            return sample, request.prepare(sample), content, damaged
        _, shard, key, reason = damaged[-1]
        raise ThfmError(
            f"{len(damaged)} clips in a row of source {index.name} are damaged, the last one {key} of {shard} "
            f"({reason}): mend the source, or remove it."
        )


def _untouched(batch: Any) -> Any:
    return batch


def _context(start: str) -> Any:
    context = torch.multiprocessing.get_context(start)
    if start == "forkserver":
        context.set_forkserver_preload(["train.data.loader"])  # imported once, not in every worker
    return context
