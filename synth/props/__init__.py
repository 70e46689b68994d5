"""Props: their shapes, and where they stand or which hand they follow, given people and cameras."""

from synth.props.place import PropAsset, place_props

__all__ = ["PropAsset", "place_props"]
