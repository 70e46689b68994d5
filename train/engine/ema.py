"""An exponential moving average of trained weights, in fp32, slice by slice where they are sharded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


def local(tensor: Tensor) -> Tensor:
    """This process's slice of a sharded tensor (sharing memory), or the tensor itself."""
    tensor = tensor.detach()
    return tensor.to_local() if hasattr(tensor, "to_local") else tensor


class Ema:
    """Averages of named parameters.

    The decay of update n (from 0) is min(decay, (1 + n) / (10 + n)): young averages forget their start.

    Attributes:
        average: name -> fp32 tensor, sharded like its parameter.
        updates: how many steps it has seen.
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter], decay: float):
        self.parameters, self.decay, self.updates = dict(parameters), decay, 0
        self.average = {name: p.detach().clone().float() for name, p in parameters.items()}

    @torch.no_grad()
    def update(self) -> None:
        """Take in the parameters as they are now."""
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        averages = [local(a) for a in self.average.values()]
        values = [local(p).float() for p in self.parameters.values()]
        torch._foreach_lerp_(averages, values, 1 - decay)
        self.updates += 1

    @contextmanager
    def swapped(self) -> Iterator[None]:
        """Within the block the parameters hold the averages; afterwards, to the bit, what they held before."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        for name, parameter in self.parameters.items():
            here, there = local(parameter), local(self.average[name])
            kept = here.clone()
            here.copy_(there)
            there.copy_(kept)
