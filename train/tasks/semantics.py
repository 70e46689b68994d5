"""Skin, hair, garments, things and the ground; or the classes of another data set."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from synth.conventions import SEMANTIC_NAMES
from synth.vocabularies import VOCABULARIES
from train.tasks.base import Labels, TaskOptions, is_answer
from train.tasks.palette import OTHERS, SEMANTICS
from train.tasks.segmentation import SegmentationTask


class SemanticsOptions(TaskOptions):
    """Options of semantics."""

    vocabulary: Literal["own", "goliath28", "lip", "cihp"] = Field(
        "own", description="which classes; another data set's are made of ours and of the body parts beneath"
    )


class SemanticsTask(SegmentationTask):
    """What a pixel shows: ``conventions.Semantic``, or the classes of ``synth.vocabularies``."""

    name = "semantics"
    default_prompt = "Input: RGB. Output: Garment Segmentation."
    fields = ("semantics",)
    names = SEMANTIC_NAMES
    palette = SEMANTICS
    Options = SemanticsOptions

    def __init__(self, options: SemanticsOptions | None = None):
        super().__init__(options)
        self._other = VOCABULARIES.get(self.options.vocabulary)
        if self._other is not None:
            self.fields = (*type(self).fields, "parts")
            self.names, self.palette = self._other.names, OTHERS[self.options.vocabulary]

    def _classes(self, labels: Labels) -> np.ndarray:
        if self._other is None or is_answer(labels):
            return super()._classes(labels)
        return self._other.translate(labels["semantics"], labels["parts"])

    def protocol(self) -> str:
        own = super().protocol()
        return own if self._other is None else f"{self.options.vocabulary}: {own}"
