"""Which steps to skip: a gradient that is not finite, or far larger than usual."""

from __future__ import annotations

import math
from collections import deque
from statistics import median

from synth.conventions import ThfmError
from train.engine.config import OutlierConfig


class Outliers:
    """Judges gradient norms one after the other; the same numbers give the same verdicts on every process.

    Outlying norms enter the median too: where gradients grow for good, the median follows and training goes on.
    """

    def __init__(self, config: OutlierConfig):
        self.config, self.norms = config, deque(maxlen=config.window)
        self.skipped = self.in_a_row = 0

    def judge(self, norm: float) -> str | None:
        """Why to skip the step with this gradient norm, or None to take it.

        Raises:
            ThfmError: too many skipped in a row.
        """
        reason = None
        if not math.isfinite(norm):
            reason = f"gradient norm is {norm}"
        else:
            config = self.config
            usual = median(self.norms) if len(self.norms) >= config.settle else math.inf
            if config.factor is not None and norm > config.factor * usual:
                reason = f"gradient norm {norm:.3g} is over {config.factor:g} x the usual {usual:.3g}"
            self.norms.append(norm)
        self.in_a_row = self.in_a_row + 1 if reason else 0
        self.skipped += reason is not None
        if self.in_a_row >= self.config.give_up:
            raise ThfmError(
                f"the last {self.in_a_row} steps were all skipped ({reason}): lower engine.optimiser.lr, "
                "or raise engine.outliers.factor."
            )
        return reason

    def state(self) -> dict:
        """JSON-able state."""
        return {"norms": list(self.norms), "skipped": self.skipped, "in_a_row": self.in_a_row}

    def restore(self, state: dict) -> None:
        """Go on from ``state()``."""
        self.norms = deque(state["norms"], maxlen=self.config.window)
        self.skipped, self.in_a_row = state["skipped"], state["in_a_row"]
