"""Visibility buffer and geometry -> every label, in numpy."""

from synth.labels.compute import compute_labels
from synth.labels.scene import LabelScene

__all__ = ["LabelScene", "compute_labels"]
