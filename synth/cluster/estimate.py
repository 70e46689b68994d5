"""What a whole job will take, told from a few of its clips."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats

_CONFIDENCE = 0.9
_MODEL = 0.08  # share by which machines that are busy otherwise, and all that is not told here, put an estimate out


@dataclass(frozen=True)
class Sample:
    """Clips that have been made of a job, all of one length.

    Attributes:
        frames: of each clip.
        clip_seconds: worker's time of each, without the start of its process.
        bytes: of all of them together, encoded.
        start_seconds: until a new process is ready; around_seconds: of the run, before its first clip and after its
            last.
    """

    frames: int
    clip_seconds: Sequence[float]
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
        workers: clips at once; clip_seconds: of a worker, on average; seconds: from start to end.
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


def _mean_and_error(samples: Sequence[Sample], frames: int) -> tuple[float, float, float]:
    """Seconds of a clip of so many frames, the share by which they may be wrong, and bytes of it."""
    last = samples[-1]
    n, mean = len(last.clip_seconds), sum(last.clip_seconds) / len(last.clip_seconds)
    spread = math.sqrt(sum((s - mean) ** 2 for s in last.clip_seconds) / (n - 1))
    error = stats.t.ppf(0.5 + _CONFIDENCE / 2, n - 1) * spread / math.sqrt(n) / mean
    size = last.bytes / n
    if len(samples) == 1:
        return mean, error, size
    first = samples[0]  # the same clips, shorter: what each further frame takes
    steps, more = last.frames - first.frames, frames - last.frames
    per_frame = max(0.0, mean - sum(first.clip_seconds) / len(first.clip_seconds)) / steps
    size += more * (size - first.bytes / len(first.clip_seconds)) / steps
    return mean + more * per_frame, error, size


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
    mean, error, size = _mean_and_error(samples, frames)
    workers = min(workers_of(cluster, cpus_per_worker, gpus_per_worker), clips)
    clip = mean / cluster.speed
    start = samples[-1].start_seconds / cluster.speed
    rounds = clips / workers
    # Nobody waits for the slowest in the middle of a run; at its end workers idle for half a clip on average.
    tail = clip * (1 - 1 / workers) / 2
    seconds = samples[-1].around_seconds + rounds * clip + math.ceil(rounds / clips_per_process) * start + tail
    busy = clips * clip + max(workers, clips / clips_per_process) * start
    machine_hours = cluster.machines * seconds / 3600
    return Estimate(
        clips=clips,
        workers=workers,
        clip_seconds=clip,
        seconds=seconds,
        core_hours=busy * cpus_per_worker / 3600,
        gpu_hours=busy * gpus_per_worker / 3600,
        machine_hours=machine_hours,
        bytes=clips * size,
        cost=machine_hours * cluster.price,
        error=math.hypot(error, _MODEL),
        error_bytes=math.hypot(error, _MODEL),
    )
