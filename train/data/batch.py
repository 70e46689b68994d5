"""``Batch``: samples stacked for the trainer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import default_collate

from train.data.sample import Sample
from train.data.shardfile import Damage


@dataclass(frozen=True)
class Batch:
    """B samples of one shape, each with one task.

    Attributes:
        rgb: (B, T, H, W, 3) uint8.
        tasks, keys, sources, captions: B each.
        fps: (B,) float32, frames per second of the window.
        numbers: (B,) int64, the samples' places in the order of all ranks' samples.
        contents: B ids; equal when clip, window, size and augmentation are the same to the byte.
        dense: None, or ``index`` (n,) int64 into the batch, ``target`` (n, T, H, W, 3) float32, ``valid`` (n, T, H, W)
            bool, of the samples whose task is dense.
        sparse: task -> ``index`` (n,), ``target`` (n, G, T, K) float32, ``valid`` (n, G, T, K) bool.
        damaged: what was found unreadable while making this batch.
        data_seconds: how long the trainer waited for it.
    """

    rgb: Tensor
    tasks: tuple[str, ...]
    keys: tuple[str, ...]
    sources: tuple[str, ...]
    captions: tuple[str, ...]
    fps: Tensor
    numbers: Tensor
    contents: tuple[str, ...]
    dense: dict[str, Tensor] | None
    sparse: dict[str, dict[str, Tensor]]
    damaged: tuple[Damage, ...] = ()
    data_seconds: float = 0.0

    def to(self, device: torch.device | str, non_blocking: bool = True) -> Batch:
        """The batch with its tensors on a device."""
        return self._mapped(lambda tensor: tensor.to(device, non_blocking=non_blocking))

    def pin_memory(self) -> Batch:
        """The batch with its tensors in pinned memory; torch's loader calls it."""
        return self._mapped(Tensor.pin_memory)

    def _mapped(self, function: Callable[[Tensor], Tensor]) -> Batch:
        return replace(self, **{f.name: _map(getattr(self, f.name), function) for f in fields(self)})


def _map(value: Any, function: Callable[[Tensor], Tensor]) -> Any:
    if isinstance(value, Tensor):
        return function(value)
    return {name: _map(part, function) for name, part in value.items()} if isinstance(value, dict) else value


def stack(
    samples: Sequence[Sample],
    targets: Sequence[dict[str, np.ndarray]],
    numbers: Sequence[int],
    contents: Sequence[str],
    damaged: Sequence[Damage] = (),
) -> Batch:
    """Samples and what their tasks made of them -> a batch.

    A target of four axes is dense, one of three is sparse; a task may give none.
    """
    dense = [i for i, target in enumerate(targets) if target and target["target"].ndim == 4]
    sparse: dict[str, list[int]] = {}
    for i, target in enumerate(targets):
        if target and target["target"].ndim == 3:
            sparse.setdefault(samples[i].task, []).append(i)
    return Batch(
        rgb=_stacked([sample.rgb for sample in samples]),
        tasks=tuple(sample.task for sample in samples),
        keys=tuple(sample.key for sample in samples),
        sources=tuple(sample.source for sample in samples),
        captions=tuple(sample.caption for sample in samples),
        fps=torch.tensor([sample.fps for sample in samples], dtype=torch.float32),
        numbers=torch.tensor(list(numbers), dtype=torch.int64),
        contents=tuple(contents),
        dense=_group(targets, dense) if dense else None,
        sparse={task: _group(targets, some) for task, some in sparse.items()},
        damaged=tuple(damaged),
    )


def _group(targets: Sequence[dict[str, np.ndarray]], some: list[int]) -> dict[str, Tensor]:
    stacked = {name: _stacked([targets[i][name] for i in some]) for name in ("target", "valid")}
    return {"index": torch.tensor(some, dtype=torch.int64), **stacked}


def _stacked(arrays: list[np.ndarray]) -> Tensor:
    # In a worker, default_collate stacks into shared memory, so that nothing is copied on the way to the trainer.
    return default_collate([torch.from_numpy(np.ascontiguousarray(array)) for array in arrays])
