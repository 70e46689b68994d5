"""safetensors in diffusers' sharded layout, written and read tensor by tensor: the whole need never be in memory."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from synth.conventions import ThfmError
from train.model.foreign.npz import raw_bytes

STEM = "diffusion_pytorch_model"
_NAMES = {torch.float32: "F32", torch.bfloat16: "BF16", torch.float16: "F16"}

Spec = tuple[torch.dtype, tuple[int, ...]]


class ShardWriter:
    """Files laid out beforehand; tensors come in any order and are written where they belong.

    Args:
        folder: exists.
        tensors: {name: (dtype, shape)} of all that will come.
        limit: bytes a file, unless one tensor alone is larger.
    """

    def __init__(self, folder: Path, tensors: Mapping[str, Spec], limit: int = 5 * 10**9):
        self._specs, self._missing = dict(tensors), set(tensors)
        self._place: dict[str, tuple[Path, int]] = {}
        shards = _split(tensors, limit)
        names = [
            f"{STEM}.safetensors" if len(shards) == 1 else f"{STEM}-{k + 1:05d}-of-{len(shards):05d}.safetensors"
            for k in range(len(shards))
        ]
        for file, shard in zip(names, shards, strict=True):
            self._lay_out(folder / file, shard)
        if len(shards) > 1:
            index = {
                "metadata": {"total_size": sum(map(_nbytes, tensors.values()))},
                "weight_map": {name: file for file, shard in zip(names, shards, strict=True) for name in shard},
            }
            (folder / f"{STEM}.safetensors.index.json").write_text(json.dumps(index, indent=2))

    def _lay_out(self, path: Path, names: list[str]) -> None:
        names = sorted(names, key=lambda name: (-self._specs[name][0].itemsize, name))  # large numbers stay aligned
        header, offset = {"__metadata__": {"format": "pt"}}, 0
        for name in names:
            dtype, shape = self._specs[name]
            end = offset + _nbytes(self._specs[name])
            header[name] = {"dtype": _NAMES[dtype], "shape": list(shape), "data_offsets": [offset, end]}
            offset = end
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        for name in names:
            self._place[name] = (path, 8 + len(text) + header[name]["data_offsets"][0])
        with path.open("wb") as file:
            file.write(struct.pack("<Q", len(text)) + text)
            file.truncate(8 + len(text) + offset)

    def write(self, name: str, tensor: Tensor) -> None:
        """One of the tensors, cast to its dtype. Its shape must be the one that was said."""
        dtype, shape = self._specs[name]
        if tuple(tensor.shape) != tuple(shape):
            raise ValueError(f"{name} is {tuple(tensor.shape)}, not {shape}")
        path, offset = self._place[name]
        with path.open("r+b") as file:
            file.seek(offset)
            file.write(raw_bytes(tensor.to(dtype)))
        self._missing.discard(name)

    def close(self) -> None:
        """Check that all have come."""
        if self._missing:
            raise ValueError(f"never written: {sorted(self._missing)[:3]}")


class ShardReader:
    """Tensors of a folder by name, each read when it is asked for.

    Raises:
        ThfmError: no weights there, or a damaged file.
    """

    def __init__(self, folder: Path):
        index = folder / f"{STEM}.safetensors.index.json"
        try:
            if index.is_file():
                files = {folder / name for name in json.loads(index.read_text())["weight_map"].values()}
            else:
                files = {folder / f"{STEM}.safetensors"}
            self._where: dict[str, Path] = {}
            for file in sorted(files):
                with safe_open(file, "pt") as opened:
                    self._where |= dict.fromkeys(opened.keys(), file)
        except (OSError, ValueError, KeyError, AttributeError, SafetensorError) as error:
            reason = " ".join(str(error).split())
            raise ThfmError(f"{folder} has no weights that can be read ({reason}): name a whole folder.") from None

    def names(self) -> Iterable[str]:
        """All tensors."""
        return self._where.keys()

    def __getitem__(self, name: str) -> Tensor:
        with safe_open(self._where[name], "pt") as file:  # anew each time: what stays open stays mapped into memory
            return file.get_tensor(name)

    def shape(self, name: str) -> tuple[int, ...]:
        """Without reading the numbers."""
        with safe_open(self._where[name], "pt") as file:
            return tuple(file.get_slice(name).get_shape())


def _nbytes(spec: Spec) -> int:
    return spec[0].itemsize * math.prod(spec[1])


def _split(tensors: Mapping[str, Spec], limit: int) -> list[list[str]]:
    shards: list[list[str]] = [[]]
    size = 0
    for name, spec in tensors.items():
        if shards[-1] and size + _nbytes(spec) > limit:
            shards.append([])
            size = 0
        shards[-1].append(name)
        size += _nbytes(spec)
    return shards
