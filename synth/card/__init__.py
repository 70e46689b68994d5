"""The card of a data set: what is in it, in which ranges and units, under which licences, and what it lacks."""

from synth.card.facts import Facts, facts_of
from synth.card.text import NAME, card_text
from synth.card.write import write_card

__all__ = ["NAME", "Facts", "card_text", "facts_of", "write_card"]
