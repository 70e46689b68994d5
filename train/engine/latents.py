"""Clips and targets as latents, by the frozen codec, and kept on disk where ``data.cache`` asks for it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from train.config import TrainConfig
from train.data import TensorCache
from train.model import Codec
from train.tasks import Task


class Latents:
    """Encodes batches.

    An entry of the cache is one latent, float32. Its key holds what the loader says of the sample's content, the codec
    (settings and weights) and, for a target, the task with its options: what differs in any of them never meets.

    Args:
        marks: task -> what its targets depend on, as text.
        identity: of the codec.
        cache: None keeps nothing.
    """

    def __init__(
        self,
        codec: Codec,
        device: torch.device,
        marks: Mapping[str, str] | None = None,
        identity: str = "",
        cache: TensorCache | None = None,
    ):
        self.codec, self.device = codec, device
        self._marks, self._identity, self._cache = marks or {}, identity, cache

    def colour(self, batch: Any) -> Tensor:
        """Colour of a ``Batch`` as (B, C, t, h, w) float32 latents."""
        return self._kept(
            [f"colour {content}" for content in batch.contents],
            lambda rows: encode(self.codec, batch.rgb[rows], self.device),
        )

    def targets(self, batch: Any) -> Tensor:
        """Dense targets of a ``Batch``, in the order of ``batch.dense``, as (n, C, t, h, w) float32 latents."""
        rows = batch.dense["index"].tolist()

        def encoded(some: list[int]) -> Tensor:
            video = batch.dense["target"][some].to(self.device).movedim(-1, 1) * 2 - 1
            return self.codec.encode(video).float()

        return self._kept(
            [f"{batch.tasks[row]} {self._marks.get(batch.tasks[row])} {batch.contents[row]}" for row in rows], encoded
        )

    def _kept(self, keys: Sequence[str], encoded: Callable[[list[int]], Tensor]) -> Tensor:
        if self._cache is None:
            return encoded(list(range(len(keys))))
        keys = [f"{self._identity} {key}" for key in keys]
        found = [self._cache.get(key) for key in keys]
        missing = [i for i, entry in enumerate(found) if entry is None]
        if missing:
            for i, latent in zip(missing, encoded(missing), strict=True):
                found[i] = {"latent": latent}
                self._cache.put(keys[i], found[i])
        return torch.stack([entry["latent"].to(self.device) for entry in found])


@torch.no_grad()
def encode(codec: Codec, rgb: Tensor, device: torch.device) -> Tensor:
    """(B, T, H, W, 3) uint8 colour -> (B, C, t, h, w) float32 latents."""
    return codec.encode(rgb.to(device).movedim(-1, 1).float() / 127.5 - 1).float()


def build_latents(config: TrainConfig, codec: Codec, tasks: Mapping[str, Task], device: torch.device) -> Latents:
    """As ``data.cache`` says."""
    cache = config.data.cache
    if not cache.folder:
        return Latents(codec, device)
    marks = {name: task.options.model_dump_json(exclude={"ratio", "weight", "prompt"}) for name, task in tasks.items()}
    kept = TensorCache(cache.folder, int(cache.limit_gb * 1e9))
    return Latents(codec, device, marks, codec_identity(config, codec), kept)


def codec_identity(config: TrainConfig, codec: Codec) -> str:
    """Digest of the codec: its settings and all its weights."""
    digest = hashlib.sha256(f"{config.model.family} {config.model.codec.model_dump_json()}".encode())
    for name, tensor in sorted(codec.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)} ".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()
