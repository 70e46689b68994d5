"""Who are in a clip together: people who do different things and can be told apart."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from synth.spec.catalogue import Catalogue, MotionEntry
from synth.spec.config import SpecConfig
from synth.spec.group.sample import SUITING, TOGETHER, Group
from synth.spec.model import ItemSpec, MotionSpec, PersonSpec
from synth.spec.motions import draw_motion

_SAME_COLOUR = 0.12  # of linear RGB, per channel
_REDRAWS = 12  # few motions may leave no other choice


def _same_colour(a: ItemSpec, b: ItemSpec) -> bool:
    if (a.fabric and a.fabric.weave) != (b.fabric and b.fabric.weave):
        return False
    one, other = (item.fabric.colours[0] if item.fabric else item.tint for item in (a, b))
    if one is None or other is None:
        return one == other
    return max(abs(x - y) for x, y in zip(one, other, strict=True)) < _SAME_COLOUR


def alike(a: PersonSpec, b: PersonSpec, garments: set[str]) -> bool:
    """Whether two people can be taken for each other: by a garment in the same colour or, undressed, by their skin."""
    if not a.clothes or not b.clothes:
        return a.skin == b.skin
    worn = [(mine, theirs) for mine in a.clothes for theirs in b.clothes if mine.name == theirs.name]
    return any(mine.name in garments and _same_colour(mine, theirs) for mine, theirs in worn)


def _going_along(rng: np.random.Generator, leader: MotionSpec, entry: MotionEntry, face: bool) -> MotionSpec:
    """The motion of somebody who goes with ``leader``: as fast and along the same bends, with steps of their own.

    ``entry`` is the leader's kind of motion, which knows how fast people go.
    """
    pace = leader.parameters.get("speed", 1.0) * rng.uniform(0.985, 1.015)
    pace = float(np.clip(pace, *entry.parameters.get("speed", (0.0, np.inf))))
    return leader.model_copy(
        update={
            "parameters": leader.parameters | ({"speed": round(pace, 4)} if "speed" in leader.parameters else {}),
            "seed": int(rng.integers(2**31)),
            "face_seed": int(rng.integers(2**31)) if face else None,
        }
    )


def draw_motions(
    rng: Callable[[str], np.random.Generator], config: SpecConfig, catalogue: Catalogue, seconds: float, group: Group
) -> list[MotionSpec]:
    """One for each slot, of different kinds if there are; those of a formation suit it, bystanders do anything."""
    actions, walk = SUITING.get(group.formation), group.formation == "walking"

    def suits(entry: MotionEntry) -> bool:
        return entry.name in TOGETHER if walk else actions is None or entry.action in actions

    out: list[MotionSpec] = []
    for k in range(len(group.slots)):
        draws, member = rng(f"motion {k}"), k < group.members
        if member and walk and out and out[0].name in TOGETHER and not out[0].then:
            entry = next(m for m in catalogue.motions if m.name == out[0].name)
            out.append(_going_along(draws, out[0], entry, config.motion.face))
            continue
        for _ in range(_REDRAWS):
            motion = draw_motion(draws, catalogue, config, seconds, suits if member else None)
            if all(motion.name != other.name for other in out):
                break
        out.append(motion)
    return out
