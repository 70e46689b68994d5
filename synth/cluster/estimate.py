"""What a whole job will take, told from a few of its clips."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats

from synth.cluster.places import ahead_cpus

_CONFIDENCE = 0.9
_MODEL = 0.08  # share by which machines that are busy otherwise, and all that is not told here, put an estimate out


@dataclass(frozen=True)
class Sample:
    """Clips that have been made of a job, all of one length.

    Attributes:
        frames: of each clip.
        clip_seconds: worker's time of each, ahead_seconds: that of the worker which had drawn it before, both without
            the start of a process.
        bytes: of all of them together, encoded.
        start_seconds: until a new process is ready; around_seconds: of the run, before its first clip and after its
            last.
    """

    frames: int
    clip_seconds: Sequence[float]
    ahead_seconds: Sequence[float]
    bytes: int
    start_seconds: float
    around_seconds: float


@dataclass(frozen=True)
class Cluster:
    """Machines of one kind.

    Attributes:
        cores, gpus: of one; speed: of one core, as a multiple of that which made the sample; price: of one, per hour.
    """

    machines: int
    cores: float
    gpus: float = 0.0
    speed: float = 1.0
    price: float = 0.0


@dataclass(frozen=True)
class Estimate:
    """What a job will take.

    Attributes:
        workers: clips at once; clip_seconds: of workers, on average, with its draw; seconds: from start to end.
        core_hours, gpu_hours: reserved by workers at work; machine_hours: of the whole cluster, start to end.
        bytes: of the data set; cost: of the machine hours.
        error: share of the time within which the truth lies nine times in ten; error_bytes: of the bytes.
    """

    clips: int
    workers: int
    clip_seconds: float
    seconds: float
    core_hours: float
    gpu_hours: float
    machine_hours: float
    bytes: float
    cost: float
    error: float
    error_bytes: float


def _at(frames: int, lengths: Sequence[int], values: Sequence[float]) -> float:
    """What a clip of so many frames has, from clips of one length, or, of the same clips, from two."""
    if len(values) == 1:
        return values[0]
    per_frame = max(0.0, values[1] - values[0]) / (lengths[1] - lengths[0])
    return values[1] + per_frame * (frames - lengths[1])


def _error(seconds: Sequence[float]) -> float:
    """Share by which the mean of these may be wrong."""
    n, mean = len(seconds), sum(seconds) / len(seconds)
    spread = math.sqrt(sum((s - mean) ** 2 for s in seconds) / (n - 1))
    return stats.t.ppf(0.5 + _CONFIDENCE / 2, n - 1) * spread / math.sqrt(n) / mean


def workers_of(cluster: Cluster, cpus_per_worker: float, gpus_per_worker: float) -> int:
    """Clips at once."""
    fit = cluster.cores / cpus_per_worker
    if gpus_per_worker:
        fit = min(fit, cluster.gpus / gpus_per_worker)
    return cluster.machines * int(fit + 1e-6)


def estimate(
    samples: Sequence[Sample],
    clips: int,
    frames: int,
    cluster: Cluster,
    cpus_per_worker: float = 1.0,
    gpus_per_worker: float = 0.0,
    clips_per_process: int = 20,
) -> Estimate:
    """What ``clips`` clips of ``frames`` frames will take.

    Args:
        samples: one of clips of that length, or two of the same clips, shorter and short, to go on from. At least two
            clips each.
    """
    lengths = [s.frames for s in samples]
    clip, ahead, size = (
        _at(frames, lengths, [told(s) / len(s.clip_seconds) for s in samples])
        for told in (lambda s: sum(s.clip_seconds), lambda s: sum(s.ahead_seconds), lambda s: s.bytes)
    )
    error = _error([sum(both) for both in zip(samples[-1].clip_seconds, samples[-1].ahead_seconds, strict=True)])
    clip, ahead, start = (x / cluster.speed for x in (clip, ahead, samples[-1].start_seconds))
    workers = min(workers_of(cluster, cpus_per_worker, gpus_per_worker), clips)
    cores = clip * cpus_per_worker + ahead * ahead_cpus(cpus_per_worker)  # core seconds of a clip
    rounds = clips / workers
    # Draws are made by cores that no clip has taken, if there are enough; else clips wait for them.
    working = max(rounds * clip, clips * cores / (cluster.machines * cluster.cores), clip + ahead)
    # Nobody waits for the slowest in the middle of a run; at its end workers idle for half a clip on average.
    tail = (clip + ahead) * (1 - 1 / workers) / 2
    seconds = samples[-1].around_seconds + working + math.ceil(rounds / clips_per_process) * start + tail
    starts = max(workers, clips / clips_per_process)
    machine_hours = cluster.machines * seconds / 3600
    return Estimate(
        clips=clips,
        workers=workers,
        clip_seconds=clip + ahead,
        seconds=seconds,
        core_hours=(clips * cores + starts * start * cpus_per_worker) / 3600,
        gpu_hours=(clips * clip + starts * start) * gpus_per_worker / 3600,
        machine_hours=machine_hours,
        bytes=clips * size,
        cost=machine_hours * cluster.price,
        error=math.hypot(error, _MODEL),
        error_bytes=math.hypot(error, _MODEL),
    )
