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

from synth.conventions import ThfmError
from train.config import TrainConfig
from train.engine.latents import Latents
from train.engine.learner import prepare_model
from train.engine.objective import Generate, Inputs, Perceive, group_sizes, perceive_inputs, stack_texts
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
    """A model's parameters, as (block, shape, dtype, whether it is trained); block is -1 outside of the blocks."""

    each: tuple[tuple[int, tuple[int, ...], torch.dtype, bool], ...]

    @classmethod
    def of(cls, model: ThfmModel) -> Parameters:
        """Those of a model, which may be on the meta device."""
        blocks = getattr(model.backbone.transformer, model.backbone.blocks)
        place = {id(p): i for i, block in enumerate(blocks) for p in block.parameters()}
        return cls(tuple((place.get(id(p), -1), tuple(p.shape), p.dtype, p.requires_grad) for p in model.parameters()))

    def count(self, trained: bool) -> int:
        """How many numbers."""
        return sum(int(np.prod(shape)) for _, shape, _, t in self.each if t == trained)

    def held(self, trained: bool, slices: int = 1) -> int:
        """Bytes on one of ``slices`` devices: FSDP2 cuts rows, and rounds up."""
        return sum(
            -(-shape[0] // slices) * int(np.prod(shape[1:])) * dtype.itemsize
            for _, shape, dtype, t in self.each
            if t == trained
        )

    def in_block(self, block: int) -> int:
        """How many numbers, trained or not."""
        return sum(int(np.prod(shape)) for b, shape, _, _ in self.each if b == block)


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
    """What a step on a batch of ``shape`` takes.

    Args:
        config: of the run; weights are neither needed nor looked for.
        shape: (B, T, H, W) of the batch.
        whole: False leaves the codec out (encode and decode are 0), which is quicker.

    Raises:
        ThfmError: a model that is not described in train/model/published.py; sizes that do not fit the codec.
    """
    engine, half = config.engine, config.engine.precision == "bf16"
    tasks = build_tasks(config.tasks) if engine.objective == "perceive" else {}
    with torch.device("meta"):
        model = build_model(without_weights(config.model), group_sizes(tasks))
        prepare_model(model, engine)
        codec = codec_without_weights(config.model)
    parameters = Parameters.of(model)
    if engine.fsdp and half:  # FSDP2 gathers blocks in bf16, by its policy
        for parameter in getattr(model.backbone.transformer, model.backbone.blocks).parameters():
            parameter.data = parameter.data.bfloat16()
    with LiveBytes() as memory, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of mixed dtypes in a norm: they are so on GPUs too
        _from_meta(codec)
        held = memory.live
        _from_meta(model)
        _make_gradients(model, engine.fsdp)
        objective = Perceive(model, tasks, codec.loss_weights) if tasks else Generate(model)
        text = torch.empty(
            config.model.text.length, model.backbone.text_width, dtype=torch_dtype(config.model.text.dtype)
        )
        batch = _batch(tasks, shape)
        with memory.beyond(memory.live) as encoding:
            inputs = _inputs(batch, codec if whole else _NoWork(codec), tasks, text)
        del batch
        base = memory.live
        with memory.beyond(base) as step:
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                losses = objective(inputs)
            kept = memory.live - base
            losses.sum().backward()
        del losses
        with memory.beyond(memory.live) as decoding:
            if whole and _shows_video(config, tasks):
                video = codec.decode(inputs.latents[:1])[0].movedim(0, -1)
                (video / 2 + 0.5).float()
    tokens = (int(np.prod(model.backbone.grid(inputs.latents))), shape[1] * len(group_sizes(tasks)))
    return Footprint(parameters, held, encoding[0] if whole else 0, kept, step[0], decoding[0], tokens)


def codec_without_weights(config: ModelConfig) -> Codec:
    """The config's codec as ``build_codec`` makes it, but from the published architecture."""
    if config.codec.patch is not None:
        return build_codec(without_weights(config))
    kind, vae = FAMILIES[config.family][1], config.codec.vae
    source = vae.path or config.path
    if source not in PUBLISHED:
        raise ThfmError(f"{source} is not described in train/model/published.py: add it, or use model.codec.patch.")
    model = cast(kind.model_class.from_config(PUBLISHED[source].vae), torch_dtype(vae.dtype))
    return kind(model, vae.normalise, vae.tiling)


class _NoWork(Codec):
    """A codec of the same shapes that encodes in no time."""

    def __init__(self, codec: Codec):
        super().__init__()
        self.channels, self.spatial, self.temporal = codec.channels, codec.spatial, codec.temporal

    def encode(self, video: Tensor) -> Tensor:
        return torch.empty(len(video), self.channels, *self.latent_shape(*video.shape[2:]))

    def decode(self, latents: Tensor) -> Tensor:
        raise AssertionError("a training step decodes nothing")


def _from_meta(model: nn.Module) -> None:
    """Parameters and buffers from the meta device to the surrounding mode."""
    for module in model.modules():
        for name, old in module._parameters.items():
            if old is not None:
                module._parameters[name] = nn.Parameter(torch.empty(old.shape, dtype=old.dtype), old.requires_grad)
        for name, old in module._buffers.items():
            if old is not None:
                module._buffers[name] = torch.empty(old.shape, dtype=old.dtype)


def _make_gradients(model: nn.Module, sharded: bool) -> None:
    """Gradients to add to; with FSDP2 they leave at once, for the slices of all devices."""
    for parameter in model.parameters():
        if parameter.requires_grad and sharded:
            parameter.register_post_accumulate_grad_hook(lambda p: setattr(p, "grad", None))
        elif parameter.requires_grad:
            parameter.grad = torch.empty_like(parameter)


def _batch(tasks: dict[str, Task], shape: tuple[int, int, int, int]) -> SimpleNamespace:
    """A loader's batch of the most expensive kind: all of a dense task, if there is one."""
    name = next(iter([n for n, task in tasks.items() if not task.sparse] or tasks), None)
    rgb = torch.empty(*shape, 3, dtype=torch.uint8)
    batch = SimpleNamespace(rgb=rgb, tasks=[name] * len(rgb), contents=[""] * len(rgb), dense=None, sparse={})
    if name is not None and tasks[name].sparse:
        size = (len(rgb), tasks[name].groups, shape[1], tasks[name].numbers)
        index = torch.empty(len(rgb), dtype=torch.long)
        batch.sparse[name] = {"index": index, "target": torch.empty(size), "valid": torch.empty(size, dtype=torch.bool)}
    elif name is not None:
        valid = torch.empty(shape, dtype=torch.bool)
        batch.dense = {"index": np.arange(len(rgb)), "target": torch.empty(*shape, 3), "valid": valid}
    return batch


def _inputs(batch: SimpleNamespace, codec: Codec, tasks: dict[str, Task], text: Tensor) -> Inputs:
    latents = Latents(codec, _CPU)
    if tasks:
        return perceive_inputs(batch, latents, dict.fromkeys(tasks, text), _CPU)
    clean = latents.colour(batch)  # as generate_inputs, which draws numbers that are not there
    words = stack_texts([text] * len(clean), _CPU)
    return Inputs(clean, words, batch.rgb.shape[1], noise=torch.empty_like(clean), timestep=torch.empty(len(clean)))


def _shows_video(config: TrainConfig, tasks: dict[str, Task]) -> bool:
    """Whether validation decodes answers."""
    held = config.data.validation
    return bool(held.urls or held.shards) and any(not task.sparse for task in tasks.values())
