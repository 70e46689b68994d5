"""SIGTERM and SIGINT: the first asks the loop to save and end, the second ends at once."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType

_HANDLED = (signal.SIGTERM, signal.SIGINT)


class Stop:
    """A context in which signals are remembered: ``received`` is the signal's number, 0 for none."""

    def __init__(self) -> None:
        self.received = 0
        self._before: dict[int, object] = {}
        self._owner = os.getpid()

    def __enter__(self) -> Stop:
        if threading.current_thread() is threading.main_thread():  # elsewhere Python allows no handlers
            self._before = {number: signal.signal(number, self._note) for number in _HANDLED}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _: FrameType | None) -> None:
        if os.getpid() != self._owner:  # a loader's worker, forked with this handler: a terminal's ^C is not for it
            if number == signal.SIGTERM:
                os._exit(128 + number)
            return
        if self.received:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self.received = number
