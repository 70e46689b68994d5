"""What a clip's spec chose, in words: (trait, value) pairs that are counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_WORD = 48  # characters; longer texts are no choices


def _shape(width: int, height: int) -> str:
    return "square" if width == height else "wide" if width > height else "portrait"


def traits(meta: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """All choices of one clip; of people, garments and props one pair each. Specs of other versions may lack some."""
    spec = meta.get("spec") or {}
    camera, light, people = (spec.get(name) or {} for name in ("camera", "light", "people"))
    yield "people", str(len(people))
    if spec.get("formation"):
        yield "formation", str(spec["formation"])
    yield "camera", camera.get("move", "unknown")
    yield "framing", camera.get("framing", "full_body")
    yield "held", "by hand" if camera.get("shake") else "still"
    lens = camera.get("lens") or {}
    yield "focus", "shallow" if lens.get("f_stop") else "all sharp"
    yield "lens", "distorting" if lens.get("k1") or lens.get("k2") else "straight"
    yield "shutter", "rolling" if lens.get("readout") else "global"
    yield "shape", _shape(spec.get("width", 0), spec.get("height", 0))
    if "hdri" in light:
        yield "light", str(light["hdri"])
        yield "sun", "sun" if light.get("sun") else "no sun"
    if "time" in light:
        yield "time", str(light["time"])
    scene = spec.get("scene")
    if (scene or {"kind": "plain"}).get("kind") == "plain" and "pattern" in (spec.get("ground") or {}):
        yield "ground", spec["ground"]["pattern"]  # other scenes bring floors of their own
    yield from _named("scene", scene)
    for person in people:
        yield from _person(person)
    for prop in meta.get("props") or ():  # those that found a place
        yield "prop", prop["name"]
        yield "prop's role", prop["role"]


def _person(person: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "gender", person.get("gender", "unknown")
    motion = person.get("motion") or {}
    for part in (motion, *(motion.get("then") or ())):
        yield "motion", part.get("name", "unknown")
    yield "spliced", "one motion" if not motion.get("then") else "spliced"
    yield "skin", person.get("skin", "unknown")
    for item in person.get("clothes") or ():
        yield "clothes", item["name"]
    for way in ("overlay", "simulated"):
        if person.get(way):
            yield "clothes", f"BEDLAM's, {way}"
    yield "hair", (person.get("hair") or {}).get("name", "none")


def _named(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Every short text below a part of the spec, under its dotted name: kinds and names, whatever they are."""
    if isinstance(value, str) and value and len(value) <= _WORD:
        yield name.removesuffix(".kind"), value
    elif isinstance(value, Mapping) and "pattern" in value:
        yield name, str(value.get("photo") or value["pattern"])
    elif isinstance(value, Mapping):
        for key in sorted(value):
            yield from _named(f"{name}.{key}", value[key])
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _named(name, one)
