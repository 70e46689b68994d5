"""What is learnt: losses of one batch, a number a sample.

``Perceive``: the clean latent goes in, the target latent (dense tasks) and tokens (sparse tasks) come out in one pass.
``Generate``: rectified flow on colour latents with captions, which makes a backbone worth fine-tuning.

Both wrap the model, so that DDP and FSDP2 see one ``forward`` that ends in losses. Inputs are made outside of it,
without gradients. Every output takes part in the loss of every batch, if only with an empty slice: all processes then
see gradients of the same parameters, whatever tasks their samples have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from train.engine.config import EngineConfig
from train.engine.latents import Latents
from train.engine.randomness import generator
from train.model import Answer, valid_cells
from train.tasks import Task


@dataclass
class Inputs:
    """One batch on the device; B samples, n_k of task k.

    Attributes:
        latents: (B, C, t, h, w) colour, normalised.
        text: (B, L, D).
        frames: T, of pixels.
        dense: task -> (rows (n,), target latents (n, C, t, h, w), share of valid pixels (n, 1, t, h, w)).
        sparse: task -> (rows (n,), target (n, G, T, K), valid (n, G, T, K)).
        noise, timestep: for ``Generate``: (B, C, t, h, w) and (B,) s in [0, 1].
    """

    latents: Tensor
    text: Tensor
    frames: int
    dense: dict[str, tuple[Tensor, Tensor, Tensor]] = field(default_factory=dict)
    sparse: dict[str, tuple[Tensor, Tensor, Tensor]] = field(default_factory=dict)
    noise: Tensor | None = None
    timestep: Tensor | None = None


def stack_texts(texts: Sequence[Tensor], device: torch.device) -> Tensor:
    """Embeddings (L_i, D) -> (B, L, D), padded with zeros, which is what an absent word is to these backbones."""
    return pad_sequence(list(texts), batch_first=True).to(device)


class Perceive(nn.Module):
    """Losses of perception; ``groups`` are the model's token groups by task, ``weights`` the codec's (C,)."""

    def __init__(self, model: nn.Module, tasks: Mapping[str, Task], weights: Tensor | None = None):
        super().__init__()
        self.model, self.tasks = model, dict(tasks)
        self.groups = groups_of(tasks)
        scale = None if weights is None else weights.sqrt().view(-1, 1, 1, 1)
        self.register_buffer("scale", scale, persistent=False)

    def forward(self, inputs: Inputs, losses: bool = True) -> Any:
        """(B,) losses; or else the model's ``Answer``."""
        names = [name for groups in self.groups.values() for name in groups]
        answer = self.model(inputs.latents, inputs.text, inputs.frames, names)
        return self._losses(answer, inputs) if losses else answer

    def _losses(self, answer: Answer, inputs: Inputs) -> Tensor:
        losses = answer.video.new_zeros(len(inputs.latents), dtype=torch.float32)
        for name, (rows, target, cells) in inputs.dense.items():
            video = answer.video[rows]
            if self.scale is not None:
                video, target = video.float() * self.scale, target * self.scale
            losses = losses.index_add(0, rows, self._loss(name, video, target, cells))
        for name, (rows, target, valid) in inputs.sparse.items():
            tokens = torch.stack([answer.sparse[group] for group in self.groups[name]], 1)  # (B, G, T, K)
            losses = losses.index_add(0, rows, self._loss(name, tokens[rows], target, valid))
        unused = [answer.video, *answer.sparse.values()]
        return losses + sum(output[:0].float().sum() for output in unused)

    def _loss(self, name: str, *arguments: Tensor) -> Tensor:
        task = self.tasks[name]
        return task.options.weight * task.loss(*arguments)


class Generate(nn.Module):
    """Losses of rectified flow: x_s = (1 - s) x + s noise, the model says noise - x."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, inputs: Inputs) -> Tensor:
        """(B,) losses."""
        s = inputs.timestep.view(-1, 1, 1, 1, 1)
        noisy = (1 - s) * inputs.latents + s * inputs.noise
        velocity = self.model.velocity(noisy, 1000 * inputs.timestep, inputs.text)
        return (velocity.float() - (inputs.noise - inputs.latents)).square().flatten(1).mean(1)


def groups_of(tasks: Mapping[str, Task]) -> dict[str, list[str]]:
    """Sparse task -> names of its token groups."""
    return {name: [f"{name}.{g}" for g in range(task.groups)] for name, task in tasks.items() if task.sparse}


def group_sizes(tasks: Mapping[str, Task]) -> dict[str, int]:
    """Token group -> numbers that its tokens answer with, for ``build_model``."""
    return {group: tasks[name].numbers for name, groups in groups_of(tasks).items() for group in groups}


def draw_noise_levels(config: EngineConfig, count: int, generator: torch.Generator) -> Tensor:
    """(count,) s in (0, 1), 1 is pure noise."""
    if config.noise == "logit_normal":
        s = torch.sigmoid(torch.randn(count, generator=generator))
    else:
        s = torch.rand(count, generator=generator)
    return config.noise_shift * s / (1 + (config.noise_shift - 1) * s)


def perceive_inputs(batch: Any, latents: Latents, prompts: Mapping[str, Tensor], device: torch.device) -> Inputs:
    """A loader's batch, encoded for ``Perceive``; ``prompts`` is task -> (L, D)."""
    text = stack_texts([prompts[task] for task in batch.tasks], device)
    inputs = Inputs(latents.colour(batch), text, batch.rgb.shape[1])
    if batch.dense is not None:
        rows = batch.dense["index"].tolist()
        targets = latents.targets(batch)
        cells = valid_cells(batch.dense["valid"].to(device), latents.codec)
        for task in dict.fromkeys(batch.tasks[row] for row in rows):
            mine = [k for k, row in enumerate(rows) if batch.tasks[row] == task]
            index = torch.tensor([rows[k] for k in mine], device=device)
            inputs.dense[task] = (index, targets[mine], cells[mine])
    for task, part in batch.sparse.items():
        inputs.sparse[task] = tuple(part[key].to(device) for key in ("index", "target", "valid"))
    return inputs


def generate_inputs(
    batch: Any,
    latents: Latents,
    captions: Mapping[str, Tensor],
    config: EngineConfig,
    words: Sequence[int],
    device: torch.device,
) -> Inputs:
    """A loader's batch, encoded for ``Generate``.

    Args:
        captions: caption -> (L, D); holds "" too.
        words: numbers that this batch's randomness depends on; the same on any number of processes.
    """
    clean, random = latents.colour(batch), generator(*words)
    kept = torch.rand(len(clean), generator=random) >= config.caption_dropout
    text = stack_texts([captions[c if k else ""] for c, k in zip(batch.captions, kept.tolist(), strict=True)], device)
    s = draw_noise_levels(config, len(clean), random).to(device)
    noise = torch.randn(clean.shape, generator=random).to(device)
    return Inputs(clean, text, batch.rgb.shape[1], noise=noise, timestep=s)
