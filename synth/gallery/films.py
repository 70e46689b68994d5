"""The pictures of the grid: a still, and a small film that plays while the pointer is on it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from synth.gallery.files import write_file
from synth.preview.colour import relief_picture
from synth.preview.movie import write_movie
from synth.preview.panels import resized
from synth.shards import Clip

_AREA = 76_000  # pixels of a film's frame
_FRAMES = 48  # of a film, at most


def pictures(clip: Clip, start: int, stop: int, step: int = 1) -> Iterator[np.ndarray]:
    """Frames (H, W, 3) uint8: the colour, or the relief that normals tell of where there is none."""
    held = clip.fields()
    if "rgb" in held:
        yield from clip.frames("rgb", start, stop, step)
    elif "normals" in held:
        for frame in range(start, stop, step):
            yield relief_picture(clip.frames("normals", frame, frame + 1)[0])
    else:
        for _ in range(start, stop, step):
            yield np.full((clip.height, clip.width, 3), 38, np.uint8)


def film_size(width: int, height: int) -> tuple[int, int]:
    """(width, height), even, of a film of a clip of that shape."""
    scale = min(1.0, (_AREA / (width * height)) ** 0.5)
    return tuple(max(2, 2 * round(side * scale / 2)) for side in (width, height))


def write_film(clip: Clip, folder: Path) -> None:
    """``still.jpg`` and ``film.mp4`` of a clip."""
    folder.mkdir(parents=True, exist_ok=True)
    size = film_size(clip.width, clip.height)
    step = -(-clip.num_frames // _FRAMES)
    frames = [resized(p, size, smooth=True) for p in pictures(clip, 0, clip.num_frames, step)]
    write_file(folder / "still.jpg", jpeg(frames[len(frames) // 2], 85))
    write_movie(folder / "film.mp4", frames, clip.fps / step)


def jpeg(picture: np.ndarray, quality: int) -> bytes:
    """A picture (H, W, 3) uint8, its colours at full resolution."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality, subsampling=0)
    return buffer.getvalue()
