"""A draw on its way from the worker that has made it to the one that renders it, perhaps on another machine."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

from synth.make import Draw


class _Packer(pickle.Pickler):
    def __init__(self, file: io.BytesIO, assets: Path):
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._assets = assets

    def persistent_id(self, obj: Any) -> str | None:
        """Of a file among the assets its name there: they may lie elsewhere on the other machine."""
        if isinstance(obj, Path) and obj.is_relative_to(self._assets):
            return str(obj.relative_to(self._assets))
        return None


class _Unpacker(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, assets: Path):
        super().__init__(file)
        self._assets = assets

    def persistent_load(self, pid: str) -> Path:
        return self._assets / pid


def packed(draw: Draw, assets: Path) -> bytes:
    """A draw that was made of the files of a folder of assets."""
    file = io.BytesIO()
    _Packer(file, assets).dump(draw)
    return file.getvalue()


def unpacked(data: bytes, assets: Path) -> Draw:
    """The draw, of the files of another folder of the same assets."""
    return _Unpacker(io.BytesIO(data), assets).load()
