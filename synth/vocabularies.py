"""The ``semantics`` label in the classes of other data sets.

What a pixel shows (``Semantic``) and on which part of the body it lies (``Part``) name its class in Goliath-28 (the 28
classes of Sapiens), LIP and CIHP (20 classes each). Left and right are the person's own. Of classes that neither label
tells apart:

- Goliath's lips are face, and what is inside of a mouth is unknown (teeth and tongue are one class of ours).
- LIP has no class for bare necks and trunks and calls them background; CIHP calls them torso-skin.
- LIP and CIHP know neither ties nor bags: a tie is a scarf, a bag is background. Accessories are sunglasses on a head,
  a scarf on a neck and gloves on hands.
- What is on one piece is cut at the waist where a set has no class for it.
- The side of a sock or shoe that lies on no leg (tights on hips) is unknown.

Source of the class lists: the documentation of Sapiens, "Look into Person" (2017) and "Instance-level Human Parsing via
Part Grouping Network" (2018).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from synth.conventions import PART_NAMES, Part, Semantic, ThfmError

UNKNOWN = 255  # of a class map: nobody knows
_HEAD, _NECK, _TRUNK = (Part.HEAD,), (Part.NECK,), (Part.CHEST, Part.ABDOMEN, Part.HIPS)
_WORLD = (Semantic.BACKGROUND, Semantic.PROP, Semantic.GROUND, Semantic.WALL)


@dataclass(frozen=True)
class Vocabulary:
    """Classes of another data set.

    Attributes:
        names: K class names in the order of their numbers.
        table: (semantics, parts) uint8: the class of each pair, or ``UNKNOWN``.
    """

    names: tuple[str, ...]
    table: np.ndarray

    def translate(self, semantics: np.ndarray, parts: np.ndarray) -> np.ndarray:
        """Labels (...) uint8 of the same pixels -> classes (...) uint8; ``UNKNOWN`` stays so.

        Raises:
            ThfmError: a class that the labels do not have.
        """
        known = (semantics != UNKNOWN) & (parts != UNKNOWN)
        for name, label, count in zip(("semantics", "parts"), (semantics, parts), self.table.shape, strict=True):
            if label[known].max(initial=0) >= count:
                raise ThfmError(f"{name} holds class {label[known].max()}, but only 0 to {count - 1} have a meaning.")
        return np.where(known, self.table[np.where(known, semantics, 0), np.where(known, parts, 0)], UNKNOWN)


def _sided(left: str, right: str) -> dict[Part, str]:
    return {part: left if "left" in name else right for part, name in zip(Part, PART_NAMES, strict=True) if "_" in name}


def _all(name: str) -> dict[Part, str]:
    return dict.fromkeys(Part, name)


def _vocabulary(names: str, rules: Mapping[Semantic, Mapping[Part, str]]) -> Vocabulary:
    classes = tuple(names.split())
    table = np.full((len(Semantic), len(Part)), UNKNOWN, np.uint8)
    for semantic, by_part in rules.items():
        for part, name in by_part.items():
            table[semantic, part] = classes.index(name)
    table.flags.writeable = False
    return Vocabulary(classes, table)


_LIMBS = {
    Part.LEFT_UPPER_ARM: "Left_Upper_Arm",
    Part.RIGHT_UPPER_ARM: "Right_Upper_Arm",
    Part.LEFT_FOREARM: "Left_Lower_Arm",
    Part.RIGHT_FOREARM: "Right_Lower_Arm",
    Part.LEFT_HAND: "Left_Hand",
    Part.RIGHT_HAND: "Right_Hand",
    Part.LEFT_THIGH: "Left_Upper_Leg",
    Part.RIGHT_THIGH: "Right_Upper_Leg",
    Part.LEFT_SHIN: "Left_Lower_Leg",
    Part.RIGHT_SHIN: "Right_Lower_Leg",
    Part.LEFT_FOOT: "Left_Foot",
    Part.RIGHT_FOOT: "Right_Foot",
}
_LEGS = tuple(part for part in Part if part.name.endswith(("THIGH", "SHIN", "FOOT")))
_ARMS = tuple(part for part in Part if part.name.endswith(("ARM", "HAND")))
_HANDS = (Part.LEFT_HAND, Part.RIGHT_HAND)


def _cut(upper: str, lower: str) -> dict[Part, str]:
    """One piece of clothing in two classes."""
    return _all(upper) | dict.fromkeys((Part.HIPS, *_LEGS), lower)


def _on_legs(left: str, right: str) -> dict[Part, str]:
    return {part: name for part, name in _sided(left, right).items() if part in _LEGS}


GOLIATH28 = _vocabulary(
    "Background Apparel Face_Neck Hair Left_Foot Left_Hand Left_Lower_Arm Left_Lower_Leg Left_Shoe Left_Sock "
    "Left_Upper_Arm Left_Upper_Leg Lower_Clothing Right_Foot Right_Hand Right_Lower_Arm Right_Lower_Leg Right_Shoe "
    "Right_Sock Right_Upper_Arm Right_Upper_Leg Torso Upper_Clothing Lower_Lip Upper_Lip Lower_Teeth Upper_Teeth "
    "Tongue",
    {
        **dict.fromkeys(_WORLD, _all("Background")),
        **dict.fromkeys((Semantic.HAT, Semantic.TIE, Semantic.ACCESSORY), _all("Apparel")),
        **dict.fromkeys((Semantic.EYES, Semantic.FACIAL_HAIR), _all("Face_Neck")),
        Semantic.HAIR: _all("Hair"),
        Semantic.SKIN: dict.fromkeys(_HEAD + _NECK, "Face_Neck") | dict.fromkeys(_TRUNK, "Torso") | _LIMBS,
        **dict.fromkeys((Semantic.UPPER_GARMENT, Semantic.JACKET), _all("Upper_Clothing")),
        **dict.fromkeys((Semantic.LOWER_GARMENT, Semantic.SKIRT), _all("Lower_Clothing")),
        **dict.fromkeys((Semantic.DRESS, Semantic.SUIT_ONE_PIECE), _cut("Upper_Clothing", "Lower_Clothing")),
        Semantic.SOCKS: _on_legs("Left_Sock", "Right_Sock"),
        Semantic.SHOES: _on_legs("Left_Shoe", "Right_Shoe"),
    },
)


def _parsing(one_piece: Mapping[Part, str], trunk: str) -> dict[Semantic, Mapping[Part, str]]:
    """What LIP and CIHP have in common."""
    skin = dict.fromkeys(_HEAD, "Face") | dict.fromkeys(_NECK + _TRUNK, trunk)
    skin |= {part: name for part, name in _sided("Left-arm", "Right-arm").items() if part in _ARMS}
    skin |= _on_legs("Left-leg", "Right-leg")
    worn = dict.fromkeys(_HEAD, "Sunglasses") | dict.fromkeys(_NECK, "Scarf") | dict.fromkeys(_HANDS, "Glove")
    return {
        **dict.fromkeys(_WORLD, _all("Background")),
        **dict.fromkeys((Semantic.EYES, Semantic.MOUTH, Semantic.FACIAL_HAIR), _all("Face")),
        Semantic.HAT: _all("Hat"),
        Semantic.HAIR: _all("Hair"),
        Semantic.TIE: _all("Scarf"),
        Semantic.ACCESSORY: _all("Background") | worn,
        Semantic.SKIN: skin,
        Semantic.UPPER_GARMENT: _all("Upper-clothes"),
        Semantic.JACKET: _all("Coat"),
        Semantic.LOWER_GARMENT: _all("Pants"),
        Semantic.SKIRT: _all("Skirt"),
        Semantic.DRESS: _all("Dress"),
        Semantic.SUIT_ONE_PIECE: one_piece,
        Semantic.SOCKS: _all("Socks"),
        Semantic.SHOES: _on_legs("Left-shoe", "Right-shoe"),
    }


LIP = _vocabulary(
    "Background Hat Hair Glove Sunglasses Upper-clothes Dress Coat Socks Pants Jumpsuits Scarf Skirt Face Left-arm "
    "Right-arm Left-leg Right-leg Left-shoe Right-shoe",
    _parsing(_all("Jumpsuits"), "Background"),
)
CIHP = _vocabulary(
    "Background Hat Hair Glove Sunglasses Upper-clothes Dress Coat Socks Pants Torso-skin Scarf Skirt Face Left-arm "
    "Right-arm Left-leg Right-leg Left-shoe Right-shoe",
    _parsing(_cut("Upper-clothes", "Pants"), "Torso-skin"),
)
# What each part of DensePose's charts is, by its number (``synth.densepose``); 0 is nobody. Front and back are parts of
# their own.
DENSEPOSE: tuple[frozenset[Part], ...] = (
    frozenset(),
    *(frozenset((*_TRUNK, Part.NECK)),) * 2,
    *(frozenset({part}) for part in (Part.RIGHT_HAND, Part.LEFT_HAND, Part.LEFT_FOOT, Part.RIGHT_FOOT)),
    *(frozenset({part}) for part in (Part.RIGHT_THIGH, Part.LEFT_THIGH) * 2),
    *(frozenset({part}) for part in (Part.RIGHT_SHIN, Part.LEFT_SHIN) * 2),
    *(frozenset({part}) for part in (Part.LEFT_UPPER_ARM, Part.RIGHT_UPPER_ARM) * 2),
    *(frozenset({part}) for part in (Part.LEFT_FOREARM, Part.RIGHT_FOREARM) * 2),
    *(frozenset({Part.HEAD, Part.NECK}),) * 2,
)
VOCABULARIES: dict[str, Vocabulary] = {"goliath28": GOLIATH28, "lip": LIP, "cihp": CIHP}
