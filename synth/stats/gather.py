"""A data set -> ``Stats``, one clip at a time. Colour and dense labels are never fetched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from synth.conventions import ThfmError
from synth.shards import Clip, read_clips
from synth.stats.coverage import Coverage, coverage_of
from synth.stats.measures import FIELDS, REGIONS, SEEN, STATES, histograms, measure
from synth.stats.shape import stature_and_bmi
from synth.stats.source import Source, source_of
from synth.stats.tally import Grid, Histogram, Reservoir
from synth.stats.traits import traits

Progress = Callable[[str, int, int | None], None]
_POSES = 1500  # that stand for all
_RATED = ("camera", "framing", "people", "shape", "scene", "motion")  # whose rejections are looked at one by one
_FAULTS = 1000  # that are named


@dataclass
class Stats:
    """What a data set holds.

    Attributes:
        url, source: where it lies. clips, frames, seconds: that were read; sizes: "width x height" -> clips.
        histograms: by name. grids: by region of the body. seen: region -> joints in each of ``STATES``.
        traits: trait -> value -> how many clips, people, garments or props have it.
        poses: body poses (63,), axis-angle, that stand for all.
        faults: what could not be read, one line each. unshaped: people whose body model is not here.
        rejected: reason -> draws that it turned down; rates: trait -> value -> draws rejected.
        coverage: against the library; None where that is not here.
    """

    url: str
    source: Source
    clips: int = 0
    frames: int = 0
    seconds: float = 0.0
    sizes: Counter = field(default_factory=Counter)
    fps: Counter = field(default_factory=Counter)
    histograms: dict[str, Histogram] = field(default_factory=histograms)
    grids: dict[str, Grid] = field(default_factory=lambda: {name: Grid() for name in REGIONS})
    seen: dict[str, np.ndarray] = field(default_factory=lambda: {n: np.zeros(len(STATES), np.int64) for n in SEEN})
    traits: dict[str, Counter] = field(default_factory=dict)
    poses: Reservoir = field(default_factory=lambda: Reservoir(_POSES))
    faults: list[str] = field(default_factory=list)
    unshaped: int = 0
    rejected: Counter = field(default_factory=Counter)
    rates: dict[str, Counter] = field(default_factory=dict)
    coverage: Coverage | None = None

    def as_dict(self) -> dict[str, Any]:
        """Everything but the pictures, for JSON."""
        cover = self.coverage
        return {
            "url": self.url,
            "finished": self.source.finished,
            "clips": self.clips,
            "frames": self.frames,
            "seconds": round(self.seconds, 3),
            "bytes": self.source.bytes,
            "sizes": dict(self.sizes.most_common()),
            "fps": dict(self.fps.most_common()),
            "counts": {name: dict(counter.most_common()) for name, counter in self.traits.items()},
            "measures": {name: one.as_dict() for name, one in self.histograms.items()},
            "visibility": {n: dict(zip(STATES, map(int, counts), strict=True)) for n, counts in self.seen.items()},
            "coverage": None if cover is None else {
                "used": cover.used, "there": cover.there, "unknown": list(cover.unknown),
                "actions": {a.name: {"used": a.used, "there": a.there, "parts": a.parts} for a in cover.actions},
            },
            "rejected": {"draws": len(self.source.rejected), "reasons": dict(self.rejected.most_common())},
            "faults": self.faults,
        }  # fmt: skip


def gather(url: str, models: tuple[Path, ...] = (), progress: Progress = lambda words, done, total: None) -> Stats:
    """Read a data set through.

    Args:
        url: root, also of a run that has not ended, shard or brace pattern; local or fsspec.
        models: folders with smplx/SMPLX_*.npz, looked through before the open bodies.
        progress: called with (shard, clips read, clips there are or None).

    Raises:
        ThfmError: there is no data set. What is damaged becomes a line of ``faults``, and reading goes on.
    """
    stats = Stats(str(url), source_of(url))
    for shard in stats.source.shards:
        name = shard.rsplit("/", 1)[-1]
        try:
            for clip in read_clips(shard, fields=FIELDS):
                try:
                    _take_in(stats, clip, models)
                except ThfmError as error:
                    _fault(stats, str(error))
                except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
                    _fault(stats, f"{shard}: clip {clip.key}: its labels or its spec are of another form ({error!r}).")
                progress(name, stats.clips, stats.source.clips)
        except (ThfmError, OSError) as error:
            _fault(stats, str(error) if isinstance(error, ThfmError) else f"{shard} cannot be read ({error}).")
    _rejections(stats)
    stats.coverage = coverage_of(stats.traits.get("motion", Counter()), stats.source.config.get("bodies", {}))
    return stats


def _fault(stats: Stats, what: str) -> None:
    if len(stats.faults) < _FAULTS:
        stats.faults.append(" ".join(what.split()))


def _take_in(stats: Stats, clip: Clip, models: tuple[Path, ...]) -> None:
    for name in clip.fields():
        getattr(clip, name)  # a damaged clip shall not count by halves
    pairs = list(traits(clip.meta))
    stats.clips += 1
    stats.frames += clip.num_frames
    stats.seconds += clip.num_frames / clip.fps
    stats.fps[f"{clip.fps:g}"] += 1
    stats.sizes[f"{clip.width} x {clip.height}"] += 1
    for trait, value in pairs:
        stats.traits.setdefault(trait, Counter())[value] += 1
    measure(clip, stats.histograms, stats.grids, stats.seen)
    for person in clip.smplx if "smplx" in clip.fields() else ():
        stats.poses.add(np.asarray(person["body_pose"], np.float64)[clip.num_frames // 2])
        found = stature_and_bmi(person, models)
        if found is None:
            stats.unshaped += 1
        else:
            stats.histograms["stature"].add(found[0])
            stats.histograms["bmi"].add(found[1])


def _rejections(stats: Stats) -> None:
    for record in stats.source.rejected:
        stats.rejected.update({reason.split(":")[0].strip()[:80] for reason in record["reasons"]})
        for trait, value in traits({"spec": record.get("spec")}) if record.get("spec") else ():
            if trait in _RATED:
                stats.rates.setdefault(trait, Counter())[value] += 1
