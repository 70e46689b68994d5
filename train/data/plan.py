"""The order of samples, as a pure function of a tiny state: what comes next, whoever reads it.

A batch is of one *bucket* (frames, height, width). Within a bucket every source has a *stream*: the clips that it can
give, in passes; each pass is a fresh permutation in which every clip comes once. Which bucket, which source and which
task comes next is chosen so that at every moment the numbers drawn stay within a sample or two of their shares.

The state is JSON-able: ``{"batch": batches drawn, "sample": samples drawn, "lanes": {lane: {"of": digest, "counts":
[...]}}, "streams": {stream: {"of": digest, "pass": p, "next": i}}}``. A lane or a stream whose choices have changed
since the state was written, so that its digest differs, begins anew; the others go on.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from synth.conventions import ThfmError
from train.data.augment import companions
from train.data.config import DataConfig, LengthConfig
from train.data.index import Index

State = dict[str, Any]
_JITTER = 0.5  # of a draw: breaks step between lanes of equal periods, and costs so much exactness


class Wanted(Protocol):
    """What the plan needs of a task's request."""

    fields: tuple[str, ...]
    ratio: float


@dataclass(frozen=True)
class Draw:
    """One sample to make.

    Attributes:
        number: how many samples came before it.
        stream: name of the stream; ``turn`` is the pass and ``place`` the place in its permutation.
        source, clip: places in ``Plan.indexes`` and in that index.
        task: name.
        start, step: first frame and time stride of the window.
        frames, height, width: of the sample.
        seed: seeds everything about this sample that is left to chance.
    """

    number: int
    stream: str
    turn: int
    place: int
    source: int
    clip: int
    task: str
    start: int
    step: int
    frames: int
    height: int
    width: int
    seed: int


@dataclass(frozen=True)
class Stream:
    """What a source gives to a bucket: ``clips`` (n,) places in its index; ``allowed`` (n,) places in ``menus``, the
    sets of tasks that clips can serve."""

    name: str
    source: int
    weight: float
    clips: np.ndarray
    allowed: np.ndarray
    menus: tuple[tuple[str, ...], ...]
    digest: str


@dataclass(frozen=True)
class Bucket:
    """Batches of one shape. ``share`` is relative to other buckets; ``multiple`` multiplies the batch size."""

    name: str
    frames: int
    height: int
    width: int
    share: float
    multiple: int
    streams: tuple[Stream, ...]


@dataclass(frozen=True)
class Plan:
    """All that decides the order. ``ratios`` are the tasks' and ``strides`` the config's."""

    seed: int
    indexes: tuple[Index, ...]
    buckets: tuple[Bucket, ...]
    ratios: Mapping[str, float]
    strides: Mapping[int, float]
    variants: int | None = None

    @property
    def digest(self) -> str:
        """Equal where the order is: ranks can make sure that they agree."""
        parts = [(b.name, b.share, b.multiple, [(s.name, s.weight, s.digest) for s in b.streams]) for b in self.buckets]
        return _digest(self.seed, parts, dict(self.ratios), dict(self.strides), self.variants)

    def begin(self) -> State:
        """The state before the first batch."""
        return {"batch": 0, "sample": 0, "lanes": {}, "streams": {}}

    def next_batch(self, state: State, batch_size: int) -> tuple[list[Draw], State]:
        """The next batch, of ``batch_size`` samples (times the bucket's multiple), and the state after it."""
        state = copy.deepcopy(state)
        chance = np.random.default_rng([self.seed, 1, state["batch"]])
        bucket = self.buckets[_choose(state, "buckets", [(b.name, b.share) for b in self.buckets], chance)]
        shares = [(s.name, s.weight) for s in bucket.streams]
        draws = []
        for _ in range(batch_size * bucket.multiple):
            # by sample, so that within a bucket batches of another size bring the same samples for the same tasks
            chance = np.random.default_rng([self.seed, 5, state["sample"]])
            stream = bucket.streams[_choose(state, bucket.name, shares, chance)]
            turn, place = _advance(state, stream)
            at = _order(self.seed, stream.name, turn, len(stream.clips))[place]
            menu = stream.menus[stream.allowed[at]]
            lane = f"{stream.name} {'+'.join(menu)}"
            task = menu[_choose(state, lane, [(t, self.ratios[t]) for t in menu], chance)]
            draws.append(self._draw(state["sample"], bucket, stream, turn, place, at, task))
            state["sample"] += 1
        state["batch"] += 1
        return draws, state

    def instead(self, draw: Draw, attempt: int) -> Draw:
        """What replaces a damaged draw at the ``attempt``-th try: the next clip of its pass that serves the task.

        It is a function of the draw alone, so that every reader finds the same one without telling the others.
        """
        bucket, stream = next((b, s) for b in self.buckets for s in b.streams if s.name == draw.stream)
        order = _order(self.seed, stream.name, draw.turn, len(stream.clips))
        rest = np.roll(order, -draw.place - 1)
        able = [at for at in rest.tolist() if draw.task in stream.menus[stream.allowed[at]]]
        at = able[(attempt - 1) % len(able)]
        return self._draw(draw.number, bucket, stream, draw.turn, draw.place, at, draw.task)

    def _draw(self, number: int, bucket: Bucket, stream: Stream, turn: int, place: int, at: int, task: str) -> Draw:
        index, clip = self.indexes[stream.source], int(stream.clips[at])
        if self.variants is None:
            words = [self.seed, 2, number]
        else:  # a clip and the number of its variant decide, so that samples come again
            words = [self.seed, 3, _number(index.name, index.keys[clip]), turn % self.variants]
        chance = np.random.default_rng(words)
        room = int(index.frames[clip])
        able = [(step, share) for step, share in self.strides.items() if span(bucket.frames, step) <= room]
        shares = np.array([share for _, share in able])
        step = able[int(chance.choice(len(able), p=shares / shares.sum()))][0] if bucket.frames > 1 else 1
        start = int(chance.integers(room - span(bucket.frames, step) + 1))
        seed = int(chance.integers(2**62))
        return Draw(
            number, stream.name, turn, place, stream.source, clip, task, start, step, bucket.frames, bucket.height,
            bucket.width, seed,
        )  # fmt: skip


def span(frames: int, step: int) -> int:
    """How many frames of a clip a window covers."""
    return (frames - 1) * step + 1


def build_plan(config: DataConfig, indexes: Sequence[Index], requests: Mapping[str, Wanted], seed: int) -> Plan:
    """Sort clips into buckets.

    Args:
        config: lengths, sizes, strides, weights.
        indexes: one a source, in the order of ``config.sources``.
        requests: tasks by name.

    Raises:
        ThfmError: no clip is long enough for a length, or has the fields of a task.
    """
    ratios = {name: float(request.ratio) for name, request in requests.items() if request.ratio > 0}
    if not ratios:
        raise ThfmError("no task is drawn: give one a ratio above 0.")
    menus = [_menus(index, {name: requests[name].fields for name in ratios}) for index in indexes]
    for name in ratios:
        if not any(name in sets[a] for allowed, sets in menus for a in np.unique(allowed)):
            fields = ", ".join(requests[name].fields) or "rgb"
            raise ThfmError(f"no clip has the fields of task {name} ({fields}): add data or set its ratio to 0.")
    buckets = []
    for length in config.lengths:
        if length.share > 0:
            buckets += _buckets_of(config, indexes, menus, length)
    return Plan(seed, tuple(indexes), tuple(buckets), ratios, dict(config.strides), config.variants)


def _menus(index: Index, fields: Mapping[str, tuple[str, ...]]) -> tuple[np.ndarray, tuple[tuple[str, ...], ...]]:
    """Which tasks each clip can serve: (N,) places in the sets, and the sets."""
    able = np.stack([index.has(companions(of)) for of in fields.values()])
    patterns, allowed = np.unique(able.T, axis=0, return_inverse=True)
    return allowed.reshape(-1), tuple(tuple(t for t, ok in zip(fields, p, strict=True) if ok) for p in patterns)


def _buckets_of(config: DataConfig, indexes: Sequence[Index], menus: Sequence, length: LengthConfig) -> list[Bucket]:
    shortest = span(length.frames, min(config.strides)) if length.frames > 1 else 1
    streams: dict[int, list[Stream]] = {i: [] for i in range(len(config.sizes))}
    for number, (source, index, (allowed, sets)) in enumerate(zip(config.sources, indexes, menus, strict=True)):
        able = (index.frames >= shortest) & np.array([bool(menu) for menu in sets])[allowed]
        if not source.weight or not able.any():
            continue
        nearest = nearest_size(index.height, index.width, config.sizes)
        for size, (height, width) in enumerate(config.sizes):
            clips = np.flatnonzero(able & (nearest == size))
            if len(clips):
                name = f"{index.name}/{length.frames}x{height}x{width}"
                share = source.weight * len(clips) / able.sum()
                digest = _digest([index.keys[i] for i in clips])
                streams[size].append(Stream(name, number, share, clips, allowed[clips], sets, digest))
    total = sum(stream.weight for some in streams.values() for stream in some)
    if not total:
        longest = max(int(index.frames.max()) for index in indexes)
        raise ThfmError(
            f"no clip that a task can use has {shortest} frames or more, the longest clip has {longest}: shorten or "
            f"remove the length of {length.frames} frames, or add longer clips."
        )
    return [
        Bucket(
            f"{length.frames}x{height}x{width}", length.frames, height, width,
            length.share * sum(s.weight for s in streams[size]) / total, length.multiple, tuple(streams[size]),
        )
        for size, (height, width) in enumerate(config.sizes)
        if streams[size]
    ]  # fmt: skip


def nearest_size(height: np.ndarray, width: np.ndarray, sizes: Sequence[tuple[int, int]]) -> np.ndarray:
    """(N,) place of the size whose aspect is nearest to each clip's, by ratio; the earlier of equally near ones."""
    aspects = np.log(np.asarray(width) / np.asarray(height))
    targets = np.log([w / h for h, w in sizes])
    return np.abs(aspects[:, None] - targets).argmin(1)


def _choose(state: State, lane: str, choices: Sequence[tuple[str, float]], chance: np.random.Generator) -> int:
    """The choice that is furthest behind its share, give or take ``_JITTER``."""
    counts = _counted(state["lanes"], lane, _digest(choices), {"counts": [0] * len(choices)})["counts"]
    shares = np.array([share for _, share in choices])
    behind = shares / shares.sum() * (sum(counts) + 1) - counts + chance.uniform(0, _JITTER, len(counts))
    chosen = int(np.where(shares > 0, behind, -np.inf).argmax())
    counts[chosen] += 1
    return chosen


def _advance(state: State, stream: Stream) -> tuple[int, int]:
    """Pass and place of the next clip of a stream."""
    before = state["streams"].get(stream.name, {"pass": -1})
    at = _counted(state["streams"], stream.name, stream.digest, {"pass": before["pass"] + 1, "next": 0})
    turn, place = at["pass"], at["next"]
    at["next"] += 1
    if at["next"] == len(stream.clips):
        at.update({"pass": turn + 1, "next": 0})
    return turn, place


def _counted(table: dict[str, Any], name: str, digest: str, fresh: dict[str, Any]) -> dict[str, Any]:
    if table.get(name, {}).get("of") != digest:
        table[name] = {"of": digest, **fresh}
    return table[name]


@lru_cache(maxsize=64)
def _order(seed: int, stream: str, turn: int, count: int) -> np.ndarray:
    return np.random.default_rng([seed, 4, _number(stream), turn]).permutation(count)


def _number(*words: str) -> int:
    return int(_digest(words), 16)


def _digest(*values: Any) -> str:
    return hashlib.sha256(repr(values).encode()).hexdigest()[:16]
