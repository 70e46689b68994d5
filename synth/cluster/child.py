"""``python -m synth.cluster.child FD``: the process that holds Blender; makes clips that come through a pipe."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import os
import pickle
import signal
import sys
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from synth.cluster.outcome import Outcome, disk_is_full
from synth.config import GenerateConfig
from synth.conventions import ClipRejected, ThfmError
from synth.shards import encode_clip, patiently, stage_clip, stage_rejection
from synth.spec.sample import clip_key

_IDLE = 120.0  # seconds until a process without work gives its memory back
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Answer jobs until the pipe is closed or nothing has come for long."""
    owner = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != owner:  # it ended before this could be asked for
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.enable()  # a crash leaves its traceback in the log of the clip
    pipe = Connection(int(sys.argv[1]))
    ready = False
    with contextlib.suppress(EOFError, OSError):
        while pipe.poll(_IDLE):
            config, index, out, logs = pickle.loads(pipe.recv_bytes())
            if not ready:
                _get_ready(config)
                ready = True
                pipe.send(("ready",))
            pipe.send(("answer", make(config, index, out, logs, _reporter(pipe, config.render.colour))))


def _get_ready(config: GenerateConfig) -> None:
    """Load what every clip needs."""
    with contextlib.suppress(Exception):  # the clip itself will tell, in its log
        from synth.blender import runtime
        from synth.make import library_of

        runtime.start(config.render.threads)
        library_of(config.bodies)


def make(config: GenerateConfig, index: int, out: str, logs: Path, progress: Callable[[str, int], None]) -> Outcome:
    """Make clip ``index`` and stage it, or what QA has against it. Never raises: a failure is an outcome."""
    try:
        return _make(config, index, out, logs, progress)
    except Exception as error:
        with contextlib.suppress(OSError), open(logs / f"{clip_key(index)}.log", "a") as log:
            log.write(traceback.format_exc())
        if disk_is_full(error):
            full = error if isinstance(error, ThfmError) else f"the disk is full ({error}): free some space"
            return Outcome(index, "full", str(full))
        message = str(error) if isinstance(error, ThfmError) else f"{type(error).__name__}: {error}"
        return Outcome(index, "failed", message)


def _make(config: GenerateConfig, index: int, out: str, logs: Path, progress: Callable[[str, int], None]) -> Outcome:
    from synth.make import make_clip  # here, not above: it takes a second

    key, patience = clip_key(index), config.cluster.storage_patience_seconds
    try:
        clip, rejected = make_clip(config, index, logs, progress)
    except ClipRejected as error:
        for record in error.attempts:
            patiently(patience, stage_rejection, out, key, record["attempt"], record)
        return Outcome(index, "rejected", str(error), _reasons(error.attempts))
    start = time.perf_counter()
    arrays = {k: v for k, v in clip.fields.items() if k not in ("key", "fps", "meta")}
    members = encode_clip(key, clip.fields["fps"], arrays, clip.fields["meta"])
    # Rejections first: the clip's own file says that nothing more is to come.
    for record in rejected:
        patiently(patience, stage_rejection, out, key, record["attempt"], record)
    patiently(patience, stage_clip, out, key, members)
    seconds = {**clip.seconds, "encoding": time.perf_counter() - start}
    size = sum(map(len, members.values()))
    return Outcome(index, "kept", reasons=_reasons(rejected), seconds=seconds, bytes=size)


def _reasons(attempts: list[dict]) -> tuple[str, ...]:
    return tuple(reason for attempt in attempts for reason in attempt["reasons"])


def _reporter(pipe: Connection, colour: bool) -> Callable[[str, int], None]:
    longest = "colour" if colour else "labels"
    last = time.monotonic()

    def report(stage: str, frames: int) -> None:
        nonlocal last
        if stage == longest and time.monotonic() - last > 0.3:
            last = time.monotonic()
            pipe.send(("frames", frames))

    return report


if __name__ == "__main__":
    main()
