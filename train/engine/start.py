"""Before the first step: what the run's folder allows, and what is asked of the data."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from synth.conventions import ThfmError
from train.config import TrainConfig
from train.data import Request, Sample
from train.engine.checkpoint import complete_checkpoints, faults
from train.engine.config import MAY_CHANGE
from train.engine.parallel import Processes
from train.engine.run import Run
from train.tasks import Task, with_extras

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Encode:
    """A sample as its task's target; goes to the loader's workers."""

    task: Task

    def __call__(self, sample: Sample) -> dict[str, np.ndarray]:
        return self.task.encode(with_extras(sample.labels, sample.rgb, sample.fps))


def _nothing(_: Sample) -> dict[str, np.ndarray]:
    return {}


def requests_of(tasks: Mapping[str, Task]) -> dict[str, Request]:
    """What the loader has to give; without tasks colour and caption alone."""
    if not tasks:
        return {"generate": Request((), 1.0, _nothing)}
    return {name: Request(tuple(t.fields), t.options.ratio, Encode(t)) for name, t in tasks.items()}


def settle_run(run: Run, config: TrainConfig, mode: str, processes: Processes) -> Path | None:
    """Make the run's folder ready; the checkpoint to go on from, or None to begin.

    Args:
        mode: as ``fit`` has it.

    Raises:
        ThfmError: the folder belongs to another config, or holds no checkpoint though ``mode`` is resume.
    """
    if processes.first and mode == "fresh":
        run.clear()
    processes.wait()
    plain = config.model_dump(mode="json")
    start = _latest_sound(run.checkpoints, processes)
    if start is None and mode == "resume":
        raise ThfmError(f"{run.folder} holds no checkpoint to resume from: leave out --resume to begin.")
    if start is not None:
        run.check_config(plain, MAY_CHANGE)
    if processes.first:
        if start is None:
            run.clear()
        run.stop.unlink(missing_ok=True)
        for rest in run.checkpoints.glob(".unfinished-*"):
            shutil.rmtree(rest)
        run.write_config(plain)
        run.forget_metrics_after(int(start.name.removeprefix("step-")) if start else 0)
    processes.wait()
    return start


def _latest_sound(folder: Path, processes: Processes) -> Path | None:
    """The newest checkpoint without faults; all processes check some of its files and agree."""
    for checkpoint in reversed(processes.from_first(complete_checkpoints(folder))):
        found = [f for f in processes.gather(faults(checkpoint, processes.rank, processes.world)) if f]
        if not found:
            return checkpoint
        if processes.first:
            _LOG.warning("checkpoint %s is passed over: %s", checkpoint, found[0])
    return None
