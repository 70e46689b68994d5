"""What cloth is dyed and patterned with."""

from __future__ import annotations

import colorsys
from typing import Literal, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from synth.spec.catalogue import ItemEntry

Weave = Literal[
    "stripes", "pinstripes", "checks", "plaid", "dots", "flowers", "blotches", "heather", "denim", "herringbone", "ribs"
]
WEAVES: tuple[Weave, ...] = get_args(Weave)
RGB = tuple[float, float, float]

# Metres of a repeat.
_REPEAT: dict[Weave, tuple[float, float]] = {
    "stripes": (0.03, 0.16), "pinstripes": (0.02, 0.05), "checks": (0.015, 0.08), "plaid": (0.08, 0.25),
    "dots": (0.025, 0.1), "flowers": (0.1, 0.3), "blotches": (0.15, 0.5), "heather": (0.08, 0.12),
    "denim": (0.05, 0.08), "herringbone": (0.02, 0.05), "ribs": (0.015, 0.03),
}  # fmt: skip
FINE: tuple[Weave, ...] = ("heather", "denim", "herringbone", "ribs")  # shades of one colour
_SUITING: tuple[Weave, ...] = ("pinstripes", "herringbone", "heather", "plaid", "checks")
_SOFT: tuple[Weave, ...] = ("stripes", "checks", "plaid", "dots", "flowers", "blotches", "heather")
_SUITS: dict[str, tuple[Weave, ...]] = {
    "lower_garment": ("denim", "heather", "pinstripes"), "upper_garment": (*_SOFT, "ribs", "pinstripes"),
    "jacket": (*_SUITING, "denim", "blotches"), "skirt": (*_SOFT, "denim"), "dress": _SOFT,
}  # fmt: skip
# Linear RGB of what most clothes are: black, charcoal, greys, white, cream, navy, denim, beige, khaki, brown, burgundy.
_COMMON = (
    (0.012, 0.012, 0.014), (0.04, 0.042, 0.045), (0.13, 0.13, 0.14), (0.4, 0.4, 0.41), (0.8, 0.8, 0.78),
    (0.72, 0.63, 0.47), (0.012, 0.022, 0.07), (0.05, 0.11, 0.24), (0.47, 0.35, 0.2), (0.16, 0.15, 0.07),
    (0.1, 0.05, 0.025), (0.14, 0.012, 0.025),
)  # fmt: skip
_COMMON_SHARE = 0.5
_DENIM = ((0.012, 0.022, 0.055), (0.03, 0.065, 0.15), (0.09, 0.17, 0.3), (0.022, 0.023, 0.026), (0.12, 0.13, 0.14))


class FabricSpec(BaseModel):
    """A patterned cloth.

    Attributes:
        colours: linear RGB, the ground first.
        repeat: metres after which it repeats. angle: radians by which it is turned on the cloth.
        seed: of what is drawn in it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    weave: Weave
    colours: tuple[RGB, RGB, RGB]
    repeat: float = Field(gt=0)
    angle: float = 0.0
    seed: int = Field(ge=0)


def _rounded(values) -> RGB:
    return tuple(round(float(np.clip(v, 0.0, 1.0)), 4) for v in values)


def draw_dye(rng: np.random.Generator) -> RGB:
    """A colour of cloth, linear RGB: one that most clothes have, or any other."""
    if rng.uniform() < _COMMON_SHARE:
        return _rounded(np.array(_COMMON[int(rng.integers(len(_COMMON)))]) * rng.uniform(0.75, 1.25, 3))
    hue, saturation, value = rng.uniform(), rng.uniform(0.25, 0.9), rng.uniform(0.2, 0.85)
    return _rounded(np.array(colorsys.hsv_to_rgb(hue, saturation, value)) ** 2.2)


def _apart(rng: np.random.Generator, ground: RGB) -> RGB:
    """A dye that is seen on ``ground``: the farther of two in perceived lightness."""
    two = [draw_dye(rng), draw_dye(rng)]
    light = [np.cbrt(np.dot(c, (0.2126, 0.7152, 0.0722))) for c in (ground, *two)]
    return two[int(abs(light[2] - light[0]) > abs(light[1] - light[0]))]


def draw_fabric(rng: np.random.Generator, item: ItemEntry, weaves: tuple[Weave, ...]) -> FabricSpec | None:
    """A pattern that suits the item, of those in ``weaves``; None where none does."""
    suitable = _SUITING if item.look == "elegant" and item.semantic != "dress" else _SUITS.get(item.semantic, ())
    options = [w for w in item.woven or suitable if w in weaves]
    if not options:
        return None
    weave = options[int(rng.integers(len(options)))]
    ground = draw_dye(rng)
    if weave == "denim" and rng.uniform() < 0.8:
        ground = _rounded(np.array(_DENIM[int(rng.integers(len(_DENIM)))]) * rng.uniform(0.8, 1.25))
    low, high = _REPEAT[weave]
    shades = [_rounded(np.array(ground) * k + k / 60) for k in (rng.uniform(1.2, 1.7), rng.uniform(0.45, 0.8))]
    contrast = [_apart(rng, ground), _apart(rng, ground)]
    subtle = weave in FINE or (item.look == "elegant" and rng.uniform() < 0.6)
    turned = weave in ("stripes", "checks", "plaid", "dots") and rng.uniform() < 0.35
    return FabricSpec(
        weave=weave,
        colours=(ground, *(shades if subtle else contrast)),
        repeat=round(float(np.exp(rng.uniform(np.log(low), np.log(high)))), 4),
        angle=round(float(np.pi / 2 if weave == "stripes" and turned else np.pi / 4 if turned else 0.0), 4),
        seed=int(rng.integers(2**31)),
    )
