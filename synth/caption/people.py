"""Who is there, what they wear, and what they do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from synth.caption.colours import colour_word, hair_word
from synth.spec.fabrics import FabricSpec
from synth.spec.model import ItemSpec, PersonSpec

_NOUNS = {"female": "woman", "male": "man", "neutral": "person"}
_AGES = {"young": "young", "middleage": "middle-aged", "old": "old"}

# Pieces of the open wardrobe without their colours; others are called by their names.
_CLOTHES = {
    "tee_fitted": "fitted T-shirt", "tee_loose": "loose T-shirt", "tee": "T-shirt", "crop_top": "crop top",
    "longsleeve": "long-sleeved shirt", "shirt_striped": "striped shirt", "blouse_striped": "striped blouse",
    "jeans_women": "jeans", "jeans_straight": "straight jeans", "jeans_loose": "loose jeans", "jeans_plain": "jeans",
    "jeans_boot": "boot-cut jeans", "jeans_regular": "jeans", "jeans_tight": "tight jeans", "fedora_tilted": "fedora",
    "tee_oversized": "oversized T-shirt", "tee_camouflage": "camouflage T-shirt", "v_neck_top": "V-neck top",
    "spaghetti_top": "spaghetti-strap top", "blouse_sleeveless": "sleeveless blouse", "tunic_floral": "floral tunic",
    "coat_winter": "winter coat", "coat_long": "long coat", "dress_beach": "beach dress", "dress_lace": "lace dress",
    "dress_summer": "summer dress", "dress_tube": "tube dress",
    "dress_flared": "flared dress", "dress_maxi": "maxi dress", "dress_long_sleeved": "long-sleeved dress",
    "skirt_flared": "flared skirt", "skirt_circle": "circle skirt", "skirt_long": "long skirt",
    "skirt_pleated": "pleated skirt", "denim_shorts": "denim shorts", "trousers_wide": "wide trousers",
    "trousers_loose": "loose trousers", "shorts_loose": "loose shorts",
    "backpack_small": "small backpack", "glasses_round": "round glasses",
    "glasses_square": "square glasses", "sunglasses_pilot": "pilot sunglasses", "sunglasses_oval": "oval sunglasses",
}  # fmt: skip
_COLOURS_IN_NAMES = ("black", "blue", "brown", "dark", "green", "grey", "red", "white")
_PLURALS = (
    "jeans",
    "shorts",
    "leggings",
    "trousers",
    "shoes",
    "trainers",
    "boots",
    "glasses",
    "sunglasses",
    "socks",
    "tights",
)
_HAIRS = {
    "braid": "braided {} hair", "afro": "{a} {} afro", "bob": "{a} {} bob", "long": "long {} hair",
    "ponytail": "{a} {} ponytail", "short": "short {} hair",
}  # fmt: skip

_WEAVES = {
    "stripes": "striped", "pinstripes": "pinstriped", "checks": "checked", "plaid": "plaid", "dots": "dotted",
    "flowers": "flowered", "blotches": "patterned", "heather": "", "denim": "denim", "herringbone": "herringbone",
    "ribs": "ribbed",
}  # fmt: skip
_ONE_COLOUR = ("heather", "denim", "herringbone", "ribs")

# What captures show, as their tags say it, in the third person.
_VERBS = {
    "bend": "bends", "box": "boxes", "carry": "carries", "climb": "climbs", "crawl": "crawls", "crouch": "crouches",
    "dance": "dances", "exercise": "exercises", "fight": "fights", "gesture": "gestures", "idle": "stands",
    "jump": "jumps", "kick": "kicks", "lift": "lifts something", "punch": "punches", "reach": "reaches for something",
    "run": "runs", "sit": "sits", "sport": "does sports", "squat": "squats", "stand": "stands", "stretch": "stretches",
    "talk": "talks", "turn": "turns", "walk": "walks", "wave": "waves",
}  # fmt: skip
_NO_VERBS = ("synthesised", "other")


def listed(words: Sequence[str]) -> str:
    """One, two and three."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def with_article(words: str) -> str:
    """A or an, unless there are several."""
    if words.rsplit(" ", 1)[-1] in _PLURALS:
        return words
    return f"an {words}" if words[0] in "aeiou" else f"a {words}"


def clothes_words(item: ItemSpec, entry: Mapping[str, Any]) -> str:
    """A piece of clothing with its colour, such as "a dark blue T-shirt"; ``entry`` is its catalogue entry."""
    tokens = [t for t in item.name.split("_") if t]
    named = [t for t in tokens if t in _COLOURS_IN_NAMES]
    plain = "_".join(t for t in tokens if t not in named)
    noun = _CLOTHES.get(plain, re.sub(r"\s*\d+$", "", plain.replace("_", " ")))
    if item.fabric is not None:
        noun = noun.removeprefix("striped ")  # the fabric says so
        return with_article(f"{fabric_words(item.fabric)} {noun}")
    own = " ".join(named) or colour_word(entry["base_colour"])
    colour = own if item.tint is None else colour_word(item.tint)
    return with_article(f"{colour} {noun}")


def fabric_words(fabric: FabricSpec) -> str:
    """Colours and pattern of a cloth, such as "red and white striped"."""
    colours = [colour_word(c) for c in fabric.colours[: 1 if fabric.weave in _ONE_COLOUR else 2]]
    return " ".join(filter(None, (listed(list(dict.fromkeys(colours))), _WEAVES[fabric.weave])))


def hair_words(item: ItemSpec, entry: Mapping[str, Any]) -> str:
    """Hair with its colour, such as "short brown hair"."""
    colour = hair_word(item.tint or entry["base_colour"])
    style = _HAIRS.get(re.sub(r"[_\d].*$", "", item.name), "{} hair")
    return style.format(colour, a="an" if colour[0] in "aeiou" else "a")


def who(person: PersonSpec, items: Mapping[str, Mapping[str, Any]], age: str | None, brief: bool = False) -> str:
    """A person and the looks of them; ``items`` are catalogue entries by name, ``age`` is the skin's.

    ``brief`` names what they are told apart by in a crowd.
    """
    noun = with_article(" ".join(filter(None, (_AGES.get(age or ""), _NOUNS[person.gender]))))
    hair = f" with {hair_words(person.hair, items[person.hair.name])}" if person.hair and not brief else ""
    clothes = [i for i in reversed(person.clothes) if items[i.name]["semantic"] not in ("hair", "facial_hair")]
    bags = [clothes_words(i, items[i.name]) for i in clothes if items[i.name].get("kind") == "bags" and not brief]
    clothes = [i for i in clothes if items[i.name].get("kind") != "bags"]
    clothes = clothes[:1] if brief else clothes
    worn = [clothes_words(i, items[i.name]) for i in clothes]  # the outermost catches the eye first
    carried = f" carrying {listed(bags)}" if bags else ""
    return f"{noun}{hair}{f' in {listed(worn)}' if worn else ''}{carried}"


def deeds(tags: Iterable[str]) -> str:
    """What a part of a motion shows: tags of captures, or the words of what is synthesised, as verbs."""
    verbs = [_VERBS.get(t, t if " " in t or t.endswith("s") else "moves") for t in tags if t not in _NO_VERBS]
    return listed(list(dict.fromkeys(verbs))) or "moves"
