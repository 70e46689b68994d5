"""What all parts of specs are: frozen, and strict about their keys."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Colour = Annotated[tuple[float, float, float], Field(description="linear RGB in [0, 1]")]


class Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
