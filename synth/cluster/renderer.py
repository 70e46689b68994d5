"""The process in which a Ray worker has its clips made: what Blender does to it, crash, hang or leak, ends there."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from synth.cluster.job import Job
from synth.threads import ONE_THREAD

_POLL = 0.2  # seconds
_FULL = 0.75  # a process above this share of its memory limit makes no further clip
# Its GPUs are fixed when a process starts.
_DEVICES = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "ONEAPI_DEVICE_SELECTOR")


def _python_path() -> str:
    """Where this code is, which a runtime environment may have brought to a place that no other process would look in.

    Not all of ``sys.path``: a process that has imported bpy has Blender's folders there, which hide bpy itself.
    """
    here = str(Path(__file__).resolve().parents[2])
    return os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))


class Died(Exception):
    """The process ended, or was ended, before the clip was finished; the message says how."""


class TooSlow(Exception):
    """The clip took longer than it may."""


def resident_bytes(pid: int) -> int:
    """Memory of a process; 0 when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0


class Renderer:
    """Runs jobs one after another in a process of its own, which is replaced after a crash, after ``clips`` clips, and
    when it has come near ``memory`` bytes. It ends with its owner, whatever ends that.

    Attributes:
        start_seconds: that the last job has waited for a new process.
    """

    def __init__(self, clips: int, memory: int | None = None):
        self._clips, self._memory, self._made = clips, memory, 0
        self._process: subprocess.Popen | None = None
        self._pipe: Connection | None = None
        self._devices: tuple = ()
        self.start_seconds = 0.0

    def run(self, job: Job, seconds: float | None, progress: Callable[[int], None]) -> Any:
        """The answer of ``synth.cluster.child`` to a job.

        Args:
            seconds: the most it may take; None: for ever.
            progress: told the frames of what takes longest as the job goes on.

        Raises:
            Died, TooSlow.
        """
        if self._process and (self._worn_out() or not self._alive()):
            self.close()
        self.start_seconds = 0.0
        while True:
            fresh = self._process is None
            if fresh:
                self._start()
            try:
                answer = self._answer(job, seconds, progress)
            except MemoryError:
                self.close()
                if fresh:
                    raise Died(f"its process needed more than {self._memory / 2**30:g} GB") from None
                continue  # what earlier clips have left in the process may have been too much
            except (EOFError, OSError):
                how = self._end()
                if how is None and not fresh:  # it had been idle for too long, and was about to go
                    continue
                raise Died(how or "its process went without a word") from None
            except BaseException:
                self.close()
                raise
            self._made += not job.ahead
            return answer

    def _answer(self, job: Job, seconds: float | None, progress: Callable[[int], None]) -> Any:
        self._pipe.send_bytes(pickle.dumps(job))
        end = None if seconds is None else time.monotonic() + seconds
        while True:
            if self._pipe.poll(_POLL):
                kind, *what = self._pipe.recv()
                if kind == "answer":
                    return what[0]
                if kind == "ready":
                    self.start_seconds = time.monotonic() - self._born
                else:
                    progress(*what)
            if self._memory and resident_bytes(self._process.pid) > self._memory:
                raise MemoryError
            if end and time.monotonic() > end:
                raise TooSlow

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "synth.cluster.child", str(theirs.fileno())],
                env={**os.environ, **ONE_THREAD, "PYTHONPATH": _python_path()},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C lets clips at work be finished
            )
        self._pipe, self._made, self._born = Connection(ours.detach()), 0, time.monotonic()
        self._devices = self._device_names()

    @staticmethod
    def _device_names() -> tuple:
        return tuple(os.environ.get(name) for name in _DEVICES)

    def _alive(self) -> bool:
        return self._process.poll() is None and not self._pipe.poll()  # an idle process says nothing but its end

    def _worn_out(self) -> bool:
        full = self._memory and resident_bytes(self._process.pid) > _FULL * self._memory
        return bool(full) or self._made >= self._clips or self._devices != self._device_names()

    def _end(self) -> str | None:
        """How the process that hung up has ended; None: of its own will."""
        code = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self._process.wait(10)
        self.close()
        if code is None or code > 0:
            return f"its process ended with exit code {code}"
        if code == 0:
            return None
        hint = " (for lack of memory, perhaps)" if -code == signal.SIGKILL else ""
        return f"its process was ended by {signal.Signals(-code).name}{hint}"

    def close(self) -> None:
        """End the process, at once."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._pipe.close()
        self._process = self._pipe = None
