"""Colours of classes, as far apart as can be.

The points maximise the smallest distance between any two colours in the RGB cube with black among them (sequential
linear programming from 60 to 250 random starts, then steps of one grey level): an answer is decoded by the nearest
colour, and a codec errs alike in all three channels, so that distance in RGB, not to the eye, is what keeps classes
apart. Which class takes which colour was then exchanged until classes that are easily taken for each other, left and
right first, lie 1 apart. They are written down, not computed, because a model answers in the colours it was taught.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from synth.conventions import Part, Semantic

_PARTS = {
    Part.NONE: "000000",
    Part.HEAD: "80804b",
    Part.NECK: "00ffff",
    Part.CHEST: "009500",
    Part.ABDOMEN: "ff8ba1",
    Part.HIPS: "0000ff",
    Part.LEFT_UPPER_ARM: "6a6aff",
    Part.RIGHT_UPPER_ARM: "ff6a00",
    Part.LEFT_FOREARM: "ffff00",
    Part.RIGHT_FOREARM: "006a95",
    Part.LEFT_HAND: "ff006a",
    Part.RIGHT_HAND: "ffffff",
    Part.LEFT_THIGH: "8bffa1",
    Part.RIGHT_THIGH: "950000",
    Part.LEFT_SHIN: "ff00ff",
    Part.RIGHT_SHIN: "00ff6a",
    Part.LEFT_FOOT: "6aff00",
    Part.RIGHT_FOOT: "6a0096",
}
_SEMANTICS = {
    Semantic.BACKGROUND: "000000",
    Semantic.SKIN: "00ffff",
    Semantic.EYES: "764400",
    Semantic.MOUTH: "870075",
    Semantic.HAIR: "ff8900",
    Semantic.FACIAL_HAIR: "7600ff",
    Semantic.UPPER_GARMENT: "000089",
    Semantic.JACKET: "ff00ff",
    Semantic.LOWER_GARMENT: "ff0000",
    Semantic.SKIRT: "0044ff",
    Semantic.DRESS: "ffff44",
    Semantic.SUIT_ONE_PIECE: "008989",
    Semantic.SOCKS: "78ff00",
    Semantic.SHOES: "7689ff",
    Semantic.HAT: "00ff44",
    Semantic.TIE: "76ff89",
    Semantic.ACCESSORY: "ff4278",
    Semantic.PROP: "ff89ff",
    Semantic.GROUND: "008900",
    Semantic.WALL: "bbffff",
}


def _table(colours: Mapping[int, str], classes: Iterable[int]) -> np.ndarray:
    """(K, 3) float32 in [0, 1], row k the colour of class k."""
    return np.array([tuple(bytes.fromhex(colours[k])) for k in classes], np.float32) / 255


PARTS = _table(_PARTS, Part)
SEMANTICS = _table(_SEMANTICS, Semantic)

# Of synth.vocabularies, in the order of its classes.
_OTHERS = {
    "goliath28": (
        "000000 aa5555 ff55aa 00aaaa 0000aa ff5500 00ffff ffff00 aaaa00 ff00ff ff0055 ffaaff 55aa55 ffffaa "
        "55aaff aa0000 0055ff 5500ff 555500 55ffaa 00aa00 aaff55 aa00aa 005555 aaaaaa 00ff55 5555aa 550055"
    ),
    "lip": (
        "000000 ff4278 00ff44 78ff00 764400 000089 bbffff 76ff89 7600ff ffff44 008989 7689ff 870075 ff89ff "
        "ff0000 0044ff ff00ff 008900 ff8900 00ffff"
    ),
    "cihp": (
        "000000 870075 ffff44 7600ff 76ff89 ff89ff 008989 764400 bbffff 00ffff 78ff00 7689ff ff4278 000089 "
        "ff0000 00ff44 008900 ff00ff 0044ff ff8900"
    ),
}
OTHERS = {name: _table(dict(enumerate(text.split())), range(len(text.split()))) for name, text in _OTHERS.items()}
