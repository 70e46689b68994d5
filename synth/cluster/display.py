"""How far a run is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

_LINE_EVERY = 20.0  # seconds, where there is no terminal


def spoken(seconds: float) -> str:
    """A duration as people say it: 45 s, 12 min, 3 h 20 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


class Display:
    """Counts of one run, shown while it goes on. Use as a context manager."""

    def __init__(self, console: Console, clips: int, done: int, frames_per_clip: int):
        self._console, self._clips, self._before, self._per_clip = console, clips, done, frames_per_clip
        self.rejected = self.failed = self.kept = 0
        self._start = self._last_line = time.monotonic()
        columns = (SpinnerColumn(), BarColumn(bar_width=30), TextColumn("{task.description}"))
        self._bar = Progress(*columns, console=console, transient=True) if console.is_terminal else None
        self._task = self._bar.add_task(self._text(0), total=clips, completed=done) if self._bar else None

    def __enter__(self) -> Display:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def _text(self, running_frames: int) -> str:
        over = self.kept + self.rejected + self.failed
        frames = over * self._per_clip + running_frames
        elapsed = time.monotonic() - self._start
        parts = [f"{self._before + over}/{self._clips} clips"]
        parts += [f"{n} {what}" for n, what in ((self.rejected, "rejected"), (self.failed, "failed")) if n]
        if frames and elapsed > 1:
            rate = frames / elapsed
            left = max(0.0, (self._clips - self._before) * self._per_clip - frames) / rate
            parts += [f"{rate:.2f} frames/s", f"{spoken(left)} left"]
        return " · ".join(parts)

    def update(self, running_frames: int) -> None:
        """Show the counts, with the frames of clips that are being made."""
        text = self._text(running_frames)
        if self._bar:
            done = self._before + self.kept + self.rejected + self.failed + running_frames / self._per_clip
            self._bar.update(self._task, description=text, completed=done)
        elif time.monotonic() - self._last_line > _LINE_EVERY:
            self._last_line = time.monotonic()
            self.say(text)

    def say(self, text: str) -> None:
        """A line above the bar."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)
