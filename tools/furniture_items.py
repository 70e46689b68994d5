"""What is taken from the CC0 furniture of Sweet Home 3D, as what, and how hands hold it (data of bake_furniture.py)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Held:
    """How a hand holds an item.

    Attributes:
        style: hang (from the fingers, by its top), fist (upright through the closed hand) or palm (lying on the palm).
        point: where the hand is, in shares of the item's box (x, y, z).
    """

    style: str
    point: tuple[float, float, float]


# Name in the source -> kind. Standing on the floor.
STANDING = {
    "armchair": "chair", "plasticChair": "chair", "sillaBlanca": "chair", "chair": "chair",
    "antiqueChair": "chair", "chairWithCushion": "chair", "chair2": "chair", "osakaChair": "chair",
    "designChair": "chair", "thonet": "chair", "silla2": "stool", "stool": "stool", "stool2": "stool",
    "pianoBench": "stool", "armchair2": "armchair", "modernArmchair": "armchair", "winchesterArmchair": "armchair",
    "couch": "sofa", "sofa2": "sofa", "winchesterSofa": "sofa", "bed1": "bed", "bed3": "bed", "oakTable": "table",
    "tableWithTablecloth": "table", "table": "table", "desk": "table", "lbDesk": "table", "bench": "bench",
    "shelves": "shelf", "verticalShelves": "shelf", "cupboard": "cupboard",
    "bedsideTable2": "cupboard", "drawersCabinet": "cupboard", "refrigerator": "cupboard",
    "plant": "plant", "plantie": "plant", "orchids": "plant", "lantern": "lamp", "stoneLantern": "lamp",
    "desklamp": "lamp", "ammoBox": "box", "barrel": "box", "crate": "box", "box": "box", "fence": "railing",
    "dustbin": "bin", "mofx_mailbox": "bin",
    "fireExtinguisher": "bin", "wheelbarrow": "vehicle", "motorbike": "toy", "caballito": "toy",
    "speaker3": "box", "rock1": "rock", "rock2": "rock", "rock3": "rock", "whiteBoard": "board",
}  # fmt: skip

# Plain English for names that are not.
NAMES = {
    "caballito": "rocking_horse", "iphone": "phone", "lbDesk": "office_desk", "mamadeira": "baby_bottle",
    "mofx_mailbox": "mailbox", "motorbike": "spring_rider", "plantie": "plant_box", "silla2": "bar_stool",
    "sillaBlanca": "tulip_chair", "thonet": "bentwood_chair",
}  # fmt: skip

HELD = {
    "briefcase": ("bag", Held("hang", (0.5, 0.5, 1.0))),
    "handbag": ("bag", Held("hang", (0.5, 0.5, 1.0))),
    "JapaneseLantern": ("lamp", Held("hang", (0.5, 0.5, 1.0))),
    "umbrellaFolded": ("umbrella", Held("fist", (0.5, 0.5, 0.88))),
    "yogurtBottle": ("bottle", Held("fist", (0.5, 0.5, 0.45))),
    "mamadeira": ("bottle", Held("fist", (0.5, 0.5, 0.45))),
    "tetrapak": ("bottle", Held("fist", (0.5, 0.5, 0.45))),
    "electricGuitar": ("guitar", Held("fist", (0.5, 0.5, 0.75))),
    "teddyBear": ("toy", Held("fist", (0.5, 0.5, 0.5))),
    "basketball": ("ball", Held("palm", (0.5, 0.5, 0.0))),
    "bread": ("food", Held("palm", (0.5, 0.5, 0.0))),
    "hotDog": ("food", Held("palm", (0.5, 0.5, 0.0))),
    "cupcake": ("food", Held("palm", (0.5, 0.5, 0.0))),
    "iphone": ("phone", Held("palm", (0.5, 0.5, 0.0))),
    "housePuzzle": ("toy", Held("palm", (0.5, 0.5, 0.0))),
}


def readme(items: list[dict]) -> str:
    """The licence table of the baked items."""
    rows = [
        f"| {i['name']} | {i['kind']} | {' x '.join(f'{s:.2f}' for s in i['size'])} | {i['author']} | {i['source']} |"
        for i in items
    ]
    return "\n".join(
        [
            "# Furniture and props", "",
            "Made by `python -m tools.bake_furniture` out of `BlendSwap-CC-0.sh3f` in Debian's",
            "`sweethome3d-furniture`; do not edit by hand. Every item is CC0-1.0: its authors published it so on Blend",
            "Swap, Emmanuel Puybaret (eTeks) converted it to OBJ. Here it has its real size, fewer faces, and smaller",
            "textures or none.", "",
            "| item | kind | width x depth x height, m | author | source |",
            "| --- | --- | --- | --- | --- |",
            *rows, "",
        ]
    )  # fmt: skip
