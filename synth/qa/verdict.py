"""Measures of a clip, the sentences that they fail with, and the verdict over all of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

DIGITS = 4


def rounded(value: float) -> float | None:
    """A JSON number that is the same on every machine: four significant digits; None for what was not measured."""
    return float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None


@dataclass(frozen=True)
class Measure:
    """One measured quantity of a clip.

    Attributes:
        name: key in the verdict's measures.
        says: the sentence's beginning, such as "keypoints miss their joints by".
        values: (T,) one value a frame (or a pair of frames); NaN where there was nothing to measure.
        limit: what is still accepted.
        at_least: the limit is a lower one.
        mean: the limit is for the average over frames instead of the worst one.
        unit: "px", "m", "%" (values are shares then), ...
        needed: a clip in which nothing could be measured fails.
    """

    name: str
    says: str
    values: np.ndarray
    limit: float
    at_least: bool = False
    mean: bool = False
    unit: str = ""
    needed: bool = False

    @property
    def frame(self) -> int | None:
        """The worst frame."""
        known = np.isfinite(self.values) | np.isinf(self.values)
        if not known.any():
            return None
        signed = np.where(known, -self.values if self.at_least else self.values, -np.inf)
        return int(np.argmax(signed))

    @property
    def value(self) -> float:
        if self.frame is None:
            return float("nan")
        return float(np.nanmean(self.values) if self.mean else self.values[self.frame])

    @property
    def passed(self) -> bool:
        if self.frame is None:
            return not self.needed
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def _text(self, value: float) -> str:
        return f"{100 * value:.4g} %" if self.unit == "%" else f"{value:.4g} {self.unit}".rstrip()

    @property
    def reason(self) -> str:
        if self.frame is None:
            return f"{self.name}: {self.says} nothing that could be measured."
        bound = "at least" if self.at_least else "at most"
        where = f"on average, worst in frame {self.frame}" if self.mean else f"in frame {self.frame}"
        return f"{self.name}: {self.says} {self._text(self.value)} {where} ({bound} {self._text(self.limit)})."


@dataclass(frozen=True)
class Verdict:
    """Whether a clip may enter a data set.

    Attributes:
        passed: no reason against it.
        reasons: one sentence per failed check: the measure, its value, the worst frame and the limit.
        measures: name -> number (JSON-able; None where there was nothing to measure).
    """

    passed: bool
    reasons: tuple[str, ...] = ()
    measures: dict[str, float | None] = field(default_factory=dict)

    @classmethod
    def of(cls, measures: list[Measure]) -> Verdict:
        reasons = tuple(m.reason for m in measures if not m.passed)
        return cls(passed=not reasons, reasons=reasons, measures={m.name: rounded(m.value) for m in measures})

    def as_dict(self) -> dict:
        """The verdict as a clip's meta stores it."""
        return {"passed": self.passed, "reasons": list(self.reasons), "measures": dict(self.measures)}
