"""``thfm-synth stats``: what a data set holds, as a page, as JSON or in a few tables."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from synth.conventions import ThfmError
from synth.stats import Stats, gather, to_html
from synth.stats.plots import number
from synth.terminal.progress import bar

_MEASURES = ("stature", "bmi", "distance", "focal_mm", "travel", "joints_visible", "darkest")
_MOST = 12  # values of a trait in the terminal; the page has all


def run(url: str, out: Path | None, as_json: bool, models: tuple[Path, ...]) -> None:
    """Read a data set, write its page and tell what is in it.

    Raises:
        ThfmError: there is no data set, or the page cannot be written.
    """
    if out is None and not as_json:
        if "://" in url or "{" in url:
            raise ThfmError(f"{url} is no folder of this machine: name a file for its page with --out.")
        out = Path(f"{url.rstrip('/').removesuffix('.tar')}-stats.html")
    with bar("reading") as advance:
        stats = gather(url, models, advance)
    if out is not None:
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(to_html(stats), encoding="utf-8")
        except OSError as error:
            raise ThfmError(f"{out} cannot be written ({error.strerror}): name another file with --out.") from None
    if as_json:
        print(json.dumps(stats.as_dict(), indent=1))
        return
    console = Console()
    _tell(stats, console)
    console.print(f"Look at {out} in a browser.", soft_wrap=True, highlight=False)


def _tell(stats: Stats, console: Console) -> None:
    totals = Table(show_header=False, box=None)
    totals.add_row("clips", f"{stats.clips:,}" + ("" if stats.source.finished else ", still being made"))
    totals.add_row("frames", f"{stats.frames:,}")
    totals.add_row("minutes", f"{stats.seconds / 60:.2f}")
    totals.add_row("size", ", ".join(stats.sizes))
    if stats.source.bytes:
        totals.add_row("bytes", f"{stats.source.bytes:,} ({stats.source.bytes / max(1, stats.frames):,.0f} a frame)")
    totals.add_row("shards", str(len(stats.source.shards)))
    totals.add_row("rejected", f"{len(stats.source.rejected)} draws")
    if stats.coverage:
        totals.add_row("motions", f"{stats.coverage.used} of {stats.coverage.there} in the library")
    for name in _MEASURES:
        one = stats.histograms[name]
        if one.total:
            low, middle, high = (number(one.quantile(q)) for q in (0.05, 0.5, 0.95))
            totals.add_row(one.title, f"{middle} {one.unit}, 90 % in {low} to {high}")
    console.print(totals)
    for trait, counter in stats.traits.items():
        table = Table("count", title=trait, title_justify="left", box=None)
        table.add_column(trait, overflow="fold")
        rows = sorted(counter.items(), key=lambda pair: (-pair[1], pair[0]))
        for value, count in rows[:_MOST]:
            table.add_row(str(count), value)
        if len(rows) > _MOST:
            table.add_row("", f"and {len(rows) - _MOST} more")
        console.print(table)
    for fault in stats.faults:
        console.print(f"left out: {fault}", soft_wrap=True, highlight=False, markup=False)
