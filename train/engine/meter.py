"""What happened since the last line of the log: sums that survive a resumption to the bit."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass
class Meter:
    """Sums over the steps since ``take``; everything over all processes.

    Attributes:
        loss, count: task -> summed loss of its samples, their number.
        norm, taken: summed gradient norms of steps that were taken, their number.
        waited: seconds spent waiting for data, summed over processes.
        began: clock at the last ``take``; times are not part of the state.
    """

    loss: dict[str, float] = field(default_factory=dict)
    count: dict[str, float] = field(default_factory=dict)
    norm: float = 0.0
    taken: int = 0
    waited: float = 0.0
    samples: float = 0.0
    began: float = field(default_factory=time.monotonic)

    def add_losses(self, loss: dict[str, float], count: dict[str, float], norm: float) -> None:
        """One step that was taken."""
        for task in loss:
            self.loss[task] = self.loss.get(task, 0.0) + loss[task]
            self.count[task] = self.count.get(task, 0.0) + count[task]
        self.norm += norm
        self.taken += 1

    def add_time(self, samples: float, waited: float) -> None:
        """One step, taken or not."""
        self.samples += samples
        self.waited += waited

    def take(self, world: int) -> dict[str, float]:
        """Means by name, and start anew. A task without a sample is left out."""
        seconds = max(time.monotonic() - self.began, 1e-9)
        seen = sum(self.count.values())
        row = {"loss": sum(self.loss.values()) / seen} if seen else {}
        row |= {f"loss/{task}": self.loss[task] / n for task, n in sorted(self.count.items()) if n}
        if self.taken:
            row["gradient_norm"] = self.norm / self.taken
        row["samples_per_second"] = self.samples / seconds
        row["data_wait"] = self.waited / world / seconds
        self.__init__()
        return row

    def state(self) -> dict:
        """JSON-able; without times."""
        return {"loss": self.loss, "count": self.count, "norm": self.norm, "taken": self.taken}

    def restore(self, state: dict) -> None:
        """Go on from ``state()``."""
        self.loss, self.count = dict(state["loss"]), dict(state["count"])
        self.norm, self.taken = state["norm"], state["taken"]
