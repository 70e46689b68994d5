"""Small data sets on disk, and what plain readers find in them."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np

from synth import shards

FIELDS = ("depth", "matte", "parts", "normals", "keypoints2d", "visibility")


def arrays(seed: int, frames: int = 9, height: int = 48, width: int = 64, fields: Iterable[str] = FIELDS) -> dict:
    """A drifting picture, and label maps that tell their frame, row and column."""
    rng = np.random.default_rng(seed)
    t, y, x = np.mgrid[:frames, :height, :width].astype(np.float32)
    phase = rng.uniform(0, 6, 3)
    rgb = np.stack([128 + 100 * np.sin(x / 9 + y / 7 + t / 3 + p) for p in phase], -1).astype(np.uint8)
    normals = np.stack([x / width - 0.5, y / height - 0.5, np.ones_like(x)], -1)
    depth = 1 + seed + t + (y + x) / 100
    depth[:, :2] = np.nan
    made = {
        "rgb": rgb,
        "depth": depth.astype(np.float32),
        "matte": ((x > 10) & (x < 40)).astype(np.float32),
        "parts": ((x + y + t) % 20).astype(np.uint8),
        "normals": (normals / np.linalg.norm(normals, axis=-1, keepdims=True)).astype(np.float32),
        "keypoints2d": rng.uniform(0, height, (2, frames, 144, 2)).astype(np.float32),
        "visibility": np.ones((2, frames, 144), np.uint8),
    }
    return {name: made[name] for name in ("rgb", *fields)}


def write_set(root: Path | str, count: int = 6, a_shard: int = 3, first: int = 0, fps: float = 24.0, **more) -> str:
    """A data set by our own writer; clip k has seed and key ``first + k``."""
    for shard in range(-(-count // a_shard)):
        keys = range(first + shard * a_shard, first + min(count, (shard + 1) * a_shard))
        clips = (
            (f"{k:06d}", shards.encode_clip(f"{k:06d}", fps, arrays(k, **more), {"caption": f"clip {k}"})) for k in keys
        )
        shards.write_shard(root, f"shard-{shard:06d}", clips)
    shards.build_manifest(root, {})
    return str(root)


def without_index(root: Path) -> None:
    """Make a data set look as older ones do: no record says where members lie."""
    for path in root.glob("shard-*.json"):
        path.unlink()


def plain_clip(root: str, key: str) -> dict[str, bytes]:
    """Members of a clip by ``tarfile`` alone."""
    for path in sorted(Path(root).glob("*.tar")):
        with tarfile.open(path) as tar:
            found = {i.name.split(".", 1)[1]: tar.extractfile(i).read() for i in tar if i.name.startswith(f"{key}.")}
        if found:
            return found
    raise KeyError(key)


def plain_video(data: bytes, pixels: str = "rgb24") -> np.ndarray:
    """Frames of a video by PyAV alone."""
    with av.open(io.BytesIO(data)) as file:
        return np.stack([frame.to_ndarray(format=pixels) for frame in file.decode(video=0)])
