"""(config, catalogue, generator) -> ``PropSpec``s."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from synth.conventions import ThfmError
from synth.spec.catalogue import Catalogue, PropEntry
from synth.spec.model import MotionSpec
from synth.spec.props.config import PropsConfig
from synth.spec.props.model import PropSpec

_LOWEST_OCCLUDER = 0.4  # metres; less hides feet at best
_STATURE = 1.7
_FEW = 6  # where nothing is as tall as a close framing asks for, the tallest
_STANDS_ALONE = 0.25
_TAKES_HANDS = ("bend", "dance", "everyday", "exercise", "fight", "gesture", "jump", "reach", "talk")  # actions


def _choices(config: PropsConfig, catalogue: Catalogue, band: tuple[float, float]) -> dict[str, list[PropEntry]]:
    """Which entries each role may be filled with; what stands in front reaches into the ``band`` that is in sight."""
    if not catalogue.props:
        raise ThfmError("there are no props: restore assets/furniture, or set spec.props.count=[0,0].")
    kinds = {p.kind for p in catalogue.props}
    missing = [kind for kind in config.kinds if kind not in kinds]
    if missing:
        raise ThfmError(f"no prop is a {missing[0]!r}: spec.props.kinds takes {', '.join(sorted(kinds))}.")
    wanted = [p for p in catalogue.props if not config.kinds or p.kind in config.kinds]
    standing = [p for p in wanted if not p.held and p.size[2] >= _STANDS_ALONE]
    high = sorted(standing, key=lambda p: p.size[2])
    lowest = max(_LOWEST_OCCLUDER, _STATURE * band[0])
    tall = [p for p in high if p.size[2] >= lowest] or [p for p in high if p.size[2] >= _LOWEST_OCCLUDER][-_FEW:]
    return {
        "front": tall,
        "beside": standing,
        "held": [p for p in wanted if p.held],
    }


def hands_are_free(motion: MotionSpec, catalogue: Catalogue) -> bool:
    """Whether nothing that somebody does takes the hands."""
    names = {part.name for part in (motion, *motion.then)}
    return not any(m.action in _TAKES_HANDS for m in catalogue.motions if m.name in names)


def sample_props(
    rng: np.random.Generator,
    config: PropsConfig,
    catalogue: Catalogue,
    free_hands: Sequence[bool],
    band: tuple[float, float] = (0.0, 1.0),
) -> tuple[PropSpec, ...]:
    """Draw the props of a clip. A hand holds one thing; a role that no kind fills is not drawn.

    Args:
        free_hands: of each person, whether the hands can hold something.
        band: heights of the body that are in sight, in shares (see ``CameraSpec``).

    Raises:
        ThfmError: there are no props, or none of a kind that the config names.
    """
    count = int(rng.integers(config.count[0], config.count[1] + 1))
    if not free_hands or config.count[1] == 0:
        return ()
    choices = _choices(config, catalogue, band)
    shares = {"front": config.in_front, "held": config.held, "beside": 1.0 - config.in_front - config.held}
    free = [(person, hand) for person, able in enumerate(free_hands) if able for hand in ("left", "right")]
    out = []
    for _ in range(count):
        weight = np.array([max(share, 0.0) if choices[role] else 0.0 for role, share in shares.items()])
        if not free:
            weight[1] = 0.0
        draws = rng.uniform(size=3)
        seed = int(rng.integers(2**31))
        if weight.sum() == 0:
            continue
        role = list(shares)[int(np.searchsorted(np.cumsum(weight / weight.sum()), draws[0], side="right").clip(0, 2))]
        entry = choices[role][int(draws[1] * len(choices[role]))]
        if role == "held":
            person, hand = free.pop(int(draws[2] * len(free)))
        else:
            person, hand = int(draws[2] * len(free_hands)), None
        hides = config.hides if role == "front" else (0.0, min(0.05, config.hides_most))
        out.append(
            PropSpec(name=entry.name, role=role, person=person, hand=hand, hides=hides, hides_most=config.hides_most,
                     hides_head=config.hides_head, fills_most=config.fills_most, seed=seed)
        )  # fmt: skip
    return tuple(out)
