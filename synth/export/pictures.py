"""Pictures of exports: PNG for colour and labels, EXR for measures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from synth.conventions import ThfmError

_CHANNELS = {1: "Z", 2: "XY", 3: "XYZ"}


def write_png(path: Path, picture: np.ndarray) -> None:
    """(H, W) or (H, W, 3) uint8, lossless."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path, compress_level=3)


def write_exr(path: Path, values: np.ndarray, channels: str | None = None) -> None:
    """(H, W) or (H, W, C) float32, lossless, with NaN kept; channels are named Z, XY or XYZ unless told."""
    try:
        import OpenEXR
    except ImportError:
        raise ThfmError("OpenEXR is not installed: pip install 'thfm[render]'.") from None
    path.parent.mkdir(parents=True, exist_ok=True)
    planes = values[..., None] if values.ndim == 2 else values
    names = channels or _CHANNELS[planes.shape[-1]]
    held = {name: np.ascontiguousarray(planes[..., i], np.float32) for i, name in enumerate(names)}
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    with OpenEXR.File(header, held) as file:
        file.write(str(path))
