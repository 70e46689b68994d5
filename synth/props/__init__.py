"""Props: their shapes, and where they stand or which hand they follow, given people and cameras."""

from synth.props.held import hold
from synth.props.place import PropAsset, held_by, place_props

__all__ = ["PropAsset", "held_by", "hold", "place_props"]
