"""Measures of a clip, the sentences that they fail with, and the verdict over all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

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
        where: what a picture of it should point at: nothing but the picture as a whole, people as far as they are
            seen, their whole bodies, or what of them is next to the floor.
        people: (T,) or (T, K) numbers, from 1, of the people that decided; None: all of them.
    """

    name: str
    says: str
    values: np.ndarray
    limit: float
    at_least: bool = False
    mean: bool = False
    unit: str = ""
    needed: bool = False
    where: Literal["picture", "seen", "body", "feet"] = "picture"
    people: np.ndarray | None = None

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

    def as_dict(self, boxes: Sequence[Sequence[float]]) -> dict[str, Any]:
        """The measure as records of rejected draws have it; ``boxes`` as ``synth.qa.evidence.boxes_of`` gives them."""
        return {
            "name": self.name, "value": rounded(self.value), "limit": self.limit, "at_least": self.at_least,
            "mean": self.mean, "unit": self.unit, "frame": self.frame, "boxes": [list(box) for box in boxes],
        }  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """Whether a clip may enter a data set.

    Attributes:
        passed: no reason against it.
        reasons: one sentence per failed check: the measure, its value, the worst frame and the limit.
        measures: name -> number (JSON-able; None where there was nothing to measure).
        checks: per failed check ``Measure.as_dict``.
    """

    passed: bool
    reasons: tuple[str, ...] = ()
    measures: dict[str, float | None] = field(default_factory=dict)
    checks: tuple[dict[str, Any], ...] = ()

    @classmethod
    def of(cls, measures: Sequence[Measure], boxes_of: Callable[[Measure], Sequence[Sequence[float]]]) -> Verdict:
        """``boxes_of`` a failed measure says where in its worst frame to look."""
        failed = [m for m in measures if not m.passed]
        return cls(
            passed=not failed,
            reasons=tuple(m.reason for m in failed),
            measures={m.name: rounded(m.value) for m in measures},
            checks=tuple(m.as_dict(boxes_of(m)) for m in failed),
        )

    def as_dict(self) -> dict:
        """The verdict as a clip's meta stores it."""
        about = {"passed": self.passed, "reasons": list(self.reasons), "measures": dict(self.measures)}
        return about | {"checks": list(self.checks)}
