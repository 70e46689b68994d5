"""Whether a clip is fit for a data set, with reasons."""

from synth.qa.check import check_clip, measure_clip, measure_labels, verdict_of, with_colour
from synth.qa.clip import BodyTrack, StorageError
from synth.qa.config import QaConfig
from synth.qa.evidence import evidence_of
from synth.qa.verdict import Measure, Verdict

__all__ = [
    "BodyTrack", "Measure", "QaConfig", "StorageError", "Verdict", "check_clip", "evidence_of", "measure_clip",
    "measure_labels", "verdict_of", "with_colour",
]  # fmt: skip
