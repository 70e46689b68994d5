"""(config, number of people) -> where each of them wants to be, and which way they face."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from synth.spec.group.config import GroupConfig
from synth.spec.group.model import Formation

_LARGEST_CIRCLE = 4  # people who talk to each other; more make two circles
_ROW = 3  # people who walk side by side
_STRAIGHT = 0.2  # of the spread of headings remains when people go somewhere together
# What people do who stand so; where motions are narrowed down to others, those are taken.
SUITING: dict[Formation, tuple[str, ...]] = {
    "conversation": ("talk", "gesture", "stand", "everyday", "sit"),
    "queue": ("stand", "everyday", "talk", "gesture", "turn"),
}
# Of kinds of synthesised motion, those that a group can go along with.
TOGETHER = ("synth:walk", "synth:walk_start_stop", "synth:run", "synth:run_start_stop")


@dataclass(frozen=True)
class Slot:
    """A place (x, y) in metres, a heading in radians about z, and whether the framing asks for who is there."""

    position: tuple[float, float]
    heading: float
    framed: bool = True


@dataclass(frozen=True)
class Group:
    """``slots``, one a person; the first ``members`` stand in a ``formation`` (None for one), the rest behind them."""

    formation: Formation | None
    members: int
    slots: tuple[Slot, ...]


def draw_count(rng: np.random.Generator, weights: dict[int, float]) -> int:
    """How many people."""
    people = sorted(weights)
    weight = np.array([weights[n] for n in people])
    return people[int(rng.choice(len(people), p=weight / weight.sum()))]


def draw_group(rng: np.random.Generator, config: GroupConfig, people: int, azimuth: float) -> Group:
    """Places of ``people``. ``azimuth`` is the direction from them to the camera: bystanders are on the other side."""
    bystanders = int(rng.binomial(people - 1, config.bystanders)) if people > 1 else 0
    together = people - bystanders
    turn = float(rng.uniform(-math.pi, math.pi))
    if together == 1:
        formation, places, headings = None, np.zeros((1, 2)), np.zeros(1)
    else:
        formation = config.formations[int(rng.integers(len(config.formations)))]
        apart = math.exp(rng.uniform(*np.log(config.apart)))
        places, headings = _FORMATIONS[formation](rng, together, apart)
        spread = _STRAIGHT if formation == "walking" else 1.0
        headings = headings + spread * np.radians(config.turned_degrees) * rng.normal(size=together)
    cosine, sine = math.cos(turn), math.sin(turn)
    places = (places - places.mean(0)) @ np.array([[cosine, sine], [-sine, cosine]])
    slots = [_slot(place, heading + turn) for place, heading in zip(places, headings, strict=True)]
    alone = together > 1 and rng.uniform() < config.singled_out
    slots = [Slot(s.position, s.heading, framed=k == 0 or not alone) for k, s in enumerate(slots)]
    behind = max(float(-(places @ (math.cos(azimuth), math.sin(azimuth))).min()), 0.0)
    for _ in range(bystanders):
        away = behind + rng.uniform(*config.bystander_metres)
        angle = azimuth + math.pi + rng.normal(0.0, 0.35)
        slots.append(_slot(away * np.array([math.cos(angle), math.sin(angle)]), rng.uniform(-math.pi, math.pi), False))
    return Group(formation, together, tuple(slots))


def _slot(place: np.ndarray, heading: float, framed: bool = True) -> Slot:
    heading = (heading + math.pi) % math.tau - math.pi
    return Slot((round(float(place[0]), 4), round(float(place[1]), 4)), round(float(heading), 4), framed)


def _conversation(rng: np.random.Generator, people: int, apart: float) -> tuple[np.ndarray, np.ndarray]:
    """Circles of up to four who face their middle."""
    circles = math.ceil(people / _LARGEST_CIRCLE)
    places, headings, centre = [], [], np.zeros(2)
    for members in (len(part) for part in np.array_split(np.arange(people), circles)):
        radius = apart / 2 / math.sin(math.pi / max(members, 2)) if members > 1 else 0.0
        angle = rng.uniform(-math.pi, math.pi) + math.tau * np.arange(members) / members
        angle = angle + rng.normal(0.0, 0.25 / members, members)
        places.append(centre + radius * np.stack([np.cos(angle), np.sin(angle)], 1))
        headings.append(angle + math.pi)
        centre = centre + (2 * radius + 2.5 * apart, rng.normal(0.0, apart))
    return np.concatenate(places), np.concatenate(headings)


def _side_by_side(rng: np.random.Generator, people: int, apart: float) -> tuple[np.ndarray, np.ndarray]:
    """In a line, all facing the same way."""
    along = (apart * rng.uniform(0.85, 1.15, people)).cumsum()
    return np.stack([rng.normal(0.0, 0.15 * apart, people), along], 1), np.zeros(people)


def _scattered(rng: np.random.Generator, people: int, apart: float) -> tuple[np.ndarray, np.ndarray]:
    """Anywhere, facing anywhere, seldom much nearer to each other than ``apart``."""
    places = np.zeros((1, 2))
    size = apart * math.sqrt(people)
    while len(places) < people:
        place = rng.uniform(-size, size, 2)
        if np.linalg.norm(places - place, axis=1).min() > apart * rng.uniform(0.7, 1.0):
            places = np.vstack([places, place])
    return places, rng.uniform(-math.pi, math.pi, people)


def _walking(rng: np.random.Generator, people: int, apart: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows of up to three behind each other, all going the same way."""
    row, column = np.divmod(np.arange(people), _ROW)
    places = apart * np.stack([-1.3 * row, column - 0.5 * (row % 2)], 1)
    return places + rng.normal(0.0, 0.12 * apart, (people, 2)), np.zeros(people)


def _queue(rng: np.random.Generator, people: int, apart: float) -> tuple[np.ndarray, np.ndarray]:
    """Behind each other, facing the head of the queue."""
    along = -(apart * rng.uniform(0.85, 1.3, people)).cumsum()
    return np.stack([along, rng.normal(0.0, 0.1 * apart, people)], 1), np.zeros(people)


_FORMATIONS = {
    "conversation": _conversation,
    "side_by_side": _side_by_side,
    "scattered": _scattered,
    "walking": _walking,
    "queue": _queue,
}
