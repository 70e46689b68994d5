"""An evaluation as one HTML page that needs no other file: numbers, spread over the clips, best and worst clips."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from itertools import islice
from pathlib import Path

from train.inference.report import Report, Row, TaskReport, number
from train.inference.report_spread import spread
from train.inference.report_style import STYLE

_NAMED = 100  # clips without numbers that are named
_LISTED = 250  # best and worst clips, each, of a set too large to be listed


def to_html(report: Report, pictures: Mapping[str, Mapping[str, Path]]) -> str:
    """The page.

    Args:
        pictures: task -> key of a clip -> WebP with input, answer and truth as rows of one height.
    """
    nav = "".join(f'<a href="#{escape(t.name)}">{escape(_words(t.name))}</a>' for t in report.tasks)
    about = "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in report.about.items())
    cards = "".join(_card(task) for task in report.tasks)
    sections = "".join(_section(task, report, pictures.get(task.name, {})) for task in report.tasks)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(report.title)}</title><style>{STYLE}</style></head><body>"
        f"<header><h1>{escape(report.title)}</h1><nav>{nav}</nav></header><main>"
        f'<dl class="about">{about}</dl>{_faults(report)}<div class="cards">{cards}</div>{sections}'
        f"{_footer(report)}</main></body></html>\n"
    )


def _words(name: str) -> str:
    return {"keypoints2d": "2D keypoints", "keypoints3d": "3D keypoints"}.get(name, name.replace("_", " "))


def _headline(task: TaskReport) -> Row:
    return next(row for row in task.rows if row.name == task.headline)


def _card(task: TaskReport) -> str:
    row = _headline(task)
    beside = "" if row.constant is None else f'<span class="beside">constant {number(row.constant)}</span>'
    unit = f", {escape(row.unit)}" if row.unit else ""
    mark = {True: " wins", False: " loses", None: ""}[row.wins]
    return (
        f'<a class="card{mark}" href="#{escape(task.name)}"><span class="what">{escape(_words(task.name))}</span>'
        f'<span class="big">{number(row.value)}</span>'
        f'<span class="metric">{escape(row.name)} {_arrow(row.larger)}{unit}</span>{beside}</a>'
    )


def _section(task: TaskReport, report: Report, pictures: Mapping[str, Path]) -> str:
    return (
        f'<section id="{escape(task.name)}"><h2>{escape(_words(task.name))}</h2>'
        f'<p class="protocol">{escape(task.protocol)}</p>'
        f"{_table(task, bool(report.constant))}{_spread(task)}"
        f"{_clips('Best clips', task.best, task, pictures)}{_clips('Worst clips', task.worst, task, pictures)}"
        f"{_details(task)}{_every_clip(task)}</section>"
    )


def _table(task: TaskReport, constant: bool) -> str:
    head = "<th>metric</th><th>value</th>" + ("<th>constant</th>" if constant else "") + "<th>is</th>"
    lines = []
    for row in task.rows:
        mark = ' class="headline"' if row.name == task.headline else ""
        flat = f'<td class="number flat">{_value(row.constant, row.unit)}</td>' if constant else ""
        lines.append(
            f"<tr{mark}><th>{escape(row.name)} {_arrow(row.larger)}</th>"
            f'<td class="number">{_value(row.value, row.unit)}</td>{flat}<td class="how">{escape(row.how)}</td></tr>'
        )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'


def _arrow(larger: bool) -> str:
    return '<span title="larger is better">↑</span>' if larger else '<span title="smaller is better">↓</span>'


def _value(value: float | None, unit: str) -> str:
    small = f"<small>{escape(unit)}</small>" if unit and value is not None else ""
    return f"{number(value)}{small}"


def _spread(task: TaskReport) -> str:
    """Where the clips lie along the headline metric."""
    values = [(value, key) for key, value, _ in task.clips if value is not None]
    if len(values) < 2:
        return ""
    row = _headline(task)
    return (
        f'<figure class="spread">{spread(values)}'
        f"<figcaption>{escape(row.name)} {_arrow(row.larger)} of each clip</figcaption></figure>"
    )


def _clips(title: str, keys: Sequence[str], task: TaskReport, pictures: Mapping[str, Path]) -> str:
    values = {key: value for key, value, _ in task.clips}
    row, shown = _headline(task), []
    for key in keys:
        path = pictures.get(key)
        if path is None or not path.is_file():
            continue
        data = base64.b64encode(path.read_bytes()).decode()
        shown.append(
            f"<figure class='clip'><label title='larger'><input type='checkbox'><figcaption><b>{escape(key)}</b> "
            f"{escape(row.name)} {_value(values.get(key), row.unit)}</figcaption>"
            "<div class='rows'><div class='labels'><span>input</span><span>answer</span><span>truth</span></div>"
            f"<img loading='lazy' alt='input, answer and truth of {escape(key)}' "
            f"src='data:image/webp;base64,{data}'></div></label></figure>"
        )
    return f"<h3>{title}</h3><div class='clips'>{''.join(shown)}</div>" if shown else ""


def _details(task: TaskReport) -> str:
    if not task.details:
        return ""
    lines = "".join(
        f'<tr><th>{escape(r.of or "")}</th><td class="number">{_value(r.value, r.unit)}</td>'
        f'<td class="number flat">{_value(r.constant, r.unit)}</td></tr>'
        for r in task.details
    )
    what = task.details[0]
    return (
        f"<details><summary>{escape(what.name)} {_arrow(what.larger)} in detail</summary><div class='columns'>"
        f"<table><thead><tr><th>of</th><th>value</th><th>constant</th></tr></thead><tbody>{lines}</tbody></table>"
        "</div></details>"
    )


def _every_clip(task: TaskReport) -> str:
    row = _headline(task)
    ordered = sorted(task.clips, key=lambda c: (c[1] is None, -(c[1] or 0) if row.larger else (c[1] or 0)))
    between = len(ordered) - 2 * _LISTED
    few = between <= 0
    title = f"All {len(ordered)} clips" if few else f"The {_LISTED} best and the {_LISTED} worst clips"
    lines = [_clip_line(clip, row.unit) for clip in (ordered if few else (*ordered[:_LISTED], *ordered[-_LISTED:]))]
    if not few:
        lines.insert(_LISTED, f'<tr><td colspan="3">{between:,} clips between them stand in report.json</td></tr>')
    return (
        f"<details><summary>{title}, best first</summary><div class='columns'><table><thead><tr>"
        f"<th>clip</th><th>{escape(row.name)}</th><th>constant</th></tr></thead><tbody>{''.join(lines)}</tbody></table>"
        "</div></details>"
    )


def _clip_line(clip: tuple[str, float | None, float | None], unit: str) -> str:
    key, value, flat = clip
    return (
        f'<tr><th>{escape(key)}</th><td class="number">{_value(value, unit)}</td>'
        f'<td class="number flat">{_value(flat, unit)}</td></tr>'
    )


def _faults(report: Report) -> str:
    named = islice(report.failed.items(), _NAMED)
    notes = [f"<li><b>{escape(key)}</b>: {escape(why)}</li>" for key, why in named]
    if len(report.failed) > _NAMED:
        notes.append(f"<li>{len(report.failed) - _NAMED:,} more clips stand in report.json.</li>")
    if report.unlabelled:
        notes.append(f"<li>{report.unlabelled} clips have no label of any task that was asked for.</li>")
    if not notes:
        return ""
    return f'<div class="faults"><h2>Not in these numbers</h2><ul>{"".join(notes)}</ul></div>'


def _footer(report: Report) -> str:
    constant = f"<p><b>constant</b>: {escape(report.constant)}.</p>" if report.constant else ""
    arrows = "<p>↑ larger is better, ↓ smaller is better. Numbers are over all clips together.</p>"
    return f"<footer>{constant}{arrows}</footer>"
