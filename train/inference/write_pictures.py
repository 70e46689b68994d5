"""One frame of an answer as a picture file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

DEPTH_UNIT = 4096  # grey levels a median in 16-bit PNG: steps of 0.00025 medians, up to 15.999 of them
_FAST = 1  # zlib level; the highest takes ten times as long for a tenth of the bytes


def write_depth_png(path: Path, depth: np.ndarray) -> int:
    """(H, W) float32 medians -> 16-bit grey PNG of depth * DEPTH_UNIT; how many pixels were farther than it can say."""
    levels = np.round(depth * DEPTH_UNIT)
    Image.fromarray(np.minimum(levels, 65535).astype(np.uint16)).save(path, compress_level=_FAST)
    return int((levels > 65535).sum())


def write_depth_exr(path: Path, depth: np.ndarray) -> None:
    """(H, W) float32 -> OpenEXR with one float32 channel Z."""
    import OpenEXR

    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, {"Z": np.ascontiguousarray(depth, np.float32)}).write(str(path))


def write_classes_png(path: Path, classes: np.ndarray, palette: np.ndarray) -> None:
    """(H, W) uint8 -> PNG whose pixel values are classes and whose palette (K, 3) float32 in [0, 1] shows them."""
    image = Image.fromarray(classes)
    image.putpalette(np.round(palette * 255).astype(np.uint8).tobytes())
    image.save(path, compress_level=_FAST)


def write_png(path: Path, picture: np.ndarray) -> None:
    """(H, W, 3) or, with alpha, (H, W, 4) uint8 -> PNG."""
    Image.fromarray(picture).save(path, compress_level=_FAST)


def with_alpha(rgb: np.ndarray, matte: np.ndarray) -> np.ndarray:
    """rgb (H, W, 3) uint8 and matte (H, W) in [0, 1] -> (H, W, 4) uint8, straight alpha: colours stay as they are."""
    return np.dstack([rgb, np.round(matte * 255).astype(np.uint8)])
