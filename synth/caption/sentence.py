"""The sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from synth.caption.filming import filmed, where
from synth.caption.people import deeds, listed, who
from synth.caption.things import held, standing
from synth.spec.model import ClipSpec, PersonSpec


def caption(
    spec: ClipSpec,
    items: Mapping[str, Mapping[str, Any]],
    ages: Mapping[str, str],
    tags: Callable[[str, float], Sequence[str]],
    props: Sequence[Mapping[str, Any]] = (),
) -> str:
    """One English sentence about a clip, for people and for text encoders.

    Args:
        items: entries of the wardrobe's catalogue, by name.
        ages: of skins, by name; skins that are not there have none.
        tags: (motion, seconds into it) -> what it shows.
        props: those that found a place: name, kind, role and person (index).
    """

    def one(number: int, person: PersonSpec) -> str:
        doing = [deeds(tags(part.name, part.start)) for part in (person.motion, *person.motion.then)]
        changes = [now for before, now in zip([None, *doing], doing, strict=False) if now != before]
        return f"{who(person, items, ages.get(person.skin))} {', then '.join(changes)}{held(props, number)}"

    people = listed([one(k, person) for k, person in enumerate(spec.people)])
    place = f"{where(spec.ground, spec.light, spec.scene)}{standing(props)}"
    return f"{people[0].upper()}{people[1:]} {place}; {filmed(spec.camera)}."
