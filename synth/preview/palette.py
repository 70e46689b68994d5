"""Every colour that previews use. Hex strings are sRGB.

The colours of parts and semantics were spread by maximising the smallest OKLab distance between any two of them while
keeping each near a hue that suggests its meaning: the left of a pair is the light one, the right the dark one.
"""

from __future__ import annotations

import numpy as np

from synth.conventions import Part, Semantic

PAPER = "#14161a"  # the ground that pictures lie on
INK = "#f2f3f5"
FAINT = "#9aa0a8"
RULE = "#2a2e35"
NO_VALUE = "#26282c"  # NaN, and label 0

LEFT, MIDDLE, RIGHT = "#38b6ff", "#f5f5f0", "#ff9a3c"  # sides of a skeleton

PARTS: dict[Part, str] = {
    Part.HEAD: "#f8e830",
    Part.NECK: "#f8f0e0",
    Part.CHEST: "#e81840",
    Part.ABDOMEN: "#f88888",
    Part.HIPS: "#882848",
    Part.LEFT_UPPER_ARM: "#50b8f0",
    Part.RIGHT_UPPER_ARM: "#0060b0",
    Part.LEFT_FOREARM: "#58f0f0",
    Part.RIGHT_FOREARM: "#309090",
    Part.LEFT_HAND: "#f8b0f0",
    Part.RIGHT_HAND: "#c820b0",
    Part.LEFT_THIGH: "#80d870",
    Part.RIGHT_THIGH: "#00a000",
    Part.LEFT_SHIN: "#b090f8",
    Part.RIGHT_SHIN: "#7828e0",
    Part.LEFT_FOOT: "#f0b038",
    Part.RIGHT_FOOT: "#b07000",
}

SEMANTICS: dict[Semantic, str] = {
    Semantic.SKIN: "#d8c090",
    Semantic.EYES: "#d0f8f8",
    Semantic.MOUTH: "#e00030",
    Semantic.HAIR: "#883800",
    Semantic.FACIAL_HAIR: "#a88830",
    Semantic.UPPER_GARMENT: "#0098f8",
    Semantic.JACKET: "#0840c0",
    Semantic.LOWER_GARMENT: "#38a010",
    Semantic.SKIRT: "#90d848",
    Semantic.DRESS: "#f050c8",
    Semantic.SUIT_ONE_PIECE: "#9040f8",
    Semantic.SOCKS: "#f8b8f0",
    Semantic.SHOES: "#f88050",
    Semantic.HAT: "#f8f060",
    Semantic.TIE: "#980068",
    Semantic.ACCESSORY: "#00d8e0",
    Semantic.PROP: "#009080",
    Semantic.GROUND: "#5c6158",
    Semantic.WALL: "#8e90a6",
}

# Person 1, 2, ...; a crowd begins again at the first.
PEOPLE: tuple[str, ...] = (
    "#ff9f43", "#4aa3ff", "#7bd65a", "#ff6fa3", "#ffe14a", "#9a6bff", "#2ec4b6", "#e5383b", "#c9e8ff", "#a0704a",
)  # fmt: skip

# Near to far; lightness falls evenly, so that the ramp reads in grey, too.
DEPTH_RAMP: tuple[str, ...] = ("#fdf6b8", "#fcc24f", "#f2813f", "#d14d5f", "#973a83", "#5a3089", "#252060", "#0e1030")


def rgb(colour: str) -> tuple[int, int, int]:
    """'#rrggbb' -> three integers."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def table(colours: dict[int, str]) -> np.ndarray:
    """(256, 3) uint8: the colour of each label; labels without one look like no value."""
    out = np.tile(np.array(rgb(NO_VALUE), np.uint8), (256, 1))
    for label, colour in colours.items():
        out[label] = rgb(colour)
    return out


def person_colour(number: int) -> str:
    """The colour of person ``number``, counted from 1."""
    return PEOPLE[(number - 1) % len(PEOPLE)]


PART_TABLE = table(PARTS)
SEMANTIC_TABLE = table(SEMANTICS)
PEOPLE_TABLE = table({number: person_colour(number) for number in range(1, 256)})


def ramp(colours: tuple[str, ...] = DEPTH_RAMP) -> np.ndarray:
    """(256, 3) uint8, ``colours`` at even distances and straight lines between them."""
    anchors = np.array([rgb(c) for c in colours], float)
    at = np.linspace(0, len(anchors) - 1, 256)
    return np.stack([np.interp(at, np.arange(len(anchors)), a) for a in anchors.T], 1).round().astype(np.uint8)
