"""What the specs of all clips of a data set say together. Only ``meta.json`` of each clip is read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from synth.shards import finished_shards, storage
from synth.shards.schema import META
from synth.stats.traits import traits

_READERS = 16  # shards read side by side
# What ranges are told of: title, unit, and where a spec holds it.
RANGES = {
    "focal": ("Focal length, on a full frame", "mm", lambda spec: [spec["camera"]["focal_mm"]]),
    "elevation": ("Elevation of the camera", "°", lambda spec: [spec["camera"]["elevation"] * 57.29578]),
    "fill": ("Share of the picture that framings ask for", "", lambda spec: [spec["camera"]["fill"]]),
    "speed": ("Speed of motions", "×", lambda spec: [p["motion"]["speed"] for p in spec["people"]]),
    "beta": ("First shape coefficient", "", lambda spec: [p["betas"][0] for p in spec["people"]]),
    "exposure": ("Exposure", "stops", lambda spec: [spec["light"]["exposure"]]),
}


@dataclass
class Facts:
    """What is counted.

    Attributes:
        clips, frames, seconds: sums. sizes, fps: value -> clips.
        traits: trait -> value -> clips, people, garments or props. ranges: name of ``RANGES`` -> (least, most).
        names: every word of the specs: among them the names of all assets.
        versions: of libraries. seeds: of the data set.
    """

    clips: int = 0
    frames: int = 0
    seconds: float = 0.0
    sizes: Counter = field(default_factory=Counter)
    fps: Counter = field(default_factory=Counter)
    traits: dict[str, Counter] = field(default_factory=dict)
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    versions: dict[str, set[str]] = field(default_factory=dict)
    seeds: set[int] = field(default_factory=set)

    def add(self, header: Mapping[str, Any]) -> None:
        """Take in one clip by its ``meta.json``."""
        meta = header["meta"] if isinstance(header["meta"], dict) else {}
        spec = meta.get("spec") or {}
        self.clips += 1
        self.frames += header["frames"] or 0
        self.seconds += (header["frames"] or 0) / header["fps"]
        self.sizes[f"{header['width']} x {header['height']}"] += 1
        self.fps[f"{header['fps']:g}"] += 1
        self.names |= set(_words([spec, meta.get("props"), meta.get("scene")]))
        for name, version in (meta.get("versions") or {}).items():
            self.versions.setdefault(name, set()).add(str(version))
        if "seed" in (meta.get("seeds") or {}):
            self.seeds.add(meta["seeds"]["seed"])
        if not spec:
            return
        for trait, value in traits(meta):
            self.traits.setdefault(trait, Counter())[value] += 1
        for name, (_, _, take) in RANGES.items():
            values = [v for v in _taken(take, spec) if v is not None]
            if values:
                low, high = self.ranges.get(name, (values[0], values[0]))
                self.ranges[name] = (min(low, *values), max(high, *values))


def facts_of(root: object) -> Facts:
    """Read the headers of every clip in the finished shards of ``root``.

    Raises:
        ThfmError: a shard cannot be read.
    """
    facts = Facts()
    records = [r for r in finished_shards(root) if r["clips"]]
    with ThreadPoolExecutor(_READERS) as pool:
        for headers in pool.map(lambda record: _headers(root, record), records):
            for header in headers:
                facts.add(header)
    return facts


def _headers(root: object, record: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    with storage.opened(storage.join(root, record["name"])) as file:
        out = []
        for entry in record["index"]:
            first, size = entry["members"][META]
            file.seek(first)
            out.append(json.loads(file.read(size)))
        return out


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _words(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _words(one)


def _taken(take: Any, spec: Mapping[str, Any]) -> list[float]:
    try:
        return take(spec)
    except (KeyError, TypeError, IndexError):  # a spec of another version
        return []
