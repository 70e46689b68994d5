"""Plots as SVG and HTML, in the colours of ``synth.stats.style``; titles of their marks say what they stand for."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
from PIL import Image

from synth.stats.tally import Grid, Histogram

_WIDTH, _TALL, _LEFT, _UNDER = 320, 96, 8, 22
_INK = (47, 111, 237)  # of heat maps: seen on light and on dark


def number(value: float | None) -> str:
    """A number for people: three significant digits; a dash for none."""
    if value is None or not math.isfinite(value):
        return "–"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    digits = 2 if value == 0 else max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:.{min(digits, 3)}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def histogram(one: Histogram, bins: int = 40, wide: float = _WIDTH) -> str:
    """Columns over the range that values take, with their median, as SVG."""
    counts, edges = one.coarse(bins)
    at = np.log(edges) if one.log else edges
    left, right = _LEFT, wide - _LEFT
    x = left + (at - at[0]) / (at[-1] - at[0]) * (right - left)
    top = max(counts.max(), 1)
    columns = "".join(
        f'<rect x="{a:.1f}" width="{max(b - a - 0.8, 0.5):.1f}" y="{_TALL - t:.1f}" height="{t:.1f}"><title>'
        f"{number(low)} to {number(high)} {escape(one.unit)}: {100 * c / one.total:.1f} %</title></rect>"
        for a, b, c, low, high in zip(x[:-1], x[1:], counts, edges[:-1], edges[1:], strict=True)
        if c and (t := max((_TALL - 8) * c / top, 1.0))
    )
    middle = one.quantile(0.5)
    mark = ""
    if middle is not None and edges[0] <= middle <= edges[-1]:
        place = math.log(middle) if one.log else middle
        where = left + (place - at[0]) / (at[-1] - at[0]) * (right - left)
        mark = f'<line class="median" x1="{where:.1f}" x2="{where:.1f}" y1="2" y2="{_TALL}"/>'
    ticks = "".join(
        f'<text x="{left + (t - at[0]) / (at[-1] - at[0]) * (right - left):.1f}" y="{_TALL + 16}" '
        f'text-anchor="middle">{number(v)}</text>'
        for v in _ticks(edges[0], edges[-1], one.log, wide)
        for t in [math.log(v) if one.log else v]
    )
    return (
        f'<svg viewBox="0 0 {wide} {_TALL + _UNDER}" role="img" aria-label="{escape(one.title)}">'
        f'<line x1="{left}" x2="{right}" y1="{_TALL}" y2="{_TALL}"/>{columns}{mark}{ticks}</svg>'
    )


def _ticks(low: float, high: float, log: bool, wide: float) -> list[float]:
    """Round values along the axis, away from its very ends, where a label would be cut."""
    most = wide / 48
    if log:
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        for steps in ((1, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
            values = [m * 10.0**e for e in decades for m in steps]
            values = [v for v in values if 0.03 < math.log(v / low) / math.log(high / low) < 0.97]
            if len(values) <= most:
                return values
        return values[:: math.ceil(len(values) / most)]
    rough = (high - low) / most
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= rough)
    values = np.arange(math.ceil(low / step), math.floor(high / step) + 1) * step
    return [float(v) for v in values if 0.03 < (v - low) / (high - low) < 0.97]


def bars(counts: Mapping[str, int], total: int, most: int = 14) -> str:
    """Rows of name, bar and count, the most frequent first; the rest folded away. ``total`` is what 100 % would be."""
    rows = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    top = max((count for _, count in rows), default=1) or 1

    def row(name: str, count: int) -> str:
        share = f"{100 * count / total:.0f} %" if total else ""
        return (
            f'<div class="row{"" if count else " none"}"><span class="name" title="{escape(name)}">'
            f"{escape(name.replace('_', ' '))}</span>"
            f'<span class="bar"><i style="width:{100 * count / top:.1f}%"></i></span>'
            f'<span class="count">{count:,}</span><span class="share">{share}</span></div>'
        )

    lines = [row(*pair) for pair in rows]
    more = lines[most:] if len(lines) > most + 2 else []
    shown = "".join(lines[: len(lines) - len(more)])
    folded = f"<details><summary>{len(more)} more</summary>{''.join(more)}</details>" if more else ""
    return f'<div class="bars">{shown}{folded}</div>'


def stacked(rows: Mapping[str, Sequence[int]], states: Sequence[str]) -> str:
    """One bar of shares a row, its parts in the order of ``states``."""
    lines = []
    for name, counts in rows.items():
        total = sum(counts) or 1
        parts = "".join(
            f'<i class="state{k}" style="width:{100 * c:.2f}%" title="{escape(s)}: {100 * c:.1f} %"></i>'
            for k, (s, c) in enumerate(zip(states, np.array(counts) / total, strict=True))
            if c
        )
        shares = f'<span class="share">{100 * counts[0] / total:.0f} %</span>'
        lines.append(
            f'<div class="row"><span class="name">{escape(name)}</span><span class="stack">{parts}</span>{shares}</div>'
        )
    key = "".join(f'<span><i class="state{k}"></i>{escape(s)}</span>' for k, s in enumerate(states))
    return f'<div class="bars">{"".join(lines)}</div><div class="key">{key}</div>'


def heat(grid: Grid, title: str) -> str:
    """Where points lie in the picture: the denser, the fuller the colour."""
    share = np.sqrt(grid.counts / max(grid.counts.max(), 1))  # rare places shall be seen too
    pixels = np.empty((*share.shape, 4), np.uint8)
    pixels[..., :3], pixels[..., 3] = _INK, (share * 255).round()
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<img class="heat" alt="{escape(title)}" src="data:image/png;base64,{data}">'


def scatter(points: np.ndarray, behind: np.ndarray) -> str:
    """Dots (n, 2) over fainter ones (m, 2), both in the same plane."""
    both = np.concatenate([points, behind])
    low, size = both.min(0), np.ptp(both, axis=0).max() or 1.0
    wide, tall = 420, 300
    scale = min((wide - 16) / max(np.ptp(both[:, 0]), 1e-9), (tall - 16) / max(np.ptp(both[:, 1]), 1e-9), 1e3 / size)
    middle = (both.max(0) + low) / 2

    def dots(of: np.ndarray, name: str) -> str:
        at = (of - middle) * scale
        return "".join(f'<circle class="{name}" cx="{wide / 2 + x:.1f}" cy="{tall / 2 - y:.1f}" r="2"/>' for x, y in at)

    return (
        f'<svg viewBox="0 0 {wide} {tall}" role="img" aria-label="poses">'
        f"{dots(behind, 'behind')}{dots(points, 'front')}</svg>"
    )
