"""``TensorCache``: tensors on disk by content key, within a limit; it can lose entries, never give wrong ones."""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

_STALE = 3600.0  # seconds after which a temporary file belongs to a process that died


class TensorCache:
    """Key -> tensors by name. Several processes may share a folder.

    An entry is a safetensors file that appears whole or not at all and carries a digest of its tensors: a damaged one
    is a miss and is removed. When the entries exceed the limit, those used longest ago go, until a tenth is free.
    """

    def __init__(self, folder: str | Path, limit_bytes: int):
        self._folder, self._limit = Path(folder), limit_bytes
        self._folder.mkdir(parents=True, exist_ok=True)
        self._bytes = self._trim()

    def get(self, key: str) -> dict[str, torch.Tensor] | None:
        """The tensors under ``key``, on the CPU; None if there are none."""
        path = self._path(key)
        try:
            with safe_open(path, "pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                sound = (file.metadata() or {}).get("sha256") == _digest(tensors)
        except FileNotFoundError:
            return None
        except (OSError, SafetensorError):
            sound = False
        if not sound:
            self._drop(path)
            return None
        with suppress(OSError):
            os.utime(path)  # used just now
        return tensors

    def put(self, key: str, tensors: Mapping[str, torch.Tensor]) -> None:
        """Keep tensors under ``key``. A full disk keeps nothing and is no error: the next ``get`` misses."""
        kept = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        path = self._path(key)
        temporary = path.with_name(f"{path.name}.tmp-{uuid.uuid4().hex[:12]}")
        try:
            path.parent.mkdir(exist_ok=True)
            save_file(kept, temporary, {"sha256": _digest(kept)})
            size = temporary.stat().st_size
            os.replace(temporary, path)
        except (OSError, SafetensorError):
            self._drop(temporary)
            return
        self._bytes += size
        if self._bytes > self._limit:
            self._bytes = self._trim()

    def _path(self, key: str) -> Path:
        name = hashlib.sha256(key.encode()).hexdigest()
        return self._folder / name[:2] / f"{name}.safetensors"

    def _trim(self) -> int:
        """Drop what is stale or too much; return how many bytes are left. Other processes' entries count too."""
        entries, total = [], 0
        for path in self._folder.glob("??/*"):
            with suppress(OSError):
                stat = path.stat()
                if ".tmp-" in path.name:
                    if time.time() - stat.st_mtime > _STALE:
                        self._drop(path)
                    continue
                entries.append((stat.st_mtime_ns, stat.st_size, path))
                total += stat.st_size
        if total > self._limit:
            for _, size, path in sorted(entries):
                self._drop(path)
                total -= size
                if total <= 0.9 * self._limit:
                    break
        return total

    @staticmethod
    def _drop(path: Path) -> None:
        with suppress(OSError):
            path.unlink()


def _digest(tensors: Mapping[str, torch.Tensor]) -> str:
    hashed = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name]
        hashed.update(f"{name} {tensor.dtype} {tuple(tensor.shape)} ".encode())
        hashed.update(tensor.reshape(-1).view(torch.uint8).numpy())
    return hashed.hexdigest()
