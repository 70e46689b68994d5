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
            run is being stopped; full, for lack of disk space.
        message: why it was not kept.
        reasons: what QA had against draws of this clip.
        seconds: stage -> seconds.
        bytes: of the clip in its shard.
        busy_seconds: that its worker was taken, start_seconds: of these, for a new process to be ready.
    """

    index: int
    kind: Literal["kept", "rejected", "failed", "died", "lost", "skipped", "full"]
    message: str = ""
    reasons: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    bytes: int = 0
    busy_seconds: float = 0.0
    start_seconds: float = 0.0


def disk_is_full(error: BaseException | None) -> bool:
    """Whether an error, or what it was raised from, is for lack of disk space."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        error = error.__cause__ or error.__context__
    return False
