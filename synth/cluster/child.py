"""``python -m synth.cluster.child FD``: the process that holds Blender; makes clips that come through a pipe."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import os
import pickle
import platform
import signal
import sys
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection

from synth.cluster.job import Job, assets_of
from synth.cluster.outcome import Outcome, disk_is_full
from synth.config import GenerateConfig
from synth.conventions import ThfmError
from synth.shards import patiently, stage_clip, stage_rejection
from synth.shards.tars import places_in_tar

_IDLE = 120.0  # seconds until a process without work gives its memory back
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Answer jobs until the pipe is closed or nothing has come for long."""
    owner = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != owner:  # it ended before this could be asked for
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipe = Connection(int(sys.argv[1]))
    ready = False
    with contextlib.suppress(EOFError, OSError):
        while pipe.poll(_IDLE):
            job = pickle.loads(pipe.recv_bytes())
            if not ready:
                _get_ready(job.config)
                ready = True
                pipe.send(("ready",))
            pipe.send(("answer", make(job, _reporter(pipe, job.longest))))


def _get_ready(config: GenerateConfig) -> None:
    """Load what every clip needs."""
    with contextlib.suppress(Exception):  # the clip itself will tell, in its log
        from synth.blender import runtime
        from synth.make import library_of

        runtime.start(config.render.threads)
        library_of(config.bodies)


def make(job: Job, progress: Callable[[str, int], None]) -> Outcome:
    """Draw a clip, or make it and stage it, or what QA has against it. Never raises: a failure is an outcome."""
    try:
        with open(job.log, "ab") as log:
            faulthandler.enable(log)  # a crash leaves its traceback there
            return _make(job, progress)
    except Exception as error:
        with contextlib.suppress(OSError), open(job.log, "a") as log:
            log.write(traceback.format_exc())
        if disk_is_full(error):
            full = error if isinstance(error, ThfmError) else f"the disk is full ({error}): free some space"
            return Outcome(job.index, "full", str(full))
        message = str(error) if isinstance(error, ThfmError) else f"{type(error).__name__}: {error}"
        return Outcome(job.index, "failed", message)
    finally:
        faulthandler.disable()


def _make(job: Job, progress: Callable[[str, int], None]) -> Outcome:
    from synth.cluster import clips  # here, not above: it takes a second

    if job.assets and assets_of(job.config) != job.assets:
        raise ThfmError(
            f"{platform.node()} holds other assets than the driver (in {job.config.bodies.assets}, or of bodies.*): "
            "bring the same files to all machines, by cluster.runtime_env or a shared folder."
        )
    patience = job.config.cluster.storage_patience_seconds
    if job.ahead:
        made = clips.drawn_clip(job)
        if isinstance(made, bytes):
            return Outcome(job.index, "drawn", draw=made)
    else:
        made = clips.new_clip(job, progress) if job.source is None else clips.relabelled_clip(job, progress)
    # Rejections first: the clip's own file says that nothing more is to come.
    for record in made.rejected:
        patiently(patience, stage_rejection, job.out, job.key, record["attempt"], record)
    if made.members is None:
        return Outcome(job.index, "rejected", made.message, _reasons(made.rejected))
    start = time.perf_counter()
    patiently(patience, stage_clip, job.out, job.key, made.members)
    seconds = {**made.seconds, "staging": time.perf_counter() - start}
    size = places_in_tar(made.members, 0)[1]
    return Outcome(job.index, "kept", reasons=_reasons(made.rejected), seconds=seconds, bytes=size)


def _reasons(attempts: list[dict]) -> tuple[str, ...]:
    return tuple(reason for attempt in attempts for reason in attempt["reasons"])


def _reporter(pipe: Connection, longest: str) -> Callable[[str, int], None]:
    last = time.monotonic()

    def report(stage: str, frames: int) -> None:
        nonlocal last
        if stage == longest and time.monotonic() - last > 0.3:
            last = time.monotonic()
            pipe.send(("frames", frames))

    return report


if __name__ == "__main__":
    main()
