"""Progress bars of commands that read a data set; on standard error, gone when done, absent without a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

Advance = Callable[[str, int, int | None], None]


@contextmanager
def bar(what: str) -> Iterator[Advance]:
    """A bar for the block; yields a function of (words, done, total), total None for unknown."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=30), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=None)

        def advance(words: str, done: int, total: int | None) -> None:
            progress.update(task, description=f"{what} {words}", completed=done, total=total)

        yield advance
