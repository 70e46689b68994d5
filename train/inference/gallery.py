"""Pictures of the best and the worst clips: input, answer and truth, a few frames each."""

from __future__ import annotations

import bisect
import math
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from synth.conventions import ThfmError

FRAMES, GAP = 4, 3
_LARGEST = (260, 200)  # width, height of a frame
_BACK = 255


class Gallery:
    """Keeps the pictures of the ``keep`` best and the ``keep`` worst clips of a task, so far.

    Args:
        folder: for the pictures.
        larger: whether a larger score is better.
        keep: clips at each end.
    """

    def __init__(self, folder: Path, larger: bool, keep: int = 3):
        self.folder, self.larger, self.keep = folder, larger, keep
        self._ranked: list[tuple[float, str]] = []  # worst first; never more than 2 keep + 1

    def would_take(self, key: str, score: float) -> bool:
        """Whether a clip with this score is among the best or the worst so far."""
        return self._place(key, score) is not None

    def offer(self, key: str, score: float, picture: Image.Image | None) -> None:
        """Take a clip into the ranking, if it belongs there; picture None: it was drawn before.

        Raises:
            ThfmError: the picture cannot be written.
        """
        place = self._place(key, score)
        if place is None:
            return
        self._ranked.insert(place, self._entry(key, score))
        if picture is not None:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                picture.save(self.path(key), quality=85, method=4)
            except OSError as error:
                raise ThfmError(
                    f"{self.folder} cannot be written ({error.strerror}): make room; finished clips are kept."
                ) from None
        if len(self._ranked) > 2 * self.keep:
            _, out = self._ranked.pop(self.keep)
            self.path(out).unlink(missing_ok=True)

    def _entry(self, key: str, score: float) -> tuple[float, str]:
        return (score if self.larger else -score), key

    def _place(self, key: str, score: float) -> int | None:
        if self.keep == 0 or not math.isfinite(score):
            return None
        place = bisect.bisect(self._ranked, self._entry(key, score))
        return None if self.keep <= place <= len(self._ranked) - self.keep else place

    def path(self, key: str) -> Path:
        """Where the picture of a clip lies."""
        safe = "".join(c if c.isalnum() or c in "-_" else "_" for c in key)
        mark = "" if safe == key else f"-{zlib.crc32(key.encode()):08x}"
        return self.folder / f"{safe}{mark}.webp"

    @property
    def best(self) -> list[str]:
        """Keys, the best first; of few clips the better half."""
        return [key for _, key in self._ranked[::-1][: self._half(up=True)]]

    @property
    def worst(self) -> list[str]:
        """Keys, the worst first; none that is among the best."""
        return [key for _, key in self._ranked[: self._half(up=False)]]

    def _half(self, up: bool) -> int:
        count = len(self._ranked)
        return min(self.keep, (count + 1) // 2 if up else count // 2)


def chosen_frames(count: int, frames: int = FRAMES) -> list[int]:
    """Evenly spread, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(frames, count)).round().astype(int)).tolist()


def board(rows: Sequence[np.ndarray]) -> Image.Image:
    """Videos (N, H, W, 3) uint8 of one size, one row each, their frames side by side, made smaller if need be."""
    count, height, width = rows[0].shape[:3]
    shrink = min(1.0, _LARGEST[0] / width, _LARGEST[1] / height)
    size = max(1, round(width * shrink)), max(1, round(height * shrink))
    canvas = Image.new("RGB", (count * (size[0] + GAP) - GAP, len(rows) * (size[1] + GAP) - GAP), (_BACK,) * 3)
    for r, video in enumerate(rows):
        for c, frame in enumerate(video):
            picture = Image.fromarray(np.ascontiguousarray(frame)).resize(size, Image.Resampling.LANCZOS)
            canvas.paste(picture, (c * (size[0] + GAP), r * (size[1] + GAP)))
    return canvas
