"""Sums that take in any number of values and stay as small as they were: histograms, a grid, a fair sample."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

_FINE = 240  # bins


@dataclass
class Histogram:
    """How often which values came. What lies beyond the ends counts in the outermost bins, but what is below the low
    end of a logarithmic one, such as no speed at all, is counted apart.

    Attributes:
        title, unit: what is measured, for readers. low, high: the ends; log: bins of equal ratio.
        counts: (bins,) of all values so far; below: of those that no bin holds; least and most are their extremes.
    """

    title: str
    unit: str
    low: float
    high: float
    log: bool = False
    counts: np.ndarray = field(default_factory=lambda: np.zeros(_FINE))
    below: int = 0
    least: float = math.inf
    most: float = -math.inf

    @property
    def edges(self) -> np.ndarray:
        """(bins + 1,)"""
        return (np.geomspace if self.log else np.linspace)(self.low, self.high, len(self.counts) + 1)

    @property
    def total(self) -> int:
        return int(self.counts.sum()) + self.below

    def add(self, values: np.ndarray | float) -> None:
        """Take in values of any shape; what is no number is left out."""
        values = np.asarray(values, np.float64).ravel()
        values = values[np.isfinite(values)]
        if values.size:
            self.least, self.most = min(self.least, float(values.min())), max(self.most, float(values.max()))
            if self.log:
                self.below += int((values < self.low).sum())
                values = values[values >= self.low]
            self.counts += np.histogram(np.clip(values, self.low, self.high), self.edges)[0]

    def quantile(self, share: float) -> float | None:
        """The value below which a share of all values lies, to within a bin; None without values."""
        if not self.total:
            return None
        reached = (self.below + np.concatenate([[0.0], np.cumsum(self.counts)])) / self.total
        if share < reached[0]:
            return self.least
        value = float(np.interp(share, reached, self.edges))
        return min(max(value, self.least), self.most)

    def coarse(self, bins: int) -> tuple[np.ndarray, np.ndarray]:
        """Counts (n,) and edges (n + 1,) of at most so many bins, over the part of the range that has values."""
        used = np.flatnonzero(self.counts)
        first, last = (used[0], used[-1] + 1) if used.size else (0, len(self.counts))
        width = -(-(last - first) // bins)
        last = min(first + -(-(last - first) // width) * width, len(self.counts))  # whole bins, where there is room
        starts = np.arange(first, last, width)
        return np.add.reduceat(self.counts[:last], starts), self.edges[[*starts, last]]

    def as_dict(self) -> dict:
        """For JSON: 24 bins, extremes and quantiles."""
        counts, edges = self.coarse(24)
        quantiles = {f"p{round(100 * q)}": _short(self.quantile(q)) for q in (0.05, 0.25, 0.5, 0.75, 0.95)}
        ends = {"min": _short(self.least), "max": _short(self.most)} if self.total else {}
        bins = {"counts": [int(c) for c in counts], "edges": [_short(e) for e in edges]}
        below = {"below": self.below} if self.below else {}
        return {"unit": self.unit, "count": self.total, **ends, **quantiles, **below, **bins}


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


@dataclass
class Grid:
    """Where in the picture points lie: (side, side) counts over shares of its height (rows) and width (columns)."""

    side: int = 64
    counts: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.counts = np.zeros((self.side, self.side))

    def add(self, points: np.ndarray) -> None:
        """Take in points (..., 2) in shares of width and height; those outside of the picture are left out."""
        points = points.reshape(-1, 2)
        inside = ((points >= 0) & (points < 1)).all(1)
        columns, rows = (points[inside] * self.side).astype(int).T
        np.add.at(self.counts, (rows, columns), 1)


@dataclass
class Reservoir:
    """Rows that stand for all rows seen, each with the same chance (Vitter's algorithm R); equal input, equal rows."""

    size: int
    rows: list[np.ndarray] = field(default_factory=list)
    seen: int = 0
    _rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    def add(self, row: np.ndarray) -> None:
        self.seen += 1
        if len(self.rows) < self.size:
            self.rows.append(row)
        elif (place := int(self._rng.integers(self.seen))) < self.size:
            self.rows[place] = row
