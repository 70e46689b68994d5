"""Our two labels in the classes of Goliath-28, LIP and CIHP."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from synth.conventions import MIRROR_PARTS, Part, Semantic, ThfmError
from synth.shards import read_clips
from synth.vocabularies import UNKNOWN, VOCABULARIES

# As their authors list them.
SAPIENS = (
    "Background, Apparel, Face_Neck, Hair, Left_Foot, Left_Hand, Left_Lower_Arm, Left_Lower_Leg, Left_Shoe, Left_Sock, "
    "Left_Upper_Arm, Left_Upper_Leg, Lower_Clothing, Right_Foot, Right_Hand, Right_Lower_Arm, Right_Lower_Leg, "
    "Right_Shoe, Right_Sock, Right_Upper_Arm, Right_Upper_Leg, Torso, Upper_Clothing, Lower_Lip, Upper_Lip, "
    "Lower_Teeth, Upper_Teeth, Tongue"
)
LOOK_INTO_PERSON = (
    "Background, Hat, Hair, Glove, Sunglasses, Upper-clothes, Dress, Coat, Socks, Pants, Jumpsuits, Scarf, Skirt, "
    "Face, Left-arm, Right-arm, Left-leg, Right-leg, Left-shoe, Right-shoe"
)
LISTS = {"goliath28": SAPIENS, "lip": LOOK_INTO_PERSON, "cihp": LOOK_INTO_PERSON.replace("Jumpsuits", "Torso-skin")}

# What a pixel shows, on which part -> Goliath-28, LIP, CIHP; "?" is unknown.
CASES = """
background   none            Background      Background     Background
ground       none            Background      Background     Background
prop         none            Background      Background     Background
skin         head            Face_Neck       Face           Face
skin         neck            Face_Neck       Background     Torso-skin
skin         abdomen         Torso           Background     Torso-skin
skin         left_upper_arm  Left_Upper_Arm  Left-arm       Left-arm
skin         right_forearm   Right_Lower_Arm Right-arm      Right-arm
skin         left_hand       Left_Hand       Left-arm       Left-arm
skin         right_thigh     Right_Upper_Leg Right-leg      Right-leg
skin         left_shin       Left_Lower_Leg  Left-leg       Left-leg
skin         left_foot       Left_Foot       Left-leg       Left-leg
eyes         head            Face_Neck       Face           Face
mouth        head            ?               Face           Face
facial_hair  neck            Face_Neck       Face           Face
hair         chest           Hair            Hair           Hair
upper_garment left_forearm   Upper_Clothing  Upper-clothes  Upper-clothes
jacket       hips            Upper_Clothing  Coat           Coat
lower_garment right_shin     Lower_Clothing  Pants          Pants
skirt        left_thigh      Lower_Clothing  Skirt          Skirt
dress        chest           Upper_Clothing  Dress          Dress
dress        left_thigh      Lower_Clothing  Dress          Dress
suit_one_piece abdomen       Upper_Clothing  Jumpsuits      Upper-clothes
suit_one_piece hips          Lower_Clothing  Jumpsuits      Pants
socks        right_shin      Right_Sock      Socks          Socks
socks        hips            ?               Socks          Socks
shoes        left_foot       Left_Shoe       Left-shoe      Left-shoe
shoes        right_shin      Right_Shoe      Right-shoe     Right-shoe
hat          head            Apparel         Hat            Hat
tie          chest           Apparel         Scarf          Scarf
accessory    head            Apparel         Sunglasses     Sunglasses
accessory    right_hand      Apparel         Glove          Glove
accessory    neck            Apparel         Scarf          Scarf
accessory    chest           Apparel         Background     Background
"""


@pytest.mark.parametrize("name", VOCABULARIES)
def test_classes_are_those_of_the_data_set(name: str) -> None:
    assert VOCABULARIES[name].names == tuple(LISTS[name].split(", "))


@pytest.mark.parametrize("name", VOCABULARIES)
def test_pixels_get_their_classes(name: str) -> None:
    vocabulary, column = VOCABULARIES[name], 2 + list(VOCABULARIES).index(name)
    rows = [line.split() for line in CASES.strip().splitlines()]
    semantics = np.array([Semantic[row[0].upper()] for row in rows], np.uint8)
    parts = np.array([Part[row[1].upper()] for row in rows], np.uint8)
    got = vocabulary.translate(semantics, parts)
    assert got.dtype == np.uint8
    assert ["?" if k == UNKNOWN else vocabulary.names[k] for k in got] == [row[column] for row in rows]
    assert set(Semantic) == set(semantics) | {Semantic.WALL}


@pytest.mark.parametrize("name", VOCABULARIES)
def test_a_mirrored_picture_swaps_left_and_right(name: str) -> None:
    vocabulary = VOCABULARIES[name]
    swap = {n: n.replace("Left", "*").replace("Right", "Left").replace("*", "Right") for n in vocabulary.names}
    semantics, parts = np.meshgrid(np.arange(len(Semantic)), np.arange(len(Part)), indexing="ij")
    here = vocabulary.translate(semantics, parts)
    there = vocabulary.translate(semantics, np.array(MIRROR_PARTS)[parts])
    for a, b in zip(here.flat, there.flat, strict=True):
        assert (a == b == UNKNOWN) or swap[vocabulary.names[a]] == vocabulary.names[b]


def test_what_is_unknown_or_has_no_meaning() -> None:
    lip = VOCABULARIES["lip"]
    assert (lip.translate(np.array([255, 1], np.uint8), np.array([1, 255], np.uint8)) == UNKNOWN).all()
    with pytest.raises(ThfmError, match="parts holds class 77"):
        lip.translate(np.array([1], np.uint8), np.array([77], np.uint8))


def test_rendered_people_are_known_but_for_their_mouths(tiny_dataset: Path) -> None:
    for clip in read_clips(str(tiny_dataset), ("semantics", "parts", "instances")):
        fields = {name: getattr(clip, name) for name in ("semantics", "parts", "instances")}
        for name, vocabulary in VOCABULARIES.items():
            got = vocabulary.translate(fields["semantics"], fields["parts"])
            assert (got[fields["semantics"] != Semantic.MOUTH] != UNKNOWN).all()
            worn = (got != vocabulary.names.index("Background")) & (got != UNKNOWN)
            assert (fields["instances"][worn] > 0).all()
            left_out = set(fields["semantics"][(fields["instances"] > 0) & ~worn])
            # of bare skin, LIP knows faces, arms and legs alone; neither LIP nor CIHP knows bags
            others = {"lip": {Semantic.SKIN, Semantic.ACCESSORY}, "cihp": {Semantic.ACCESSORY}}
            assert left_out <= {Semantic.MOUTH} | others.get(name, set())
