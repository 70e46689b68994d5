"""The loop: batches in, steps, and at intervals numbers, validations and checkpoints."""

from __future__ import annotations

import logging
import math
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from synth.conventions import ThfmError
from train.config import TrainConfig
from train.engine.captions import Captions
from train.engine.checkpoint import Writer, load_state, load_tensors
from train.engine.finish import save_final
from train.engine.held_out import HeldOut
from train.engine.learner import Learner, build_learner
from train.engine.meter import Meter
from train.engine.objective import Inputs, generate_inputs, perceive_inputs
from train.engine.optimiser import clip_gradients, gradient_norm, scale_gradients, schedule, set_rates
from train.engine.outliers import Outliers
from train.engine.parallel import Processes
from train.engine.randomness import random_kept, random_state, restore_random_state, seed_everything
from train.engine.run import Run
from train.engine.signals import Stop
from train.engine.start import requests_of, settle_run
from train.engine.watch import Silent, Watch

_LOG = logging.getLogger(__name__)
_NOISE, _DROPOUT = 1, 2  # purposes of random numbers


def fit(config: TrainConfig, out: str | Path, mode: str = "auto") -> int:
    """Train, and leave the result in ``out/final``.

    Args:
        mode: auto: resume if ``out`` holds a checkpoint; resume: insist on one; fresh: delete what is there.

    Returns:
        0 when the run is complete or at its time limit, 128 + n when signal n stopped it.

    Raises:
        ThfmError: a config, data set, weights or run folder that cannot be used.
    """
    with Stop() as stop:
        processes = Processes(config.engine)
        try:
            run = Run(out)
            start = settle_run(run, config, mode, processes)
            return _Loop(config, run, processes, start, stop).go()
        finally:
            processes.close()


class _Loop:
    def __init__(self, config: TrainConfig, run: Run, processes: Processes, start: Path | None, stop: Stop):
        from train.data import build_loader

        self.config, self.engine, self.run, self.processes, self.stop = config, config.engine, run, processes, stop
        self._clips = processes.world * self.engine.batch_size * self.engine.accumulation
        self.learner: Learner = build_learner(config, processes)
        self.outliers, self.meter, self.step, self.damaged = Outliers(self.engine.outliers), Meter(), 0, 0.0
        state = None
        if start is not None:
            state = load_state(start)
            load_tensors(start, self.learner.tensors())
            self._restore(state)
        self.captions = Captions(config.model, processes.device)
        self.loader = build_loader(
            config.data,
            requests_of(self.learner.tasks),
            self.engine.batch_size,
            processes.rank,
            processes.world,
            self.engine.seed,
            state["position"] if state else None,
        )
        if len(set(processes.gather(self.loader.plan.digest))) > 1:
            raise ThfmError(
                "the processes see different shards, so they would train on some clips twice and on others never: give "
                "every machine the same files under data.sources."
            )
        self.batches: Iterator[Any] = iter(self.loader)
        self.held_out = HeldOut(config, self.learner, processes, self.captions)
        engine = self.engine
        self.writer = Writer(run.checkpoints, processes.rank, processes.world, engine.keep_last, engine.keep_best)
        self.deadline = time.monotonic() + 60 * engine.time_limit if engine.time_limit else float("inf")
        seed_everything(engine.seed, _DROPOUT, processes.rank, self.step)
        if state and len(state["random"]) == processes.world:
            restore_random_state(state["random"][processes.rank])

    def go(self) -> int:
        """Until the last step, the time limit or a signal; returns the exit code."""
        engine, start = self.engine, self.step
        shown = self.config.model_dump(mode="json")
        first = self.processes.first
        with Watch(self.run, engine.steps, start, engine.wandb, shown) if first else Silent() as self.watch:
            if start:
                self.watch.tell(f"going on after step {start}")
            self.meter.began = time.monotonic()
            saved, code, ended = start, 0, False
            while self.step < engine.steps and not ended:
                self._one_step()
                code, ended = self._ending()
                self._log_if_due()
                score = self._validate_if_due()
                due = self.step % engine.checkpoint_every == 0 or self.step == engine.steps
                if due or ended or (score is not None and engine.keep_best):
                    self._save(score)
                    saved = self.step
            self.writer.wait()
            self.processes.wait()  # launchers end all processes soon after one has left
            if self.step >= engine.steps:
                save_final(self.config, self.learner, self.processes, self.run.final)
                self.watch.tell(f"done: {self.run.final}")
            elif ended:
                self.watch.tell(f"stopped after step {saved}; the same command goes on from there")
        self.loader.close()
        return code

    def _one_step(self) -> None:
        """One optimiser step over ``accumulation`` batches of every process."""
        processes, engine, learner = self.processes, self.engine, self.learner
        names = list(learner.tasks) or ["generate"]
        loss, count = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0.0)
        waited, keys = 0.0, []
        for number in range(engine.accumulation):
            before = time.monotonic()
            with random_kept():
                batch = next(self.batches)
            waited += time.monotonic() - before
            keys += batch.keys
            inputs = self._inputs(batch, number)
            with processes.accumulating(learner.wrapped, number == engine.accumulation - 1):
                with processes.autocast():
                    losses = learner.wrapped(inputs)
                losses.sum().backward()
            tasks = batch.tasks if learner.tasks else names * len(batch.tasks)
            for task, value in zip(tasks, losses.tolist(), strict=True):
                loss[task] += value
                count[task] += 1
        totals = processes.total([*loss.values(), *count.values(), waited, float(len(self.loader.damaged))])
        loss, count = dict(zip(names, totals, strict=False)), dict(zip(names, totals[len(names) :], strict=False))
        waited, self.damaged = totals[2 * len(names) :]
        samples = sum(count.values())
        # Gradients are sums over a process's samples, averaged over processes: make them means over all samples.
        scale_gradients(learner.parameters.values(), processes.world / samples)
        self._update(keys, loss, count)
        self.meter.add_time(samples, waited)
        self.step += 1

    def _inputs(self, batch: Any, number: int) -> Inputs:
        learner, device = self.learner, self.processes.device
        if learner.tasks:
            return perceive_inputs(batch, learner.latents, learner.prompts, device)
        place = number * self.processes.world + self.processes.rank
        self.captions.learn(["", *batch.captions])
        words = (self.engine.seed, _NOISE, self.step, place)
        return generate_inputs(batch, learner.latents, self.captions, self.engine, words, device)

    def _ending(self) -> tuple[int, bool]:
        """(exit code, whether to end) as all processes see it: any one's signal or the first one's clock decides."""
        first = self.processes.first
        received = self.stop.received or (first and self.run.asked_to_stop())
        late = first and time.monotonic() > self.deadline
        asked = [float(received == signal.SIGTERM), float(received == signal.SIGINT), float(late)]
        term, interrupt, late = self.processes.total(asked)
        code = 128 + signal.SIGTERM if term else 128 + signal.SIGINT if interrupt else 0
        return code, bool(term or interrupt or late)

    def _update(self, keys: list[str], loss: dict[str, float], count: dict[str, float]) -> None:
        """Clip once, step, average; or skip all that."""
        learner, config = self.learner, self.engine.optimiser
        norm, having = gradient_norm(learner.parameters.values())
        size = max(self.processes.gather(norm.item()), key=lambda n: (math.isnan(n), n))  # all judge the worst
        reason = self.outliers.judge(size)
        self.rates = set_rates(learner.optimiser, schedule(config, self.step, self.engine.steps))
        if reason is None:
            if config.clip is not None:
                clip_gradients(having, config.clip, norm)
            learner.optimiser.step()
            if learner.ema is not None:
                learner.ema.update()
            self.meter.add_losses(loss, count, size)
        else:
            keys = sum(self.processes.gather(keys), [])
            self.watch.tell(f"step {self.step + 1} skipped: {reason}; clips {', '.join(keys[:8])}")
        learner.optimiser.zero_grad(set_to_none=True)

    def _log_if_due(self) -> None:
        if self.step % self.engine.log_every == 0 or self.step == self.engine.steps:
            row = self.meter.take(self.processes.world)
            row |= {f"lr/{name}": rate for name, rate in self.rates.items()}
            row |= {"skipped": self.outliers.skipped, "damaged": self.damaged}
            row["memory_gib"] = self.processes.memory_gib()
            self.watch.write(self.step, row)
        else:
            self.watch.advance(self.step)

    def _validate_if_due(self) -> float | None:
        every = self.engine.validate_every
        if not ((every and self.step % every == 0) or self.step == self.engine.steps):
            return None
        before = time.monotonic()
        with random_kept():
            metrics, score = self.held_out.validate(lambda name, image: self.watch.picture(self.step, name, image))
        if metrics:
            self.watch.write(self.step, {f"validation/{k}": v for k, v in metrics.items()}, say=False)
            self.watch.table(self.step, metrics)
        self.meter.began += time.monotonic() - before  # samples/s are those of training
        return score

    def _save(self, score: float | None) -> None:
        self.writer.begin(self.step)
        state = {
            "step": self.step,
            "clips": self._clips,
            "position": self.loader.position(),
            "outliers": self.outliers.state(),
            "meter": self.meter.state(),
            "ema_updates": self.learner.ema.updates if self.learner.ema else 0,
            "random": self.processes.gather(random_state()),  # also the barrier that begin() asks for
        }
        self.writer.save(self.step, self.learner.tensors(), state, score)

    def _restore(self, state: dict) -> None:
        self.step = state["step"]
        if self._clips != state["clips"] and self.processes.first:
            _LOG.warning(
                "a step had %d clips (processes x batch_size x accumulation) until now, and has %d from here on: "
                "set engine.accumulation to keep them",
                state["clips"],
                self._clips,
            )
        self.outliers.restore(state["outliers"])
        self.meter.restore(state["meter"])
        if self.learner.ema is not None:
            self.learner.ema.updates = state["ema_updates"]
