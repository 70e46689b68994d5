"""The loader against bare decoding: frames a second, and frames a second of CPU time, task by task.

Bare decoding is PyAV and numpy on the same members of the same clips, which lie in memory, in as many processes: no
plan, no reading, no checksums, no batches, no way back to the trainer. The loader runs twice: decoding alone, and with
the task's encoding, which is work and not loss. Runs take turns, so that other load on the machine meets all alike; on
a busy machine trust the CPU time.

python tools/benchmark_loader.py out/mine --task depth --task keypoints2d --workers 2
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import os
import statistics
import time
from pathlib import Path
from typing import Any

import av
import numpy as np

from synth.shards import FIELDS
from synth.shards.quantise import QUANTISERS
from synth.shards.video import CODE_FORMATS
from train.data import DataConfig, Request, Sample, build_loader
from train.data.index import Index, build_index
from train.data.shardfile import read_members
from train.engine.start import Encode
from train.tasks import TASKS, build_tasks

_TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pids: list[int]) -> float:
    """User and system time that processes have taken so far."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split() for pid in pids]
    return sum(int(f[11]) + int(f[12]) for f in fields) / _TICK


def decode_bare(members: dict[str, bytes], header: dict[str, Any], fields: tuple[str, ...]) -> list[np.ndarray]:
    """Members to arrays: what any reader has to do at the least."""
    out = []
    for name in fields:
        field, data = FIELDS[name], members[FIELDS[name].member]
        if field.codec == "npy":
            out.append(np.load(io.BytesIO(data)))
            continue
        quantiser = QUANTISERS.get(field.codec)
        pixels = CODE_FORMATS[quantiser.code] if quantiser else "rgb24"
        channels = (quantiser.channels or ()) if quantiser else 3
        shape = (header["frames"], header["height"], header["width"])
        array = np.empty(shape + ((channels,) if channels else ()), field.dtype)
        read = quantiser.decoder(header["storage"][name]) if quantiser else None
        with av.open(io.BytesIO(data)) as file:
            file.streams.video[0].thread_type = "NONE"
            for to, frame in zip(array, file.decode(video=0), strict=True):
                codes = frame.to_ndarray(format=pixels)
                if read:
                    read(codes.reshape(quantiser.planes, *shape[1:]), to)
                else:
                    np.copyto(to, codes)
        out.append(array)
    return out


def _bare(index: Index, fields: tuple[str, ...], clips: int, orders: Any, answers: Any) -> None:
    """A process that, whenever told, decodes ``clips`` clips and answers (frames, CPU seconds)."""
    wanted = {"meta.json", *(FIELDS[name].member for name in fields)}
    held = [read_members(index.shards[index.shard[i]], index.members_of(i, wanted)) for i in range(len(index))]
    held = [(members, json.loads(members["meta.json"])) for members in held]
    answers.put((0, 0.0))
    while True:
        first, cpu = orders.get(), time.process_time()
        chosen = [held[(first + i) % len(held)] for i in range(clips)]
        for members, header in chosen:
            decode_bare(members, header, fields)
        answers.put((sum(header["frames"] for _, header in chosen), time.process_time() - cpu))


class Bare:
    """Processes of bare decoding."""

    def __init__(self, index: Index, fields: tuple[str, ...], workers: int, clips: int):
        context = multiprocessing.get_context("spawn")
        self.orders, self.answers = context.Queue(), context.Queue()
        args = (index, fields, clips // workers, self.orders, self.answers)
        self.processes = [context.Process(target=_bare, args=args, daemon=True) for _ in range(workers)]
        for process in self.processes:
            process.start()
        self._answers()

    def turn(self) -> tuple[int, float, float]:
        """(frames, seconds, CPU seconds)."""
        start = time.perf_counter()
        for number in range(len(self.processes)):
            self.orders.put(7 * number)
        frames, cpu = zip(*self._answers(), strict=True)
        return sum(frames), time.perf_counter() - start, sum(cpu)

    def _answers(self) -> list[tuple[int, float]]:
        return [self.answers.get() for _ in self.processes]

    def close(self) -> None:
        for process in self.processes:
            process.terminate()


def _nothing(_: Sample) -> dict[str, np.ndarray]:
    return {}


class Loaded:
    """The loader, one sample a batch."""

    def __init__(self, config: DataConfig, request: Request, clips: int):
        known = set(multiprocessing.active_children())
        self.loader, self.clips = build_loader(config, {"task": request}, 1), clips
        self.ahead = config.workers * config.prefetch
        next(self.loader)
        self.pids = [os.getpid(), *(p.pid for p in set(multiprocessing.active_children()) - known)]

    def turn(self) -> tuple[int, float, float]:
        """(frames, seconds, CPU seconds) in the steady state, in which nothing lies prepared."""
        for _ in range(self.ahead + 2):
            next(self.loader)
        cpu, start, frames = cpu_seconds(self.pids), time.perf_counter(), 0
        for _ in range(self.clips):
            frames += next(self.loader).rgb.shape[1]
        return frames, time.perf_counter() - start, cpu_seconds(self.pids) - cpu

    def close(self) -> None:
        self.loader.close()


def compare(url: str, name: str, workers: int, rounds: int, clips: int) -> dict[str, list[tuple[float, float]]]:
    """{run: [(frames a second, frames a CPU second) of each round]} of one task."""
    task = build_tasks({name: None})[name]
    fields = tuple(dict.fromkeys(("rgb", *task.fields)))
    index = build_index(url)
    frames, height, width = int(index.frames.min()), int(index.height[0]), int(index.width[0])
    off = {"crop": {"chance": 0}, "flip": 0, "colour": 0}
    config = DataConfig(
        sources=[{"url": url}], lengths=[{"frames": frames}], sizes=[(height, width)], workers=workers, augment=off,
        start="spawn",
    )  # fmt: skip
    runs = {
        "bare": Bare(index, fields, workers, clips),
        "loader": Loaded(config, Request(task.fields, 1, _nothing), clips),
        "with target": Loaded(config, Request(task.fields, 1, Encode(task)), clips),
    }
    speeds: dict[str, list[tuple[float, float]]] = {run: [] for run in runs}
    try:
        for _ in range(rounds):
            for run, it in runs.items():
                count, wall, cpu = it.turn()
                speeds[run].append((count / wall, count / cpu))
    finally:
        for it in runs.values():
            it.close()
    return speeds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--task", action="append", choices=list(TASKS), help="default: all")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clips", type=int, default=16, help="a round")
    args = parser.parse_args()
    print(f"{'task':12} {'run':12} {'frames/s':>9} {'of bare':>8} {'frames/CPU s':>13} {'of bare':>8}")
    for name in args.task or TASKS:
        speeds = compare(args.url, name, args.workers, args.rounds, args.clips)
        bare = [statistics.median(values) for values in zip(*speeds["bare"], strict=True)]
        for run, rounds in speeds.items():
            wall, cpu = (statistics.median(values) for values in zip(*rounds, strict=True))
            print(f"{name:12} {run:12} {wall:9.1f} {wall / bare[0]:8.0%} {cpu:13.1f} {cpu / bare[1]:8.0%}", flush=True)


if __name__ == "__main__":
    main()
