"""One step of the trainer on tensors without numbers: what it would hold in memory, byte by byte.

The trainer's own code runs at full size: the VAE encodes a clip and its target, the model answers, gradients flow back.
Every tensor is fake (PyTorch's ``FakeTensorMode``: shapes, dtypes and lifetimes are real, numbers are not there), and
every storage is counted while it lives. So dtypes under autocast, recomputation and what the graph keeps are those of
the code, not of a formula. What cannot be had so is said in ``tools/memory_budget.py``.
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._pytree import tree_leaves

from train.config import TrainConfig
from train.engine.learner import prepare_model
from train.engine.objective import Generate, Inputs, Perceive, encode, group_sizes, perceive_inputs
from train.model import Codec, ThfmModel, build_model
from train.model.build import FAMILIES, build_codec, cast
from train.model.config import ModelConfig, torch_dtype
from train.model.published import PUBLISHED, without_weights
from train.tasks import Task, build_tasks

_CPU = torch.device("cpu")  # fake tensors need no memory there; a build of PyTorch for CPUs knows no fake GPU
_FLASH_BACKWARD = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward.default


class LiveBytes(FakeTensorMode):
    """Within the context all tensors are fake, and counted.

    Attributes:
        live, peak: bytes of all storages that exist now, and at most since ``restart``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.live = self.peak = 0
        self._known: dict[int, weakref.ref] = {}
        self._depth = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.ops.prim.device.default:
            return args[0].fake_device
        self._depth += 1
        try:
            out = super().__torch_dispatch__(func, types, args, kwargs)
        finally:
            self._depth -= 1
        if self._depth:  # within an operation that the mode takes apart and a GPU does not
            return out
        for tensor in tree_leaves(out):
            if isinstance(tensor, Tensor):
                self._see(tensor.untyped_storage())
        if func is _FLASH_BACKWARD:  # on GPUs it adds up dQ in float32
            self.peak = max(self.peak, self.live + 4 * args[1].numel())
        return out

    def _see(self, storage: torch.UntypedStorage) -> None:
        key, size = id(storage), storage.nbytes()
        if key not in self._known:
            self._known[key] = weakref.ref(storage, lambda _: self._gone(key, size))
            self.live += size
            self.peak = max(self.peak, self.live)

    def _gone(self, key: int, size: int) -> None:
        del self._known[key]
        self.live -= size

    @contextmanager
    def beyond(self, base: int) -> Iterator[list[int]]:
        """A list that holds, after the block, by how many bytes the block exceeded ``base`` at most."""
        self.peak, found = self.live, []
        yield found
        found.append(self.peak - base)


@dataclass(frozen=True)
class Parameters:
    """A model's parameters: bytes by what becomes of them, and the numbers that sharding needs.

    Attributes:
        shapes: (block, shape, dtype, trained) of each; block is -1 outside of the blocks.
    """

    shapes: tuple[tuple[int, tuple[int, ...], torch.dtype, bool], ...]

    def count(self, trained: bool, block: int | None = None) -> int:
        """Numbers, in all or in one block."""
        return sum(int(np.prod(s)) for b, s, _, t in self.shapes if t == trained and block in (None, b))

    def held(self, trained: bool, slices: int = 1) -> int:
        """Bytes on one of ``slices`` devices: FSDP2 cuts rows, and rounds up."""
        return sum(
            -(-s[0] // slices) * int(np.prod(s[1:])) * d.itemsize for _, s, d, t in self.shapes if s and t == trained
        )

    @property
    def largest_block(self) -> int:
        """Numbers in the largest block."""
        return max(self.count(True, b) + self.count(False, b) for b in {b for b, *_ in self.shapes} - {-1})


@dataclass(frozen=True)
class Footprint:
    """Bytes that one process of the trainer needs.

    Attributes:
        parameters: of the model.
        codec: weights of the VAE.
        encode: beyond weights and gradients, while a clip and its target are encoded.
        kept: what waits for the backward pass when the forward pass is done.
        step: beyond weights and gradients, while the model runs forward and backward.
        decode: beyond weights, while an answer is decoded at validation.
        tokens: of the video, and of all groups.
    """

    parameters: Parameters
    codec: int
    encode: int
    kept: int
    step: int
    decode: int
    tokens: tuple[int, int]


def footprint(config: TrainConfig, shape: tuple[int, int, int, int], whole: bool = True) -> Footprint:
    """What a step on a batch of ``shape`` (B, T, H, W) takes.

    Args:
        config: of the run; weights are neither needed nor looked for.
        shape: of the batch.
        whole: False leaves encode and decode out, as 0, which is quicker.

    Raises:
        ThfmError: a model that is not described in train/model/published.py; sizes that do not fit the codec.
    """
    engine, sharded = config.engine, config.engine.fsdp
    tasks = build_tasks(config.tasks) if engine.objective == "perceive" else {}
    with torch.device("meta"):
        model = build_model(without_weights(config.model), group_sizes(tasks))
        prepare_model(model, engine)
        codec = fake_codec(config.model)
    parameters = _parameters(model)
    if sharded and engine.precision == "bf16":
        for parameter in model.parameters():  # what FSDP2 gathers is in the dtype of its policy
            parameter.data = parameter.data.bfloat16()
    with LiveBytes() as memory, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of mixed dtypes in a norm, once more at full size
        _make_real(codec)
        held = memory.live
        _make_real(model)
        objective = Perceive(model, tasks) if tasks else Generate(model)
        _make_gradients(model, sharded)
        inputs, encoding = _encoded(config, codec, tasks, shape, memory, whole)
        base = memory.live
        with memory.beyond(base) as step:
            with torch.autocast("cpu", torch.bfloat16, enabled=engine.precision == "bf16"):
                losses = objective(inputs)
            kept = memory.live - base
            losses.sum().backward()
        del losses
        decoding = _decoded(codec, inputs.latents[:1], memory) if whole and _validates(config, tasks) else 0
    grid = model.backbone.grid(inputs.latents)
    tokens = (int(np.prod(grid)), shape[1] * len(group_sizes(tasks)))
    return Footprint(parameters, held, encoding, kept, step[0], decoding, tokens)


def fake_codec(config: ModelConfig) -> Codec:
    """The config's codec, as ``build_codec`` makes it but without its weights."""
    if config.codec.patch is not None:
        return build_codec(without_weights(config))
    kind, vae = FAMILIES[config.family][1], config.codec.vae
    described = PUBLISHED[vae.path or config.path]
    model = cast(kind.model_class.from_config(described.vae), torch_dtype(vae.dtype))
    return kind(model, vae.normalise, vae.tiling)


def _parameters(model: ThfmModel) -> Parameters:
    blocks = {
        id(p): i
        for i, b in enumerate(getattr(model.backbone.transformer, model.backbone.blocks))
        for p in b.parameters()
    }
    return Parameters(
        tuple((blocks.get(id(p), -1), tuple(p.shape), p.dtype, p.requires_grad) for p in model.parameters())
    )


def _make_real(model: nn.Module) -> None:
    """Parameters and buffers from the meta device to the surrounding mode."""
    for module in model.modules():
        for name, old in module._parameters.items():
            if old is not None:
                new = torch.empty(old.shape, dtype=old.dtype)
                module._parameters[name] = nn.Parameter(new, requires_grad=old.requires_grad)
        for name, old in module._buffers.items():
            if old is not None:
                module._buffers[name] = torch.empty(old.shape, dtype=old.dtype)


def _make_gradients(model: nn.Module, sharded: bool) -> None:
    """Gradients that are added to; with FSDP2 they leave at once, for another device's slice."""
    for parameter in model.parameters():
        if parameter.requires_grad and sharded:
            parameter.register_post_accumulate_grad_hook(lambda p: setattr(p, "grad", None))
        elif parameter.requires_grad:
            parameter.grad = torch.empty_like(parameter)


def _encoded(
    config: TrainConfig,
    codec: Codec,
    tasks: dict[str, Task],
    shape: tuple[int, int, int, int],
    memory: LiveBytes,
    whole: bool,
) -> tuple[Inputs, int]:
    """The most expensive inputs (those of a dense task, if there is one), and what making them took."""
    backbone = FAMILIES[config.model.family][0]
    width = without_weights(config.model).init.get(backbone.text_channels, 4096)
    text = torch.empty(config.model.text.length, width, dtype=torch_dtype(config.model.text.dtype))
    if not whole:
        latents = torch.empty(shape[0], codec.channels, *codec.latent_shape(*shape[1:]))
        cells = torch.empty(shape[0], 1, *latents.shape[2:])
        return _inputs(tasks, shape, latents, cells, text), 0
    batch = _batch(tasks, shape)
    with memory.beyond(memory.live) as found:
        if tasks:
            inputs = perceive_inputs(batch, codec, dict.fromkeys(tasks, text), _CPU)
        else:
            inputs = _inputs({}, shape, encode(codec, batch.rgb, _CPU), None, text)
    return inputs, found[0]


def _batch(tasks: dict[str, Task], shape: tuple[int, int, int, int]) -> SimpleNamespace:
    name = _dearest(tasks)
    batch = SimpleNamespace(
        rgb=torch.empty(*shape, 3, dtype=torch.uint8), tasks=[name] * shape[0], dense=None, sparse={}
    )
    if name is None:
        return batch
    if not tasks[name].sparse:
        batch.dense = {
            "index": np.arange(shape[0]),
            "target": torch.empty(*shape, 3),
            "valid": torch.empty(shape, dtype=torch.bool),
        }
    else:
        size = (shape[0], tasks[name].groups, shape[1], tasks[name].numbers)
        index = torch.empty(shape[0], dtype=torch.long)
        batch.sparse[name] = {"index": index, "target": torch.empty(size), "valid": torch.empty(size, dtype=torch.bool)}
    return batch


def _inputs(
    tasks: dict[str, Task], shape: tuple[int, ...], latents: Tensor, cells: Tensor | None, text: Tensor
) -> Inputs:
    """Inputs as ``perceive_inputs`` or ``generate_inputs`` would make them of these latents."""
    inputs = Inputs(latents, text.expand(shape[0], -1, -1), shape[1])
    name = _dearest(tasks)
    if name is None:
        inputs.noise, inputs.timestep = torch.empty_like(latents), torch.empty(shape[0])
    elif not tasks[name].sparse:
        inputs.dense[name] = (torch.empty(shape[0], dtype=torch.long), torch.empty_like(latents), cells)
    else:
        part = _batch(tasks, shape).sparse[name]
        inputs.sparse[name] = (part["index"], part["target"], part["valid"])
    return inputs


def _dearest(tasks: dict[str, Task]) -> str | None:
    dense = [name for name, task in tasks.items() if not task.sparse]
    return next(iter(dense or tasks), None)


def _validates(config: TrainConfig, tasks: dict[str, Task]) -> bool:
    held = config.data.validation
    return bool(held.urls or held.shards) and any(not task.sparse for task in tasks.values())


def _decoded(codec: Codec, latents: Tensor, memory: LiveBytes) -> int:
    with memory.beyond(memory.live) as found:
        video = codec.decode(latents)[0].movedim(0, -1)
        (video / 2 + 0.5).float()
    return found[0]
