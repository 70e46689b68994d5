"""Kinds of values that configs take."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field


def _ordered(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] > value[1]:
        raise ValueError(f"a range needs its smaller end first, got {list(value)}")
    return value


def counts_of(most: int) -> Any:
    """The type of a range of counts, from 0 to ``most``, the smaller first."""
    end = Annotated[int, Field(ge=0, le=most)]
    return Annotated[tuple[end, end], AfterValidator(_ordered)]


def range_of(**limits: float) -> Any:
    """The type of a range, two numbers, the smaller first, that keep limits such as ``gt=0, le=1``."""
    end = Annotated[float, Field(allow_inf_nan=False, **limits)]
    return Annotated[tuple[end, end], AfterValidator(_ordered)]


Range = range_of()
Share = Annotated[float, Field(ge=0, le=1)]
