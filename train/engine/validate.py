"""Validation: every task on held-out clips, on all processes, with the metrics of the task and with pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributed.fsdp import FSDPModule

from train.engine.latents import encode
from train.engine.learner import Learner
from train.engine.objective import Inputs, stack_texts
from train.engine.parallel import Processes
from train.engine.pictures import stack_rows
from train.tasks import MeanAnswer, Measure, Task, with_extras

Draw = Callable[[str, np.ndarray], None]


@contextmanager
def answering(learner: Learner) -> Iterator[nn.Module]:
    """What to call for answers, in evaluation mode and without gradients. DDP's wrapper is left out. FSDP2 forgets
    afterwards the weights that it gathered, for they may be averages that go away."""
    sharded = isinstance(learner.wrapped, FSDPModule)
    module = learner.wrapped if sharded else learner.objective
    module.eval()
    try:
        with torch.no_grad():
            yield module
    finally:
        module.train()
        if sharded:
            for part in module.modules():
                if isinstance(part, FSDPModule):
                    part.reshard()


def in_step(samples: Iterator[Any], processes: Processes, module: nn.Module) -> Iterator[tuple[Any, bool]]:
    """(sample, whether it counts). A sharded model runs on all processes or not at all: then a process that has run
    out of samples goes on with one that does not count."""
    together, last = isinstance(module, FSDPModule), None
    while True:
        sample = next(samples, None)
        if together:
            having = processes.gather(sample is not None)
            if not any(having):
                return
            if last is None and not all(having):  # in the first round alone
                spare = next(s for s in processes.gather(sample) if s is not None)
                last = spare if sample is None else sample
            last = last if sample is None else sample
        elif sample is None:
            return
        yield (last if sample is None else sample), sample is not None


def validate(
    learner: Learner,
    samples: Iterator[Any],
    processes: Processes,
    constants: Mapping[str, MeanAnswer],
    draw: Draw,
    pictures: int,
) -> dict[str, float]:
    """Metrics by name (``depth/abs_rel``), the same on every process.

    Args:
        samples: this process's held-out clips.
        constants: task -> the mean of its training targets, judged beside the model as ``depth/abs_rel/constant``.
        draw: takes a name and an (H, W, 3) uint8 picture; called on process 0.
        pictures: clips of process 0 to draw.
    """
    totals: dict[str, Measure] = {}
    with answering(learner) as module:
        for number, (sample, counts) in enumerate(in_step(samples, processes, module)):
            labels = with_extras(sample.labels, sample.rgb, sample.fps)
            size = sample.rgb.shape[:3]
            latents = encode(learner.codec, torch.from_numpy(sample.rgb[None]), processes.device)
            for name, task in learner.tasks.items():
                answer = _answer(learner, module, name, latents, size[0], processes)
                if not counts or any(field not in labels for field in task.fields):
                    continue
                prediction = decode(task, answer, *size[1:])
                add(totals, name, task.measure(prediction, labels))
                if name in constants:
                    constant = decode(task, constants[name].answer(*size), *size[1:])
                    add(totals, f"{name}/constant", task.measure(constant, labels))
                if processes.first and number < pictures:
                    shown = [sample.rgb, task.picture(prediction, sample.rgb), task.picture(labels, sample.rgb)]
                    draw(f"{name}-{number}", stack_rows(shown))
    return summarise(learner.tasks, sum_up(processes.gather(totals)))


def _answer(
    learner: Learner, module: nn.Module, name: str, latents: Tensor, frames: int, processes: Processes
) -> np.ndarray:
    """What ``task.decode`` takes, of one clip with latents (1, C, t, h, w)."""
    inputs = Inputs(latents, stack_texts([learner.prompts[name]], latents.device), frames)
    with processes.autocast():
        answer = module(inputs, losses=False)
    if learner.tasks[name].sparse:
        return torch.stack([answer.sparse[group][0] for group in module.groups[name]]).float().cpu().numpy()
    video = learner.codec.decode(answer.video.float())[0].movedim(0, -1)
    return (video / 2 + 0.5).float().cpu().numpy()


def decode(task: Task, answer: np.ndarray, height: int, width: int) -> dict[str, np.ndarray]:
    """An answer, dense (T, H, W, 3) or sparse (G, T, K), as labels."""
    return task.decode(answer, height, width) if task.sparse else task.decode(answer)


def add(totals: dict[str, Measure], name: str, measure: Measure) -> None:
    """Add one clip's statistics to those under ``name``."""
    if name not in totals:
        totals[name] = {key: np.array(value, np.float64) for key, value in measure.items()}
    else:
        for key, value in measure.items():
            totals[name][key] = totals[name][key] + value


def sum_up(parts: list[dict[str, Measure]]) -> dict[str, Measure]:
    """Statistics of several processes as one."""
    totals: dict[str, Measure] = {}
    for part in parts:
        for name, measure in part.items():
            add(totals, name, measure)
    return totals


def summarise(tasks: Mapping[str, Task], totals: Mapping[str, Measure]) -> dict[str, float]:
    """Names as ``validate`` says."""
    metrics = {}
    for name, task in tasks.items():
        for suffix in ("", "/constant"):
            if name + suffix in totals:
                found = task.summarise(totals[name + suffix])
                metrics |= {f"{name}/{key}{suffix}": float(value) for key, value in found.items()}
    return metrics


def score_of(metrics: Mapping[str, float], tasks: Mapping[str, Task], wanted: str | None) -> float | None:
    """What the best checkpoints are chosen by, smaller is better.

    ``wanted`` is a metric such as ``depth/abs_rel``; None: the mean over tasks of their headline metric, as a share of
    the constant answer's where it is better small, or as 1 - metric where it is better large.
    """
    if wanted is not None:
        value = metrics.get(wanted)
        task = tasks[wanted.partition("/")[0]]
        headline, larger = task.headline
        return None if value is None else (-value if larger and wanted.endswith(f"/{headline}") else value)
    scores = []
    for name, task in tasks.items():
        key, larger = task.headline
        value, constant = metrics.get(f"{name}/{key}"), metrics.get(f"{name}/{key}/constant")
        if value is None or not np.isfinite(value):
            continue
        scores.append(1 - value if larger else value / constant if constant else value)
    return float(np.mean(scores)) if scores else None
