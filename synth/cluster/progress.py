"""How far a run is, in numbers: shown as a line, written as JSON, and told to Prometheus through Ray."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from typing import Any


class Progress:
    """Counts of one run.

    Attributes:
        clips: of the whole data set; before: those that were there when the run began.
        kept, rejected, failed: clips that this run is over with.
        reasons: what quality checks had against draws, those included that another draw has replaced -> how often.
    """

    def __init__(self, clips: int, before: int, frames_per_clip: int):
        self.clips, self.before, self._per_clip = clips, before, frames_per_clip
        self.kept = self.rejected = self.failed = 0
        self.reasons: Counter[str] = Counter()
        self._start = time.monotonic()

    def note_rejections(self, reasons: Iterable[str]) -> None:
        """Count reasons, which begin with the name of their check and a colon."""
        self.reasons.update(reason.partition(":")[0] for reason in reasons)

    def numbers(self, running_frames: int = 0) -> dict[str, Any]:
        """All of it, JSON-able.

        Args:
            running_frames: frames of clips that are being made.

        Returns:
            seconds; clips; done, of them before; kept, rejected, failed; reasons; frames that this run has made;
            frames_per_second and seconds_left, None while nothing can be said.
        """
        over = self.kept + self.rejected + self.failed
        frames = over * self._per_clip + running_frames
        elapsed = time.monotonic() - self._start
        rate = frames / elapsed if frames and elapsed > 1 else None
        left = max(0, (self.clips - self.before) * self._per_clip - frames)
        return {
            "seconds": round(elapsed, 1),
            "clips": self.clips,
            "done": self.before + over,
            "before": self.before,
            "kept": self.kept,
            "rejected": self.rejected,
            "failed": self.failed,
            "reasons": dict(sorted(self.reasons.items())),
            "frames": frames,
            "frames_per_second": None if rate is None else round(rate, 4),
            "seconds_left": None if rate is None else round(left / rate, 1),
        }
