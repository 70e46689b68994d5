"""Files that a page can load even from disk, where browsers let it read nothing but scripts, pictures and films."""

from __future__ import annotations

import base64
import json
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np


def write_script(root: Path, name: str, value: Any) -> None:
    """``<root>/data/<name>.js``: hands ``value`` to the page under ``name``. Appears whole or not at all."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    write_file(root / "data" / f"{name}.js", f"thfm.take({json.dumps(name)},{text});\n".encode())


def write_file(path: Path, data: bytes) -> None:
    """A file that appears under its name only once it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.tmp-{os.getpid()}")
    temporary.write_bytes(data)
    os.replace(temporary, path)


def packed(codes: np.ndarray) -> str:
    """Codes (planes, H, W) uint8 or uint16 as text: differences to the row above, low bytes before high ones, deflated,
    base64. ``web/codes.js`` is the inverse, to the bit."""
    steps = codes.copy()
    steps[:, 1:] -= codes[:, :-1]  # wraps around
    planes = steps.astype(steps.dtype.newbyteorder("<")).reshape(-1).view(np.uint8).reshape(-1, steps.itemsize).T
    return text_of(zlib.compress(np.ascontiguousarray(planes).tobytes(), 5))


def text_of(data: bytes) -> str:
    """Bytes as base64."""
    return base64.b64encode(data).decode()
