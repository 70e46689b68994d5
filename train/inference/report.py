"""What an evaluation found, as plain data, as JSON and as tables for the terminal."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from train.inference.evaluate import Judged


@dataclass(frozen=True)
class Row:
    """One number over the whole set.

    Attributes:
        name, unit, larger, how: as in ``train.tasks.Metric``.
        value, constant: of the model and of the constant answer; None if there is none.
        of: for a detail, what it is of, such as a joint; else None.
    """

    name: str
    value: float | None
    constant: float | None
    unit: str
    larger: bool
    how: str
    of: str | None = None

    @property
    def wins(self) -> bool | None:
        """Whether the model is better than the constant answer; None if that cannot be said."""
        if self.value is None or self.constant is None or self.value == self.constant:
            return None
        return (self.value > self.constant) == self.larger


@dataclass(frozen=True)
class TaskReport:
    """One task: its numbers, and each clip's headline number, best and worst clips first to last.

    Attributes:
        clips: (key, value, constant's value), in the order of the set; of the headline metric.
        best, worst: keys of clips that were drawn.
    """

    name: str
    protocol: str
    headline: str
    rows: tuple[Row, ...]
    details: tuple[Row, ...]
    clips: tuple[tuple[str, float | None, float | None], ...]
    best: tuple[str, ...]
    worst: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """The whole.

    Attributes:
        title: of the page.
        about: facts by name, in the order in which they are shown.
        constant: how the constant answer came about; empty if there is none.
        failed: key of a clip -> why it has no numbers.
    """

    title: str
    about: Mapping[str, str]
    constant: str
    tasks: tuple[TaskReport, ...]
    failed: Mapping[str, str]
    unlabelled: int


def report_of(judged: Judged, title: str, about: Mapping[str, str], constant: str = "") -> Report:
    """The report of an evaluation."""
    tasks = []
    for name, task in judged.judges.items():
        if name not in judged.total:
            continue
        value = task.summarise(judged.total[name])
        flat = task.summarise(judged.constant[name]) if name in judged.constant else {}
        known, rows, details = task.metrics(), [], []
        for key, number in value.items():
            what, _, of = key.partition("/")
            row = Row(what, _finite(number), _finite(flat.get(key)), *known[what], of or None)
            (details if of else rows).append(row)
        head, gallery = task.headline[0], judged.galleries[name]
        clips = tuple((key, _finite(value), _finite(flat)) for key, value, flat in judged.clips[name])
        tasks.append(
            TaskReport(
                name, task.protocol(), head, tuple(rows), tuple(details), clips,
                tuple(gallery.best), tuple(gallery.worst),
            )
        )  # fmt: skip
    facts = dict(about)
    count = len({key for task in tasks for key, _, _ in task.clips})
    facts["clips"] = f"{count}, {judged.frames} frames"
    if judged.seconds > 0:
        facts["speed"] = f"{judged.frames / judged.seconds:.2f} frames/s, all tasks together"
    return Report(title, facts, constant, tuple(tasks), judged.failed, judged.unlabelled)


def to_json(report: Report, metrics: Callable[[str, str], Mapping[str, float | None]]) -> Iterator[str]:
    """Everything but pictures and statistics, in pieces of text: a hundred thousand clips are more than fits in memory.

    Args:
        metrics: (key of a clip, task) -> its metrics by name.
    """
    head = {"title": report.title, "about": dict(report.about), "constant": report.constant}
    tail = {"failed": dict(report.failed), "unlabelled": report.unlabelled}
    yield json.dumps(head, indent=1).removesuffix("\n}") + ',\n "tasks": {'
    for number, task in enumerate(report.tasks):
        about = {"protocol": task.protocol, "headline": task.headline, "overall": _overall(task, bool(report.constant))}
        yield f"{',' if number else ''}\n{json.dumps(task.name)}: "
        yield json.dumps(about, indent=1).removesuffix("\n}") + ',\n "clips": {'
        for place, (key, _, _) in enumerate(task.clips):
            yield f"{',' if place else ''}\n  {json.dumps(key)}: {json.dumps(metrics(key, task.name))}"
        yield "}}"
    yield "},\n" + json.dumps(tail, indent=1).removeprefix("{\n") + "\n"


def _overall(task: TaskReport, constant: bool) -> dict[str, dict[str, Any]]:
    overall = {}
    for row in (*task.rows, *task.details):
        entry = {"value": row.value, "unit": row.unit, "better": "larger" if row.larger else "smaller", "how": row.how}
        if constant:
            entry["constant"] = row.constant
        overall[row.name if row.of is None else f"{row.name}/{row.of}"] = entry
    return overall


def to_terminal(report: Report) -> RenderableType:
    """A table a task, with protocol and conventions beside the numbers."""
    parts: list[RenderableType] = []
    for task in report.tasks:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left", title_style="")
        table.title = Text.assemble((task.name, "bold"), (f"  {task.protocol}", "dim"))
        table.add_column("metric", no_wrap=True)
        table.add_column("value", justify="right", no_wrap=True)
        if report.constant:
            table.add_column("constant", justify="right", no_wrap=True)
        table.add_column("unit", no_wrap=True)
        table.add_column("is", style="dim")
        for row in task.rows:
            name = Text(f"{row.name} {'↑' if row.larger else '↓'}", "bold" if row.name == task.headline else "")
            cells = [name, number(row.value)]
            if report.constant:
                cells.append(number(row.constant))
            table.add_row(*cells, row.unit, row.how)
        parts.append(table)
    if report.constant:
        parts.append(Text(f"constant: {report.constant}", "dim"))
    return Group(*parts)


def number(value: float | None) -> str:
    """A number for people: four significant digits; a dash for none."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    digits = 3 - math.floor(math.log10(abs(value)))
    return f"{value:.3e}" if digits > 7 else f"{value:.{min(max(digits, 0), 6)}f}"


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
