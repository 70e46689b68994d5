"""What the sampler of groups can be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from synth.spec.group.model import Formation
from synth.spec.ranges import Share, range_of

MOST_PEOPLE = 8
Metres = range_of(gt=0, le=30)


def _weights(value: Any) -> Any:
    """A number, a range or weights, as weights."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = (value, value)
    if isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(end, int) for end in value):
        if value[0] > value[1]:
            raise ValueError(f"a range needs its smaller end first, got {list(value)}")
        value = dict.fromkeys(range(value[0], value[1] + 1), 1.0)
    if not isinstance(value, Mapping):
        raise ValueError(f"a number such as 3, a range such as [3, 8] or weights such as {{1: 6, 2: 1}}, got {value!r}")
    try:
        weights = {int(str(people)): float(weight) for people, weight in value.items()}
    except (TypeError, ValueError):
        raise ValueError(f"weights are numbers of people and numbers, such as {{1: 6, 2: 1}}, got {value!r}") from None
    wrong = [people for people in weights if not 1 <= people <= MOST_PEOPLE]
    if wrong:
        raise ValueError(f"a clip holds 1 to {MOST_PEOPLE} people, got {wrong[0]}")
    if min(weights.values(), default=0.0) < 0 or not 0 < sum(weights.values()) < float("inf"):
        raise ValueError(f"weights are at least 0, and one of them is more, got {value!r}")
    return weights


Count = Annotated[dict[int, float], BeforeValidator(_weights)]


class GroupConfig(BaseModel):
    """How several people of a clip stand to each other. A name that a list holds twice is drawn twice as often."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    formations: tuple[Formation, ...] = Field(
        ("conversation", "conversation", "side_by_side", "scattered", "scattered", "walking", "queue"), min_length=1
    )
    apart: Metres = Field((0.7, 2.2), description="metres between neighbours, more where their movements need room")
    turned_degrees: float = Field(15.0, ge=0, le=180, description="standard deviation of where people face")
    bystanders: Share = Field(
        0.2, description="share of the people after the first who stay in the background, whom no framing asks for"
    )
    bystander_metres: Metres = Field((2.5, 9.0), description="how far behind the others they are")
    singled_out: Share = Field(0.2, description="share of clips of several people whose camera frames the first alone")
