"""Body parts."""

from __future__ import annotations

from synth.conventions import PART_NAMES
from train.tasks.palette import PARTS
from train.tasks.segmentation import SegmentationTask


class PartsTask(SegmentationTask):
    """The body part of the visible person surface; under clothes the part beneath."""

    name = "parts"
    default_prompt = "Input: RGB. Output: Body Part Segmentation."
    fields = ("parts",)
    names = PART_NAMES
    palette = PARTS
