"""Held-out clips and the constant answer beside which the model is judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from train.config import TrainConfig
from train.engine.captions import Captions
from train.engine.finish import averaged
from train.engine.latents import encode
from train.engine.learner import Learner
from train.engine.objective import Inputs, draw_noise_levels, stack_texts
from train.engine.parallel import Processes
from train.engine.randomness import generator
from train.engine.start import requests_of
from train.engine.validate import answering, in_step, score_of, validate
from train.tasks import MeanAnswer

_HELD_OUT = 3  # purpose of random numbers


class HeldOut:
    """Validation of a run: the same clips, noise and constants each time."""

    def __init__(self, config: TrainConfig, learner: Learner, processes: Processes, captions: Captions):
        self.config, self.learner, self.processes, self.captions = config, learner, processes, captions
        self.constants: dict[str, MeanAnswer] | None = None

    @property
    def wanted(self) -> bool:
        """Whether there is anything to validate on."""
        held = self.config.data.validation
        return bool(held.urls or held.shards)

    def validate(self, draw: Callable[[str, np.ndarray], None]) -> tuple[dict[str, float], float | None]:
        """(metrics by name, score for the best checkpoint: smaller is better). Nothing without held-out clips."""
        if not self.wanted:
            return {}, None
        from train.data import build_validation

        requests = requests_of(self.learner.tasks)
        rank, world = self.processes.rank, self.processes.world
        samples = iter(build_validation(self.config.data, requests, rank, world))
        with averaged(self.config, self.learner):
            if not self.learner.tasks:
                metrics = self._flow_loss(samples)
                return metrics, metrics["loss"]
            if self.constants is None:
                self.constants = mean_answers(self.config, self.learner, self.processes)
            metrics = validate(self.learner, samples, self.processes, self.constants, draw, self.config.engine.pictures)
        return metrics, score_of(metrics, self.learner.tasks, self.config.engine.best_metric)

    @torch.no_grad()
    def _flow_loss(self, samples: Any) -> dict[str, float]:
        """The loss of ``generate``, each clip with a noise of its own that is the same at every validation."""
        learner, device, engine = self.learner, self.processes.device, self.config.engine
        total, clips = 0.0, 0.0
        with answering(learner) as module:
            for number, (sample, counts) in enumerate(in_step(samples, self.processes, module)):
                latents = encode(learner.codec, torch.from_numpy(sample.rgb[None]), device)
                random = generator(engine.seed, _HELD_OUT, number * self.processes.world + self.processes.rank)
                s = draw_noise_levels(engine, 1, random).to(device)
                noise = torch.randn(latents.shape, generator=random).to(device)
                text = stack_texts([self.captions[sample.caption]], device)
                with self.processes.autocast():
                    loss = module(Inputs(latents, text, len(sample.rgb), noise=noise, timestep=s))
                total, clips = total + counts * float(loss), clips + counts
        total, clips = self.processes.total([total, clips])
        return {"loss": total / clips if clips else float("nan"), "clips": clips}


def mean_answers(config: TrainConfig, learner: Learner, processes: Processes) -> dict[str, MeanAnswer]:
    """Task -> mean of its targets over the first ``constant_samples`` of training, made by process 0."""
    from train.data import build_loader

    wanted = config.engine.constant_samples
    answers = {name: MeanAnswer(task) for name, task in learner.tasks.items() if task.options.ratio > 0}
    seen = dict.fromkeys(answers, 0)
    if processes.first and wanted:
        loader = build_loader(
            config.data, requests_of(learner.tasks), config.engine.batch_size, 0, 1, config.engine.seed
        )
        while sum(seen.values()) < wanted:
            batch = next(loader)
            parts = [(batch.dense["index"], batch.dense)] if batch.dense else []
            for rows, part in parts + [(part["index"], part) for part in batch.sparse.values()]:
                for k, row in enumerate(rows.tolist()):
                    task = batch.tasks[row]
                    answers[task].update(part["target"][k].numpy(), part["valid"][k].numpy())
                    seen[task] += 1
        loader.close()
    return processes.from_first({name: answer for name, answer in answers.items() if seen[name]})
