"""Data sets as pictures: contact sheets, movies and a page that lists them."""

from synth.preview.write import write_preview

__all__ = ["write_preview"]
