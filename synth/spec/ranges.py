"""Kinds of values that configs take."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field


def _ordered(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] > value[1]:
        raise ValueError(f"a range needs its smaller end first, got {list(value)}")
    return value


Range = Annotated[tuple[float, float], AfterValidator(_ordered)]
Share = Annotated[float, Field(ge=0, le=1)]
