"""``Catalogue``: what there is to choose from, as plain data."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str


class MotionEntry(_Entry):
    """A motion and the spans of it, in seconds, that may be shown."""

    segments: tuple[tuple[float, float], ...]
    tags: tuple[str, ...] = ()


class ItemEntry(_Entry):
    """A wearable.

    Attributes:
        kind: garments, shoes, hats, hair, brows or lashes.
        semantic: name of its ``conventions.Semantic``.
        style: female, male or any. look: casual, elegant, sport or any.
        layer: 1 is next to the skin, larger is farther out; garments of layer 2 cover the legs.
        goes_with: names of the lower garments that an upper one may be worn with.
        tintable: its texture may be recoloured. under_hat: hair that a hat can sit on.
    """

    kind: str
    semantic: str
    style: str = "any"
    look: str = "any"
    layer: int = 0
    goes_with: tuple[str, ...] = ()
    tintable: bool = False
    under_hat: bool = False


class SkinEntry(_Entry):
    """A skin texture; ``style`` is the gender that it is painted for."""

    style: str


class PropEntry(_Entry):
    """A prop; ``size`` is its width, depth and height in metres; ``held`` ones go with hands, others stand."""

    kind: str
    size: tuple[float, float, float]
    held: bool = False


class Catalogue(BaseModel):
    """All choices, each list sorted by name so that a seed means the same everywhere."""

    model_config = ConfigDict(frozen=True)

    body_model: str
    motions: tuple[MotionEntry, ...]
    items: tuple[ItemEntry, ...]
    skins: tuple[SkinEntry, ...]
    hdris: tuple[str, ...]
    props: tuple[PropEntry, ...] = ()
