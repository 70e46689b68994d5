"""Things that people hold, that stand beside them, or that they are partly behind."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

# Props whose kind says less than their name, or whose name is no word; others are called by their kind.
_NOUNS = {
    "winchester_armchair": "leather armchair", "winchester_sofa": "leather sofa", "baby_bottle": "baby bottle",
    "basketball": "basketball", "bread": "loaf of bread", "briefcase": "briefcase", "cupcake": "cupcake",
    "handbag": "handbag", "hot_dog": "hot dog", "electric_guitar": "electric guitar", "teddy_bear": "teddy bear",
    "tetrapak": "carton", "umbrella_folded": "folded umbrella", "refrigerator": "refrigerator", "mailbox": "mailbox",
    "barrel": "barrel", "crate": "crate", "desk": "desk", "office_desk": "desk", "fence": "fence",
    "wheelbarrow": "wheelbarrow", "white_board": "whiteboard", "fire_extinguisher": "fire extinguisher",
    "japanese_lantern": "paper lantern", "stone_lantern": "stone lantern", "lantern": "lantern",
    "rocking_horse": "rocking horse", "dustbin": "dustbin", "orchids": "pot of orchids", "plant_box": "plant box",
    "shelves": "shelf",
}  # fmt: skip
_NUMBERS = ("", "a", "two", "three", "four", "five", "many")


def noun(prop: Mapping[str, Any]) -> str:
    """What a prop is called; ``prop`` has its name and kind."""
    stem = re.sub(r"[\d_]+$", "", prop["name"])
    return _NOUNS.get(stem, str(prop["kind"]).replace("_", " "))


def _plural(name: str) -> str:
    if name.endswith("shelf"):
        return f"{name[:-1]}ves"
    return f"{name}es" if name.endswith(("x", "sh", "ch")) else f"{name}s"


def _some(props: Sequence[Mapping[str, Any]]) -> str:
    """A table and two chairs."""
    nouns = [noun(p) for p in props]
    words = []
    for name in dict.fromkeys(nouns):
        count = nouns.count(name)
        if count == 1:
            words.append(f"{'an' if name[0] in 'aeiou' else 'a'} {name}")
        else:
            words.append(f"{_NUMBERS[min(count, len(_NUMBERS) - 1)]} {_plural(name)}")
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def held(props: Sequence[Mapping[str, Any]], person: int) -> str:
    """Such as ", holding a handbag,", or nothing; ``person`` is an index."""
    own = [p for p in props if p["role"] == "held" and p["person"] == person]
    return f", holding {_some(own)}," if own else ""


def standing(props: Sequence[Mapping[str, Any]]) -> str:
    """Such as ", beside a table and partly behind a chair", or nothing."""
    beside = [p for p in props if p["role"] == "beside"]
    front = [p for p in props if p["role"] == "front"]
    words = [f"beside {_some(beside)}"] if beside else []
    words += [f"partly behind {_some(front)}"] if front else []
    return f", {' and '.join(words)}" if words else ""
