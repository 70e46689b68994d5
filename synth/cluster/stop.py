"""Ctrl-C: the first lets clips at work be finished, the second stops at once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class Stop:
    """How often the run has been asked to stop."""

    def __init__(self) -> None:
        self.asked = 0


@contextmanager
def stop_signals() -> Iterator[Stop]:
    """Count SIGINT and SIGTERM instead of dying of the first; the second raises KeyboardInterrupt."""
    stop = Stop()

    def note(*_: object) -> None:
        stop.asked += 1
        if stop.asked > 1:
            raise KeyboardInterrupt

    previous = {s: signal.signal(s, note) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
