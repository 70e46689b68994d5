"""Which motion a person makes: balanced by action, and within an action by length."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from synth.conventions import ThfmError
from synth.spec.catalogue import Catalogue, MotionEntry
from synth.spec.config import SpecConfig
from synth.spec.model import MotionPart, MotionSpec, NextPart

_SATURATES = 30.0  # s: an action with this much material is drawn half as often as one with any amount
_LONG = 60.0  # s: what a motion holds beyond this does not make it more likely
_LEAST_PART = 1.2  # s of a spliced clip that each part shows
_BLEND = (0.35, 0.7)  # s
_SLACK = 0.2  # s that a part is longer than it must be: clips count in frames

Span = tuple[MotionEntry, float, float]


def draw_motion(
    rng: np.random.Generator,
    catalogue: Catalogue,
    config: SpecConfig,
    seconds: float,
    suits: Callable[[MotionEntry], bool] | None = None,
) -> MotionSpec:
    """A motion for a clip of ``seconds``, ends included; one that ``suits`` where the config leaves any such.

    Raises:
        ThfmError: no motion has a name or an action that is asked for, or none is long enough.
    """
    wanted = config.motion
    entries = _chosen(catalogue, config)
    suiting = [e for e in entries if suits is None or suits(e)]
    entries = suiting if _spans(suiting, seconds) else entries
    splices = wanted.splice > 0 and seconds >= 2 * _LEAST_PART + _BLEND[1]
    first = _spans(entries, seconds)
    if splices and rng.uniform() < wanted.splice:
        at = round(float(rng.uniform(_LEAST_PART, seconds - _LEAST_PART - _BLEND[1])), 4)
        blend = round(float(rng.uniform(*_BLEND)), 4)
        # a synthesised motion needs no blend with its like: it would be two kinds in one
        starts = _spans([e for e in entries if not e.synthesised], at + blend + _SLACK)
        follows = _spans([e for e in entries if not e.alone], seconds - at + _SLACK)
        if starts and follows:
            part = _part(rng, _draw(rng, starts, wanted.synthesised), at + blend + _SLACK, config)
            after = _part(rng, _draw(rng, follows, wanted.synthesised), seconds - at + _SLACK, config)
            then = (NextPart(**after.model_dump(), at=at, blend=blend),)
            return MotionSpec(**part.model_dump(), then=then, face_seed=_face(rng, config))
    if not first:
        raise ThfmError(
            f"no motion is {seconds:.2f} s long: ask for fewer frames, a higher frame rate, or name longer motions."
        )
    part = _part(rng, _draw(rng, first, wanted.synthesised), seconds, config)
    return MotionSpec(**part.model_dump(), face_seed=_face(rng, config))


def _chosen(catalogue: Catalogue, config: SpecConfig) -> list[MotionEntry]:
    names, actions = config.motions, config.motion.actions
    known = {m.name: m for m in catalogue.motions}
    for name in names:
        if name not in known:
            some = ", ".join(sorted(known)[:4])
            raise ThfmError(f"no motion is called {name!r}: spec.motions takes names such as {some}.")
    there = sorted({m.action for m in catalogue.motions})
    for action in actions:
        if action not in there:
            raise ThfmError(f"no motion is a {action!r}: spec.motion.actions takes {', '.join(there)}.")
    return [m for m in catalogue.motions if (not names or m.name in names) and (not actions or m.action in actions)]


def _spans(entries: list[MotionEntry], seconds: float) -> list[Span]:
    return [(m, a, b) for m in entries for a, b in m.segments if b - a >= seconds]


def _draw(rng: np.random.Generator, spans: list[Span], synthesised: float) -> Span:
    """One span: captured or synthesised by share, then the action, then the span by its length."""
    made = [s for s in spans if s[0].synthesised]
    captured = [s for s in spans if not s[0].synthesised]
    if made and captured:
        spans = made if rng.uniform() < synthesised else captured
    groups: dict[str, list[Span]] = {}
    for span in spans:
        groups.setdefault(span[0].action, []).append(span)
    actions = sorted(groups)
    amount = np.array([sum(end - start for _, start, end in groups[a]) for a in actions])
    weight = amount / (amount + _SATURATES)
    group = groups[actions[int(rng.choice(len(actions), p=weight / weight.sum()))]]
    room = np.array([min(end - start, _LONG) for _, start, end in group])
    return group[int(rng.choice(len(group), p=room / room.sum()))]


def _part(rng: np.random.Generator, span: Span, seconds: float, config: SpecConfig) -> MotionPart:
    entry, start, end = span
    mirrored = bool(rng.uniform() < config.motion.mirror)
    fastest = min(config.motion.speed[1], (end - start) / seconds)
    speed = rng.uniform(min(config.motion.speed[0], fastest), fastest)
    if entry.synthesised:
        values = {k: round(float(rng.uniform(*v)), 4) for k, v in sorted(entry.parameters.items())}
        return MotionPart(
            name=entry.name, start=round(float(rng.uniform(start, end - seconds)), 4), mirrored=mirrored,
            parameters=values, seed=int(rng.integers(2**31)),
        )  # fmt: skip
    speed = float(np.floor(speed * 1e4) / 1e4)
    begin = float(rng.uniform(start, max(start, end - seconds * speed)))
    return MotionPart(name=entry.name, start=float(np.floor(begin * 1e4) / 1e4), mirrored=mirrored, speed=speed)


def _face(rng: np.random.Generator, config: SpecConfig) -> int | None:
    return int(rng.integers(2**31)) if config.motion.face else None
