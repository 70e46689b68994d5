"""Where clips lie along a number, as SVG for the HTML report: a dot each, or columns if they are many."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from train.inference.report import number

_WIDTH, _TALLEST, _MARGIN = 640, 120, 24  # of a plot, in its own units
_MOST_DOTS, _BINS = 1000, 74  # clips that are drawn one by one; columns for more


def spread(values: Sequence[tuple[float, str]]) -> str:
    """SVG of (number, key) of at least one clip; its titles say which clip a dot is, or how many a column holds."""
    low, high = min(v for v, _ in values), max(v for v, _ in values)
    span = high - low if high - low > 1e-9 * abs(high) else 1.0  # too near to each other to be told apart
    base, marks = (_dots if len(values) <= _MOST_DOTS else _columns)(values, low, span)
    height = base + 24
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="spread over clips">'
        f'<line x1="{_MARGIN}" x2="{_WIDTH - _MARGIN}" y1="{base}" y2="{base}"/>{marks}'
        f'<text x="{_MARGIN}" y="{height - 6}">{number(low)}</text>'
        f'<text x="{_WIDTH - _MARGIN}" y="{height - 6}" text-anchor="end">{number(high)}</text></svg>'
    )


def _dots(values: Sequence[tuple[float, str]], low: float, span: float) -> tuple[int, str]:
    """Height of the plot and its marks; dots that would touch are stacked."""
    radius = 4 if len(values) <= 120 else 2
    columns: dict[int, int] = {}
    places = []
    for value, key in sorted(values):
        column = round((_MARGIN + (value - low) / span * (_WIDTH - 2 * _MARGIN)) / (2 * radius))
        columns[column] = columns.get(column, -1) + 1
        places.append((2 * radius * column, columns[column], value, key))
    base = min(2 * radius * (2 + max(columns.values())), _TALLEST)
    dots = [
        f'<circle cx="{x}" cy="{max(radius, base - radius - 2 - 2 * radius * level)}" r="{radius - 0.6}">'
        f"<title>{escape(key)}: {number(value)}</title></circle>"
        for x, level, value, key in places
    ]
    return base, "".join(dots)


def _columns(values: Sequence[tuple[float, str]], low: float, span: float) -> tuple[int, str]:
    """Height of the plot and its marks."""
    counts, edges = np.histogram([value for value, _ in values], _BINS, (low, low + span))
    wide = (_WIDTH - 2 * _MARGIN) / _BINS
    columns = [
        f'<rect x="{_MARGIN + k * wide:.1f}" width="{wide - 1:.1f}" y="{_TALLEST - tall:.1f}" height="{tall:.1f}">'
        f"<title>{count:,} of {len(values):,} clips, {number(edges[k])} to {number(edges[k + 1])}</title></rect>"
        for k, count in enumerate(counts)
        if (tall := (_TALLEST - 4) * count / counts.max())
    ]
    return _TALLEST, "".join(columns)
