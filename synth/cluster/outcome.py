"""How a clip ended, and which errors mean that no clip can be kept."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Outcome:
    """How a clip ended.

    Attributes:
        kind: kept; rejected by QA; failed; died, its process with it; lost, its machine with it; skipped, because the
            run is being stopped; full, for lack of disk space; drawn, and to be gone on with.
        message: why it was not kept.
        reasons: what QA had against draws of this clip.
        seconds: stage -> seconds.
        bytes: of the clip in its shard.
        busy_seconds: that its worker was taken, without starts, seconds for each new process to be ready.
        draw: of a clip that is drawn, packed. ahead_seconds: busy_seconds of the worker that has drawn it.
    """

    index: int
    kind: Literal["kept", "rejected", "failed", "died", "lost", "skipped", "full", "drawn"]
    message: str = ""
    reasons: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    bytes: int = 0
    busy_seconds: float = 0.0
    starts: tuple[float, ...] = ()
    draw: bytes = b""
    ahead_seconds: float = 0.0


def disk_is_full(error: BaseException | None) -> bool:
    """Whether an error, or what it was raised from, is for lack of disk space."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        error = error.__cause__ or error.__context__
    return False
