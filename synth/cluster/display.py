"""What a run says while it goes on: a bar on a terminal, a line now and then elsewhere, or lines of JSON."""

from __future__ import annotations

import json
import time
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

_LINE_EVERY = 20.0  # seconds, where there is no terminal


def spoken(seconds: float) -> str:
    """A duration as people say it: 45 s, 12 min, 3 h 20 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


def line(numbers: dict[str, Any]) -> str:
    """The numbers of a run's progress as one line."""
    parts = [f"{numbers['done']}/{numbers['clips']} clips"]
    if numbers["rejected"]:
        parts.append(f"{numbers['rejected']} rejected")
    if numbers["reasons"]:
        most = sorted(numbers["reasons"].items(), key=lambda item: (-item[1], item[0]))[:3]
        parts.append("drawn anew for " + ", ".join(f"{name} {n}" for name, n in most))
    if numbers["failed"]:
        parts.append(f"{numbers['failed']} failed")
    if numbers["frames_per_second"] is not None:
        parts += [f"{numbers['frames_per_second']:.2f} frames/s", f"{spoken(numbers['seconds_left'])} left"]
    return " · ".join(parts)


class Display:
    """Shows the progress of one run. Use as a context manager.

    Args:
        console: where people read; as_json: lines of JSON on standard output instead.
    """

    def __init__(self, console: Console, clips: int, as_json: bool = False):
        self._console, self._json, self._last_line = console, as_json, time.monotonic()
        columns = (SpinnerColumn(), BarColumn(bar_width=30), TextColumn("{task.description}"))
        wanted = console.is_terminal and not as_json
        self._bar = Progress(*columns, console=console, transient=True) if wanted else None
        self._task = self._bar.add_task("starting", total=clips) if self._bar else None

    def __enter__(self) -> Display:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def update(self, numbers: dict[str, Any], running_clips: float = 0.0) -> None:
        """Show the numbers; ``running_clips`` is what is done of the clips at work."""
        if self._bar:
            self._bar.update(self._task, description=line(numbers), completed=numbers["done"] + running_clips)
        elif time.monotonic() - self._last_line > _LINE_EVERY:
            self._last_line = time.monotonic()
            if self._json:
                self.event("progress", **numbers)
            else:
                self.say(line(numbers))

    def say(self, text: str) -> None:
        """A line above the bar."""
        if self._json:
            self.event("message", text=text)
        else:
            self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def event(self, kind: str, **what: Any) -> None:
        """A line of JSON, where that is wanted."""
        if self._json:
            print(json.dumps({"event": kind, "time": round(time.time(), 3), **what}), flush=True)
