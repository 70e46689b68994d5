"""A clip's spec as an English sentence: who, wearing what, doing what, where, and how it is filmed."""

from synth.caption.sentence import caption

__all__ = ["caption"]
