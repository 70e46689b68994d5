"""Where workers say what they are doing: one small Ray actor a run."""

from __future__ import annotations

import time


class Board:
    """Start times and frame counts of the clips at work. Methods run in the actor's process."""

    def __init__(self) -> None:
        self._open = True
        self._clips: dict[int, tuple[float, int]] = {}
        self._drawing: set[int] = set()

    def draw(self, index: int) -> bool:
        """A worker is about to draw clip ``index`` for another; False asks it not to."""
        if self._open:
            self._drawing.add(index)
        return self._open

    def drawn(self, index: int) -> None:
        """Clip ``index`` is drawn, or cannot be."""
        self._drawing.discard(index)

    def drawing(self) -> int:
        """How many clips are being drawn."""
        return len(self._drawing)

    def start(self, index: int) -> bool:
        """A worker is about to make clip ``index``; False asks it not to."""
        if self._open:
            self._clips[index] = (time.monotonic(), 0)
        return self._open

    def frame(self, index: int, frames: int) -> None:
        """Clip ``index`` has so many frames of what takes longest."""
        if index in self._clips:
            self._clips[index] = (self._clips[index][0], frames)

    def forget(self, index: int) -> None:
        """Clip ``index`` is over."""
        self._clips.pop(index, None)
        self._drawing.discard(index)

    def close(self) -> None:
        """Let no further clip start."""
        self._open = False

    def clips(self) -> dict[int, tuple[float, int]]:
        """Clip index -> (seconds since its start, frames)."""
        now = time.monotonic()
        return {index: (now - start, frames) for index, (start, frames) in self._clips.items()}
