"""Named tensors in safetensors files, whole or in slices; read back by any number of processes.

A sharded tensor (FSDP2: rows of dimension 0 spread over the processes) is written by every process as the slice it
holds; a plain one by process 0. Each file's header says where its slices belong (``pieces``: name -> first row, shape
of the whole). A reader takes from all files only the rows that it holds itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.distributed.tensor import DTensor, Shard

from synth.conventions import ThfmError
from train.engine.ema import local

Pieces = dict[str, tuple[Tensor, int, list[int]]]
"""Name -> (slice on the CPU, its first row, shape of the whole)."""


def _first_row(tensor: DTensor) -> int:
    """Row of the whole at which this process's slice starts."""
    mesh, placements = tensor.device_mesh, tensor.placements
    if mesh.ndim != 1 or placements != (Shard(0),):
        raise ThfmError(f"Checkpoints know tensors sharded by rows over one mesh, not {placements}: use engine.fsdp.")
    rows = -(-tensor.shape[0] // mesh.size())  # as torch.chunk cuts
    return min(rows * mesh.get_local_rank(), tensor.shape[0])


def take_pieces(tensors: Mapping[str, Tensor], rank: int) -> Pieces:
    """Copies, on the CPU, of what this process has to write of ``tensors``."""
    taken: Pieces = {}
    for name, tensor in tensors.items():
        if isinstance(tensor, DTensor):
            if local(tensor).numel():
                taken[name] = (_copied(local(tensor)), _first_row(tensor), list(tensor.shape))
        elif rank == 0:
            taken[name] = (_copied(tensor.detach()), 0, list(tensor.shape))
    return taken


def _copied(tensor: Tensor) -> Tensor:
    return torch.empty(tensor.shape, dtype=tensor.dtype).copy_(tensor)  # contiguous, and never an alias


def is_sharded(tensors: Mapping[str, Tensor]) -> bool:
    """Whether every process has something to write."""
    return any(isinstance(tensor, DTensor) for tensor in tensors.values())


def write_pieces(path: Path, pieces: Pieces) -> None:
    """One safetensors file of this process's pieces."""
    places = {name: [start, shape] for name, (_, start, shape) in pieces.items()}
    save_file({name: piece for name, (piece, _, _) in pieces.items()}, path, {"pieces": json.dumps(places)})


def read_pieces(paths: list[Path], tensors: Mapping[str, Tensor]) -> None:
    """Fill ``tensors`` in place out of files of ``write_pieces``, whoever wrote them.

    Raises:
        ThfmError: other names, shapes or rows than are wanted; a file that is no safetensors.
    """
    files: list[Any] = []
    found: dict[str, list[tuple[Any, int, list[int]]]] = {}
    for path in sorted(paths):
        try:
            files.append(file := safe_open(path, framework="pt"))
        except (SafetensorError, OSError) as error:
            raise ThfmError(f"{path} cannot be read ({error}).") from None
        for name, (start, shape) in json.loads((file.metadata() or {}).get("pieces", "{}")).items():
            found.setdefault(name, []).append((file, start, shape))
    odd = sorted(found.keys() ^ tensors.keys())
    if odd:
        where = "is only in the checkpoint" if odd[0] in found else "is missing in the checkpoint"
        raise ThfmError(f"{odd[0]} {where} {paths[0].parent} ({len(odd)} such tensors): the model is another one.")
    for name, tensor in tensors.items():
        _fill(name, tensor, found[name])


@torch.no_grad()
def _fill(name: str, tensor: Tensor, pieces: list[tuple[Any, int, list[int]]]) -> None:
    whole, mine = list(tensor.shape), local(tensor)
    if any(shape != whole for _, _, shape in pieces):
        raise ThfmError(f"{name} has shape {pieces[0][2]} in the checkpoint, but {whole} in the model.")
    if not whole:
        mine.copy_(pieces[0][0].get_tensor(name))
        return
    first = _first_row(tensor) if isinstance(tensor, DTensor) else 0
    last, filled = first + mine.shape[0], 0
    for file, start, _ in pieces:
        rows = file.get_slice(name)
        low, high = max(first, start), min(last, start + rows.get_shape()[0])
        if low < high:
            mine[low - first : high - first].copy_(rows[low - start : high - start])
            filled += high - low
    if filled != mine.shape[0]:
        raise ThfmError(f"{name} has {filled} of {mine.shape[0]} rows in the checkpoint.")
