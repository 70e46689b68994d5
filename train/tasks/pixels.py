"""Which pixels a task speaks about: those that have a value, in the whole scene or on people alone."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from synth.conventions import ThfmError
from train.tasks.base import Labels, TaskOptions


class RegionOptions(TaskOptions):
    """Options of a task that can be confined to people."""

    region: Literal["scene", "people"] = Field("scene", description="what is learnt and measured; people: nothing else")


def region_fields(field: str, options: RegionOptions) -> tuple[str, ...]:
    """The fields that a task with one modality needs."""
    return (field, "instances") if options.region == "people" else (field,)


def region_words(options: RegionOptions) -> str:
    """What stands beside a number that is not of the whole scene."""
    return "; people alone" if options.region == "people" else ""


def in_region(labels: Labels, valid: np.ndarray, options: RegionOptions) -> np.ndarray:
    """``valid`` (T, H, W) bool, confined to people where the options say so.

    Raises:
        ThfmError: people are asked for and the labels do not say where they are.
    """
    if options.region == "scene":
        return valid
    if "instances" not in labels:
        raise ThfmError("region: people needs the field 'instances', which these labels lack; set region: scene.")
    return valid & (labels["instances"] > 0)


def has_value(vectors: np.ndarray) -> np.ndarray:
    """Whether all numbers of the last axis (..., 3) are finite, bool; faster than numpy's own ``all`` over three."""
    return np.isfinite(vectors[..., 0] + vectors[..., 1] + vectors[..., 2])
