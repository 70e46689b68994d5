"""The page: one file without links to anything, a section a subject."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import numpy as np

from synth.stats import plots
from synth.stats.coverage import plane_of
from synth.stats.gather import Stats
from synth.stats.measures import ANGLES, STATES
from synth.stats.plots import number
from synth.stats.style import STYLE
from synth.stats.tally import Histogram

_NAMED = 50  # faults
_SECTIONS = ("people", "motion", "camera", "picture", "scene", "rejected")
_TRAITS = {
    "people": ("people", "formation", "gender", "clothes", "hair", "skin"),
    "camera": ("camera", "framing", "held", "focus", "lens", "shutter", "shape"),
    "scene": ("scene", "time", "light", "sun", "ground", "prop", "prop's role"),
}
_OF_PEOPLE = ("gender", "clothes", "hair", "skin", "motion", "spliced")
_OF_PROPS = ("prop", "prop's role")
_LEAST_DRAWS = 5  # of which a rate of rejection is told


def to_html(stats: Stats) -> str:
    """The page of a data set."""
    title = stats.url.rstrip("/").rsplit("/", 1)[-1] or stats.url
    made = {name: _CONTENT[name](stats) for name in _SECTIONS}
    made = {name: content for name, content in made.items() if content}
    nav = "".join(f'<a href="#{name}">{name.capitalize()}</a>' for name in made)
    sections = "".join(f'<section id="{n}"><h2>{n.capitalize()}</h2>{c}</section>' for n, c in made.items())
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} · stats</title><style>{STYLE}</style></head><body>"
        f"<header><h1>{escape(title)}</h1><nav>{nav}</nav></header><main>"
        f'{_about(stats)}{_faults(stats)}<div class="cards">{_cards(stats)}</div>{sections}</main></body></html>\n'
    )


def _about(stats: Stats) -> str:
    facts = {
        "data set": stats.url,
        "clips": f"{stats.clips:,}" + ("" if stats.source.finished else ", still being made"),
        "frames": f"{stats.frames:,}",
        "minutes": f"{stats.seconds / 60:,.1f}",
        "size": ", ".join(s for s, _ in stats.sizes.most_common(4)),
        "frames a second": ", ".join(f for f, _ in stats.fps.most_common(4)),
    }
    if stats.source.bytes:
        facts["bytes"] = f"{stats.source.bytes:,}"
    items = "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in facts.items())
    return f'<dl class="about">{items}</dl>'


def _faults(stats: Stats) -> str:
    if not stats.faults:
        return ""
    notes = "".join(f"<li>{escape(fault)}</li>" for fault in stats.faults[:_NAMED])
    more = len(stats.faults) - _NAMED
    return (
        f'<div class="faults"><h2>Not in these numbers</h2><ul>{notes}'
        f"{f'<li>and {more} more</li>' if more > 0 else ''}</ul></div>"
    )


def _range(one: Histogram) -> str:
    return f"{number(one.quantile(0.05))} – {number(one.quantile(0.95))}<small>{escape(one.unit)}</small>"


def _ends(one: Histogram) -> str:
    return f"{number(one.least)} – {number(one.most)}"


def _cards(stats: Stats) -> str:
    cards = [
        (where, title, _range(stats.histograms[name]), f"median {number(stats.histograms[name].quantile(0.5))}")
        for where, title, name in (
            ("people", "stature", "stature"), ("people", "BMI", "bmi"),
            ("picture", "distance", "distance"), ("camera", "focal length", "focal_mm"),
        )
        if stats.histograms[name].total
    ]  # fmt: skip
    if stats.coverage:
        beside = f"{sum(a.used > 0 for a in stats.coverage.actions)} of {len(stats.coverage.actions)} actions"
        cards.append(("motion", "motions", f"{stats.coverage.used} of {stats.coverage.there}", beside))
    if stats.histograms["joints_visible"].total:
        total = sum(stats.seen.values())
        visible, other, out = (100 * total[k] / max(total.sum(), 1) for k in (0, 2, 3))
        cards.append(("picture", "joints visible", f"{visible:.0f} %", f"{other:.0f} % behind others, {out:.0f} % out"))
    draws = len(stats.source.rejected)
    if stats.source.clips is not None:
        share = 100 * draws / max(draws + stats.clips, 1)
        cards.append(("rejected", "rejected draws", f"{share:.1f} %", f"{draws:,} beside {stats.clips:,} clips"))
    return "".join(
        f'<a class="card" href="#{where}"><span class="what">{title}</span><span class="big">{big}</span>'
        f'<span class="beside">{beside}</span></a>'
        for where, title, big, beside in cards
    )


def _figure(title: str, plot: str, note: str = "", kind: str = "") -> str:
    return f'<figure class="{kind}"><figcaption><b>{escape(title)}</b>{note}</figcaption>{plot}</figure>'


def _plots(figures: Iterable[str], kind: str = "") -> str:
    joined = "".join(figures)
    return f'<div class="plots {kind}">{joined}</div>' if joined else ""


def _histograms(stats: Stats, *names: str) -> list[str]:
    out = []
    for name in names:
        one = stats.histograms[name]
        if one.total:
            note = f"median {number(one.quantile(0.5))}, 90 % in {_range(one)}; all in {_ends(one)}"
            if one.below:
                note += f"; {100 * one.below / one.total:.0f} % are below {number(one.low)} and not drawn"
            out.append(_figure(one.title, plots.histogram(one) if one.counts.any() else "", note))
    return out


def _bars(stats: Stats, section: str) -> list[str]:
    found = [t for t in stats.traits if t in _TRAITS[section] or t.split(".")[0] in _TRAITS[section]]
    order = sorted(found, key=lambda t: (_TRAITS[section].index(t.split(".")[0]), t))
    names = {"camera": "move", "people": "people in a clip"}
    return [
        _figure(names.get(t, t.replace(".", ": ").replace("_", " ")), plots.bars(stats.traits[t], _whole(stats, t)))
        for t in order
    ]


def _whole(stats: Stats, trait: str) -> int:
    """What a count of this trait is a share of: people, props or clips."""
    if trait in _OF_PEOPLE:
        return sum(stats.traits["gender"].values())
    return sum(stats.traits[trait].values()) if trait in _OF_PROPS else stats.clips


def _people(stats: Stats) -> str:
    betas = [
        _figure(stats.histograms[f"beta{k}"].title, plots.histogram(stats.histograms[f"beta{k}"], 24, 220))
        for k in range(10)
        if stats.histograms[f"beta{k}"].total
    ]
    note = ""
    if stats.unshaped:
        note = (
            f'<p class="note">{stats.unshaped:,} people have another body model than those here: name its folder with '
            "--models to see their stature and weight.</p>"
        )
    return _plots(_histograms(stats, "stature", "bmi")) + note + _plots(betas, "small") + _plots(_bars(stats, "people"))


def _motion(stats: Stats) -> str:
    figures = []
    cover = stats.coverage
    if cover:
        note = "how many motions of each the library has, how many are used, in how many parts of clips"
        counts = {f"{a.name}, {a.used} of {a.there}": a.parts for a in cover.actions}
        figures.append(_figure("actions", plots.bars(counts, sum(counts.values()), 40), note))
    if len(stats.poses.rows) > 2:
        captured = cover.poses if cover else np.zeros((0, 63))
        front, behind, share = plane_of(np.stack(stats.poses.rows), captured)
        note = f"body poses on the two main axes of their variation, which tell {100 * share:.0f} % of it" + (
            f"; grey are {len(behind):,} poses of the library's captures" if len(behind) else ""
        )
        figures.append(_figure("poses", plots.scatter(front, behind), note))
    if "motion" in stats.traits:
        counts = dict(stats.traits["motion"])
        counts |= {name: 0 for a in (cover.actions if cover else ()) for name in a.unused}
        figures.append(_figure("motions", plots.bars(counts, _whole(stats, "motion"))))
    figures += _histograms(stats, "walk", "facing")
    if "spliced" in stats.traits:
        figures.append(_figure("splices", plots.bars(stats.traits["spliced"], _whole(stats, "spliced"))))
    angles = [
        _figure(one.title, plots.histogram(one, 24, 220), f"median {number(one.quantile(0.5))}°")
        for one in (stats.histograms[f"angle_{name}"] for name in ANGLES)
        if one.total
    ]
    heading = '<p class="note">Turns of joints away from the T-pose, left and right together, in degrees</p>'
    return _plots(figures) + (heading + _plots(angles, "small four") if angles else "")


def _camera(stats: Stats) -> str:
    return _plots([*_bars(stats, "camera"), *_histograms(stats, "focal_mm", "elevation", "travel", "turn", "zoom")])


def _picture(stats: Stats) -> str:
    figures, before = [], ""
    if any(grid.counts.any() for grid in stats.grids.values()):
        maps = "".join(_figure(n, plots.heat(g, f"where {n} joints are")) for n, g in stats.grids.items())
        note = "width and height of every picture stretched to a square"
        before = _figure("where joints lie in the picture", f'<div class="heats">{maps}</div>', note, "wide")
    if any(counts.any() for counts in stats.seen.values()):
        rows = {name: [int(c) for c in counts] for name, counts in stats.seen.items()}
        figures.append(_figure("what is seen of joints", plots.stacked(rows, STATES), "shares of joints and frames"))
    names = ("joints_visible", "distance", "size", "person_share", "darkest", "brightest")
    return before + _plots([*figures, *_histograms(stats, *names)])


def _scene(stats: Stats) -> str:
    return _plots(_bars(stats, "scene"))


def _rejected(stats: Stats) -> str:
    if not stats.rejected:
        return ""
    draws = len(stats.source.rejected)
    figures = [_figure("reasons", plots.bars(stats.rejected, draws), f"of {draws:,} draws; one may have several")]
    for trait, counts in sorted(stats.rates.items()):
        kept = stats.traits.get(trait, {})
        rates = {
            f"{value} ({count} of {count + kept.get(value, 0)})": round(100 * count / (count + kept.get(value, 0)))
            for value, count in counts.items()
            if count + kept.get(value, 0) >= _LEAST_DRAWS
        }
        if rates:
            figures.append(_figure(f"rejected draws by {trait}", plots.bars(rates, 0, 10), "per cent"))
    return _plots(figures)


_CONTENT = {
    "people": _people, "motion": _motion, "camera": _camera, "picture": _picture, "scene": _scene,
    "rejected": _rejected,
}  # fmt: skip
