"""``thfm-synth plan``: makes a few clips of a job and says what all of it will take."""

from __future__ import annotations

import dataclasses
import json
import os
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from synth.cluster.display import spoken
from synth.cluster.engine import generate
from synth.cluster.estimate import Cluster, Estimate, Sample, estimate
from synth.config import GenerateConfig
from synth.conventions import ThfmError

_WHOLE = 24  # clips up to so many frames are sampled whole
_SHORT, _LONGER = 3, 9  # frames of the two samples of longer ones


def run(config: GenerateConfig, clips: int, frames: int | None, cluster: Cluster, as_json: bool) -> None:
    """Sample ``clips`` clips, whole or, where they are long, ``frames`` frames of them, and print the estimate."""
    video = config.spec.video
    if frames is None:
        frames = video.frames if video.frames <= _WHOLE else _LONGER
    frames = min(frames, video.frames)
    lengths = [frames] if frames == video.frames else [max(2, frames // 3), frames]
    samples = [_sample(config, clips, length) for length in lengths]
    told = estimate(
        samples, config.clips, video.frames, cluster, config.cluster.cpus_per_worker, config.cluster.gpus_per_worker,
        config.cluster.clips_per_process,
    )  # fmt: skip
    if as_json:
        print(json.dumps(dataclasses.asdict(told)))
    else:
        _print(told, config, cluster, clips, lengths)


def this_machine() -> float:
    """Cores of this machine that this process may use."""
    return float(len(os.sched_getaffinity(0)))


def _sample(config: GenerateConfig, clips: int, frames: int) -> Sample:
    """Make the job's first clips, with so many frames each, as the job would be made."""
    spec = config.spec.model_copy(update={"video": config.spec.video.model_copy(update={"frames": frames})})
    small = config.model_copy(update={"clips": clips, "spec": spec})
    with tempfile.TemporaryDirectory(prefix="thfm-plan-") as out:
        summary = generate(small, str(Path(out, "sample")))
    if len(summary.clip_seconds) < 2:
        reasons = "; ".join(f["reason"] for f in summary.failed) or "the run was stopped"
        raise ThfmError(
            f"{len(summary.clip_seconds)} of {clips} sample clips were made, which tells nothing: {reasons}."
        )
    return Sample(
        frames=frames,
        clip_seconds=summary.clip_seconds,
        ahead_seconds=summary.ahead_seconds,
        bytes=summary.bytes,
        start_seconds=summary.start_seconds / max(1, summary.starts),
        around_seconds=max(0.0, summary.seconds - summary.working_seconds),
    )


def _print(told: Estimate, config: GenerateConfig, cluster: Cluster, clips: int, lengths: list[int]) -> None:
    video, error = config.spec.video, f"± {100 * told.error:.0f} %"
    table = Table(box=None, show_header=False)
    rows = [
        ("job", f"{told.clips} clips of {video.frames} frames, {video.width} x {video.height}"),
        (
            "cluster",
            f"{cluster.machines} x {cluster.cores:g} cores, {cluster.gpus:g} GPUs; {told.workers} clips at once",
        ),
        ("a clip", f"{told.clip_seconds:.1f} s, {told.clip_seconds / video.frames:.2f} s a frame"),
        ("time", f"{spoken(told.seconds)}   {error}"),
        ("core-hours", f"{told.core_hours:.3g}   {error}"),
    ]
    if told.gpu_hours:
        rows.append(("GPU-hours", f"{told.gpu_hours:.3g}   {error}"))
    rows.append(("storage", f"{_size(told.bytes)}   ± {100 * told.error_bytes:.0f} %"))
    if cluster.price:
        rows.append(
            ("cost", f"{told.cost:.2f} for {told.machine_hours:.3g} machine hours at {cluster.price:g}   {error}")
        )
    for row in rows:
        table.add_row(*row)
    Console().print(table)
    how = (
        f"{lengths[0]} frames" if len(lengths) == 1 else f"{lengths[0]} and {lengths[1]} frames, and gone on from there"
    )
    print(f"Told from {clips} clips of {how}, made here; errors hold nine times in ten.")


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"
