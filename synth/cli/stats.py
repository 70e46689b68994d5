"""``thfm-synth stats``: what a data set holds, out of its manifest and the clips' own headers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from synth.shards import read_clips, read_manifest

_LENSES = (24, 35, 50, 85, 135)  # millimetres: the borders of lens classes


def _shape(width: int, height: int) -> str:
    return "square" if width == height else "wide" if width > height else "portrait"


def _traits(spec: dict) -> Iterable[tuple[str, str]]:
    """(trait, value) pairs of one clip's spec."""
    camera = spec["camera"]
    yield "camera", camera["move"]
    yield "framing", camera.get("framing", "full_body")
    yield "held", "by hand" if camera.get("shake") else "still"
    yield "focal length", next((f"under {mm} mm" for mm in _LENSES if camera["focal_mm"] < mm), "longer")
    yield "shape", _shape(spec["width"], spec["height"])
    yield "light", spec["light"]["hdri"]
    yield "ground", spec["ground"]["pattern"]
    for person in spec["people"]:
        yield "gender", person["gender"]
        yield "motion", person["motion"]["name"]
        yield "skin", person["skin"]
        for item in person["clothes"]:
            yield "clothes", item["name"]


def count_traits(url: str) -> dict[str, Counter]:
    """trait -> value -> how many clips or people have it."""
    counts: dict[str, Counter] = {}
    for clip in read_clips(url, fields=()):
        for trait, value in _traits(clip.meta["spec"]):
            counts.setdefault(trait, Counter())[value] += 1
    return counts


def print_stats(url: str) -> None:
    """Totals, rejections, and how often each choice was made."""
    console, manifest = Console(), read_manifest(url)
    kept = {key for shard in manifest["shards"] for key in shard["keys"]}
    attempts = manifest["rejected"]
    given_up = {r["key"] for r in attempts} - kept
    fps = manifest["fps"]
    totals = Table(show_header=False, box=None)
    totals.add_row("clips", str(manifest["clips"]))
    totals.add_row("frames", str(manifest["frames"]))
    if len(fps) == 1:
        totals.add_row("minutes", f"{manifest['frames'] / fps[0] / 60:.2f}")
    totals.add_row("size", ", ".join(f"{w} x {h}" for h, w in manifest["resolutions"]))
    totals.add_row("bytes", f"{manifest['bytes']:,} ({manifest['bytes'] / max(1, manifest['frames']):,.0f} a frame)")
    totals.add_row("shards", str(len(manifest["shards"])))
    totals.add_row("rejected", f"{len(given_up)} clips, {len(attempts)} draws")
    console.print(totals)
    for trait, counter in count_traits(url).items():
        table = Table("count", title=trait, title_justify="left", box=None)
        table.add_column(trait, overflow="fold")
        for value, count in sorted(counter.items(), key=lambda pair: (-pair[1], pair[0])):
            table.add_row(str(count), value)
        console.print(table)
