"""Parameters in groups, the optimiser over them, and learning rates as a pure function of the step."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import nn
from torch.optim import Adam, AdamW, Optimizer

from train.engine.config import OptimiserConfig
from train.engine.ema import local


def trainable(model: nn.Module) -> dict[str, nn.Parameter]:
    """Name -> parameter that training changes, in the model's order."""
    return {name: p for name, p in model.named_parameters() if p.requires_grad}


def is_token(name: str) -> bool:
    """Whether a parameter belongs to tokens and heads, by its name in the model."""
    return "tokens" in name.split(".")


def build_optimiser(config: OptimiserConfig, parameters: dict[str, nn.Parameter]) -> Optimizer:
    """Adam or AdamW over named parameters, in up to four groups: backbone or tokens, with or without weight decay.

    Each group holds ``peak``, its learning rate after the warm-up. The moments exist from the start, as zeros, so that
    a checkpoint can be read into them.
    """
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in parameters.items():
        groups.setdefault((is_token(name), parameter.ndim > 1), []).append(parameter)
    rates = {False: config.lr, True: config.lr if config.lr_tokens is None else config.lr_tokens}
    described = [
        {
            "params": members,
            "lr": 0.0,
            "peak": rates[token],
            "token": token,
            "weight_decay": config.weight_decay * decays,
        }
        for (token, decays), members in sorted(groups.items())
    ]
    kind = {"adamw": AdamW, "adam": Adam}[config.kind]
    optimiser = kind(described, betas=config.betas, eps=config.eps)
    for parameter in parameters.values():
        optimiser.state[parameter] = {
            "step": torch.tensor(0.0),
            "exp_avg": torch.zeros_like(parameter, memory_format=torch.preserve_format),
            "exp_avg_sq": torch.zeros_like(parameter, memory_format=torch.preserve_format),
        }
    return optimiser


def schedule(config: OptimiserConfig, step: int, steps: int) -> float:
    """Share of the peak learning rate for the ``step``-th update (from 0) of ``steps``."""
    if step < config.warmup:
        return (step + 1) / config.warmup
    if config.schedule == "constant":
        return 1.0
    way = min(1.0, (step - config.warmup) / max(1, steps - config.warmup))
    return config.final + (1 - config.final) * 0.5 * (1 + math.cos(math.pi * way))


def set_rates(optimiser: Optimizer, share: float) -> dict[str, float]:
    """Give each group its rate; returns them as ``backbone`` and ``tokens``, as far as there are such parameters."""
    rates = {}
    for group in optimiser.param_groups:
        group["lr"] = share * group["peak"]
        rates["tokens" if group["token"] else "backbone"] = group["lr"]
    return rates


@torch.no_grad()
def scale_gradients(parameters: Iterable[nn.Parameter], factor: float) -> None:
    """Multiply all gradients, slices in place."""
    torch._foreach_mul_([local(p.grad) for p in parameters if p.grad is not None], factor)


def gradient_norm(parameters: Iterable[nn.Parameter]) -> tuple[torch.Tensor, list[nn.Parameter]]:
    """L2 norm of all gradients as one vector, over all slices where they are sharded, and the parameters having one."""
    having = [p for p in parameters if p.grad is not None]
    norm = nn.utils.get_total_norm([p.grad for p in having])
    return (norm.full_tensor() if hasattr(norm, "full_tensor") else norm), having


def clip_gradients(parameters: list[nn.Parameter], limit: float, norm: torch.Tensor) -> None:
    """Scale gradients so that their norm, which is ``norm``, is at most ``limit``."""
    nn.utils.clip_grads_with_norm_(parameters, limit, norm)
