"""What learns: model, codec, prompts, optimiser and average, put together from a config and spread over processes."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass

from accelerate import init_empty_weights
from torch import Tensor, nn
from torch.optim import Optimizer

from synth.conventions import ThfmError
from train.config import TrainConfig
from train.engine.config import EngineConfig
from train.engine.ema import Ema
from train.engine.latents import Latents, build_latents
from train.engine.objective import Generate, Perceive, group_sizes
from train.engine.optimiser import build_optimiser, trainable
from train.engine.parallel import Processes
from train.engine.randomness import seed_everything
from train.model import Codec, ThfmModel, add_lora, build_codec, build_model, embed_texts
from train.tasks import Task, build_tasks


@dataclass
class Learner:
    """Everything of a run that is neither data nor log.

    Attributes:
        tasks: by name; empty for ``generate``.
        prompts: task -> (L, D).
        objective: ``Perceive`` or ``Generate`` around the model, with the names that checkpoints use.
        wrapped: the same for training, as DDP or FSDP2 wants it called.
        parameters: name -> what is trained.
        ema: None without averages.
    """

    tasks: dict[str, Task]
    prompts: dict[str, Tensor]
    codec: Codec
    latents: Latents
    objective: nn.Module
    wrapped: nn.Module
    parameters: dict[str, nn.Parameter]
    optimiser: Optimizer
    ema: Ema | None

    def tensors(self) -> dict[str, Tensor]:
        """All that a checkpoint holds as tensors, by name; filled in place when one is read."""
        named: dict[str, Tensor] = {f"weights/{name}": p for name, p in self.parameters.items()}
        for name, parameter in self.parameters.items():
            for key, value in self.optimiser.state[parameter].items():
                named[f"moments/{name}/{key}"] = value
        if self.ema is not None:
            named |= {f"average/{name}": value for name, value in self.ema.average.items()}
        return named


def build_learner(config: TrainConfig, processes: Processes) -> Learner:
    """The learner at step 0.

    Raises:
        ThfmError: parts that do not fit each other, or that cannot be had.
    """
    engine = config.engine
    tasks = build_tasks(config.tasks) if engine.objective == "perceive" else {}
    _check(tasks, engine)
    prompts = _prompts(config, tasks, processes)
    seed_everything(engine.seed)  # the same on all
    codec = build_codec(config.model).to(processes.device).eval().requires_grad_(False)
    with init_empty_weights(include_buffers=False) if processes.follows else nullcontext():
        shape = config.model.model_copy(update={"random_weights": True}) if processes.follows else config.model
        model = build_model(shape, group_sizes(tasks))
        prepare_model(model, engine)
    objective = Perceive(model, tasks, codec.loss_weights) if engine.objective == "perceive" else Generate(model)
    blocks = list(getattr(model.backbone.transformer, model.backbone.blocks))
    if engine.compile:
        for block in blocks:
            block.compile()
    wrapped = processes.wrap(objective, blocks)
    parameters = trainable(objective)
    optimiser = build_optimiser(engine.optimiser, parameters)
    ema = Ema(parameters, engine.ema) if engine.ema is not None else None
    latents = build_latents(config, codec, tasks, processes.device)
    return Learner(tasks, prompts, codec, latents, objective, wrapped, parameters, optimiser, ema)


def prepare_model(model: ThfmModel, engine: EngineConfig) -> None:
    """Adapters, what is frozen, and in which precision; in place."""
    transformer = model.backbone.transformer
    if engine.train != "full":
        model.requires_grad_(False)
    if engine.train == "lora":
        lora = engine.lora
        add_lora(model.backbone, lora.rank, lora.alpha, lora.dropout, lora.targets or ())
    model.tokens.requires_grad_(engine.objective == "perceive")
    if engine.activation_checkpointing:
        transformer.enable_gradient_checkpointing()
    for parameter in model.parameters():
        if parameter.requires_grad:  # updates of 1e-5 vanish in bf16
            parameter.data = parameter.data.float()
    model.train()


def _check(tasks: Mapping[str, Task], engine: EngineConfig) -> None:
    if engine.objective == "perceive" and not any(task.options.ratio > 0 for task in tasks.values()):
        raise ThfmError("tasks names no task with a ratio above 0: give at least one, such as tasks: {depth: {}}.")
    if engine.train == "tokens":
        dense = [name for name, task in tasks.items() if not task.sparse and task.options.ratio > 0]
        if dense:
            raise ThfmError(
                f"engine.train=tokens cannot teach {dense[0]}, which the frozen backbone answers: "
                f"set tasks.{dense[0]}.ratio=0, or train=lora."
            )


def _prompts(config: TrainConfig, tasks: Mapping[str, Task], processes: Processes) -> dict[str, Tensor]:
    """Embedded by process 0 first, so that the others find them in the cache."""
    texts = [task.prompt for task in tasks.values()]
    embedded: dict[str, Tensor] = {}
    for turn in (True, False):
        if processes.first is turn:
            embedded = embed_texts(texts, config.model, processes.device) if texts else {}
        processes.wait()
    return {name: embedded[task.prompt] for name, task in tasks.items()}
