"""Processes that train together: who they are, how the model is spread over them, what they tell each other.

``Accelerator`` finds device, rank and process group, whether the run was started by plain Python, ``accelerate
launch``, torchrun or Ray Train, and wraps for DDP. FSDP2 is PyTorch's ``fully_shard`` itself, block by block, because
accelerate's plugin does so on GPUs only, and sharding must be testable where there is none.
"""

from __future__ import annotations

import os
import warnings
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import DistributedDataParallelKwargs, broadcast_object_list, gather_object
from torch import Tensor, nn
from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor

from synth.conventions import ThfmError
from train.engine.config import EngineConfig


class Processes:
    """This process among those that train together.

    Attributes:
        rank, world: which one of how many.
        device: where tensors belong.
    """

    def __init__(self, config: EngineConfig):
        if os.environ.get("ACCELERATE_USE_FSDP", "false").lower() == "true":
            raise ThfmError("FSDP is chosen by engine.fsdp=true: launch with an accelerate config without FSDP.")
        self.config = config
        cpu = config.device == "cpu" or not torch.accelerator.is_available()
        self._owns_group = not torch.distributed.is_initialized()  # Ray Train has made one
        ddp = DistributedDataParallelKwargs(broadcast_buffers=False, gradient_as_bucket_view=True)
        precision = {"fp32": "no", "bf16": "bf16"}[config.precision]
        self.accelerator = Accelerator(cpu=cpu, mixed_precision=precision, kwargs_handlers=[ddp])
        self.device = self.accelerator.device
        self.rank, self.world = self.accelerator.process_index, self.accelerator.num_processes
        if config.fsdp and self.world == 1:
            raise ThfmError(
                "engine.fsdp=true needs several processes: launch with accelerate launch, or set it to false."
            )

    @property
    def first(self) -> bool:
        """Whether this one writes files and speaks."""
        return self.rank == 0

    @property
    def follows(self) -> bool:
        """Whether this process builds the model without weights, on the meta device: ``wrap`` hands them over."""
        return self.config.fsdp and not self.first

    def wrap(self, module: nn.Module, blocks: list[nn.Module]) -> nn.Module:
        """The module on its device, ready to train; its own ``parameters()`` are from now on what training changes."""
        if self.config.fsdp:  # block by block, so that no device ever holds the whole
            mesh = torch.distributed.init_device_mesh(self.device.type, (self.world,))
            exact = MixedPrecisionPolicy(reduce_dtype=torch.float32, cast_forward_inputs=False)
            # Only blocks travel in bf16 (their norms too, unlike in copies): positions and heads need their digits.
            half = torch.bfloat16 if self.config.precision == "bf16" else None
            policy = MixedPrecisionPolicy(param_dtype=half, reduce_dtype=torch.float32, cast_forward_inputs=False)
            for block in blocks:
                self._hand_over(block)
                fully_shard(block, mesh=mesh, mp_policy=policy)
            self._hand_over(module)
            return fully_shard(module, mesh=mesh, mp_policy=exact)
        module.to(self.device)
        if self.world == 1:
            return module
        with warnings.catch_warnings():
            warnings.filterwarnings(
                "ignore", ".*broadcast_buffers.*", FutureWarning
            )  # accelerate has no other name yet
            return self.accelerator.prepare_model(module)

    def _hand_over(self, module: nn.Module) -> None:
        """Process 0's parameters, whole, to all devices; those that are sharded already stay as they are."""
        places = [(m, name) for m in module.modules() for name in m._parameters]
        places = [(m, name) for m, name in places if not isinstance(m._parameters[name], DTensor | None)]
        dtypes = self.from_first([m._parameters[name].dtype for m, name in places])
        for (owner, name), dtype in zip(places, dtypes, strict=True):
            old = owner._parameters[name]
            here = torch.empty_like(old, dtype=dtype, device=self.device) if old.is_meta else old.data.to(self.device)
            torch.distributed.broadcast(here, 0)
            owner._parameters[name] = nn.Parameter(here, old.requires_grad)
        module.to(self.device)  # buffers

    def autocast(self) -> AbstractContextManager:
        """Mixed precision by config."""
        return self.accelerator.autocast()

    def accumulating(self, wrapped: nn.Module, last: bool) -> AbstractContextManager:
        """Around forward and backward of one batch of several: copies exchange gradients with the last one only.

        Slices are exchanged with each: to wait for the last would take a whole gradient's memory on every process.
        """
        if last or self.world == 1 or isinstance(wrapped, FSDPModule):
            return nullcontext()
        return wrapped.no_sync()

    def total(self, numbers: list[float]) -> list[float]:
        """Sums over all processes, in float64."""
        if self.world == 1:
            return numbers
        vector = torch.tensor(numbers, dtype=torch.float64, device=self.device)
        torch.distributed.all_reduce(vector)
        return vector.tolist()

    def gather(self, thing: Any) -> list[Any]:
        """Everybody's ``thing``, in order of ranks, on every process."""
        return gather_object([thing]) if self.world > 1 else [thing]

    def from_first(self, thing: Any) -> Any:
        """What process 0 holds."""
        return broadcast_object_list([thing])[0] if self.world > 1 else thing

    def wait(self) -> None:
        """Until all are here."""
        self.accelerator.wait_for_everyone()

    def close(self) -> None:
        """Leave the process group, if it was made here; another run may follow in the same process."""
        if self.world > 1 and self._owns_group:
            torch.distributed.destroy_process_group()
        AcceleratorState._reset_state(reset_partial_state=True)

    def memory_gib(self) -> float:
        """Largest memory held so far: of the GPU, or of the process."""
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated() / 2**30
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def to_device(value: Tensor, device: torch.device) -> Tensor:
    """Copy that does not wait where it need not."""
    return value.to(device, non_blocking=True)
