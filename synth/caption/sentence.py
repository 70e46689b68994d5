"""The sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from synth.caption.filming import filmed, where
from synth.caption.people import deeds, listed, who
from synth.caption.things import held, standing
from synth.spec.model import ClipSpec, PersonSpec

_IN_FULL, _TOLD = 2, 4  # people who are described at length, and at all
_NUMBERS = ("nobody", "one", "two", "three", "four", "five", "six", "seven", "eight")
_FORMATIONS = {
    "conversation": " facing each other", "side_by_side": " side by side", "walking": " together",
    "queue": " one behind the other",
}  # fmt: skip


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

    framed = [(number, person) for number, person in enumerate(spec.people) if person.framed]
    many, around = len(framed) > _IN_FULL, len(spec.people) - len(framed)

    def one(number: int, person: PersonSpec) -> str:
        doing = [deeds(tags(part.name, part.start)) for part in (person.motion, *person.motion.then)]
        changes = [now for before, now in zip([None, *doing], doing, strict=False) if now != before]
        told = ", then ".join(changes[:1] if many else changes)
        return f"{who(person, items, ages.get(person.skin), many)} {told}{held(props, number)}"

    told = [one(*each) for each in framed[:_TOLD]]
    if len(framed) > _TOLD:
        told.append(f"{_NUMBERS[len(framed) - _TOLD]} more")
    how = _FORMATIONS.get(spec.formation or "", "") if len(framed) > 1 else ""
    people = f"{_NUMBERS[len(framed)]} people{how}, {listed(told)}," if many else listed(told) + how
    others = f" with {_NUMBERS[around]} {'person' if around == 1 else 'people'} around" if around else ""
    text = f"{people}{others} {where(spec.ground, spec.light, spec.scene)}{standing(props)}; {filmed(spec.camera)}."
    return f"{text[0].upper()}{text[1:]}"
