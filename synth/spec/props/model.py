"""``PropSpec``: one prop as plain data."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Role = Literal["front", "beside", "held"]


class PropSpec(BaseModel):
    """A prop by name and what it is there for; ``synth.props`` finds its place.

    Attributes:
        role: front (hides part of a person), beside (stands near one), held (follows a hand).
        person: index of the person that it belongs to; hand: of that person, for held props.
        hides: least and largest share of a person's picture that a prop in front hides on average.
        hides_most: largest share of a person that all props together may hide at any time.
        hides_head: largest share of a head that all props together may hide on average.
        fills_most: largest share of the picture that all props together may fill at any time.
        seed: of the search for its place.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    role: Role
    person: int = Field(0, ge=0)
    hand: Literal["left", "right"] | None = None
    hides: tuple[float, float] = (0.0, 0.05)
    hides_most: float = 0.5
    hides_head: float = 1.0
    fills_most: float = 0.5
    seed: int = 0
