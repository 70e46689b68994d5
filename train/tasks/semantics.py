"""Skin, hair, garments, things and the ground."""

from __future__ import annotations

from synth.conventions import SEMANTIC_NAMES
from train.tasks.palette import SEMANTICS
from train.tasks.segmentation import SegmentationTask


class SemanticsTask(SegmentationTask):
    """What a pixel shows: ``conventions.Semantic``."""

    name = "semantics"
    default_prompt = "Input: RGB. Output: Garment Segmentation."
    fields = ("semantics",)
    names = SEMANTIC_NAMES
    palette = SEMANTICS
