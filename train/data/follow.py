"""Worker processes that end with the trainer, however it ends."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass

_SECONDS = 2.0


@dataclass(frozen=True)
class Follow:
    """``worker_init_fn`` of a DataLoader: the worker ends soon after process ``leader`` has.

    torch's own watch looks at the parent, which under forkserver is not the trainer: killed with SIGKILL, that leaves
    its workers and their memory behind.
    """

    leader: int

    def __call__(self, worker: int) -> None:
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while _alive(self.leader):
            time.sleep(_SECONDS)
        os._exit(1)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
