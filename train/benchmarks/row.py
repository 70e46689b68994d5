"""A benchmark's row beside the rows of the literature."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from train.benchmarks.base import Benchmark
from train.inference.report import Report, number


def row_of(benchmark: Benchmark, report: Report) -> list[float | None]:
    """The numbers of the columns; None for what the model does not answer."""
    found = {(task.name, row.name): row.value for task in report.tasks for row in task.rows}
    values = []
    for column in benchmark.columns:
        value = found.get((column.task, column.metric))
        values.append(None if value is None else column.factor * value)
    return values


def to_table(benchmark: Benchmark, report: Report, name: str) -> RenderableType:
    """The model's row above those of the literature, each with its source."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left", title_style="bold")
    table.title = benchmark.title
    table.add_column("method")
    for column in benchmark.columns:
        table.add_column(column.heading, justify="right")
    table.add_column("source", style="dim")
    table.add_row(Text(name), *map(number, row_of(benchmark, report)), "this run", style="bold")
    for row in benchmark.published:
        source = f"{row.source}; {row.note}" if row.note else row.source
        table.add_row(row.method, *map(number, row.values), source)
    notes = [Text(f"protocol: {benchmark.protocol}", "dim")]
    if not benchmark.published:
        notes.append(Text("no number of this literature is known for it.", "dim"))
    return Group(table, *notes)


def to_plain(benchmark: Benchmark, report: Report) -> dict:
    """The same, JSON-able."""
    headings = [column.heading for column in benchmark.columns]
    return {
        "benchmark": benchmark.name,
        "protocol": benchmark.protocol,
        "row": dict(zip(headings, row_of(benchmark, report), strict=True)),
        "published": [
            {"method": p.method, **dict(zip(headings, p.values, strict=True)), "source": p.source, "note": p.note}
            for p in benchmark.published
        ],
    }
