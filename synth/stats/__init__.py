"""What a data set holds, in numbers and on a page: streamed clip by clip, in memory that does not grow with the set."""

from synth.stats.gather import Stats, gather
from synth.stats.page import to_html

__all__ = ["Stats", "gather", "to_html"]
