"""Add asset packs of MakeHuman or MPFB to the wardrobe.

    python -m tools.import_makehuman PACK ... --base BASE.OBJ --out FOLDER
    thfm-synth generate CONFIG --out URL bodies.assets_folder=FOLDER

PACK is a pack's folder, unpacked: every .mhclo below it is taken, with its .obj, .mhmat and textures. BASE.OBJ is the
mesh that they hang on, ``data/3dobjs/base.obj`` of MakeHuman or MPFB. FOLDER gets the open assets and the packs' beside
them; run it again to add more. The packs' own licences go on to hold: the catalogue repeats what their files say.

What a piece is, is told by the folder it lies in (hair, eyebrows, eyelashes), else by words in its name and tags, else
by the part of the body that it covers.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from synth.bodies.config import assets_folder
from synth.conventions import ThfmError
from tools.bake_wardrobe import WAIST_OVERLAP
from tools.makehuman.mhclo import Clothes, read_base, read_clothes
from tools.wardrobe_cutting import mean_colour
from tools.wardrobe_items import STIFFNESS

TEXTURE_SIZE = 1024
CROTCH, WAIST, CHEST = 0.47, 0.6, 0.72  # heights in shares of the body's
FOLDERS = {"hair": "hair", "eyebrows": "brows", "eyelashes": "lashes"}


@dataclass(frozen=True)
class Sort:
    """What a piece is: kind, semantic class and layer of the wardrobe."""

    kind: str
    semantic: str
    layer: int


SORTS = {
    "hair": Sort("hair", "hair", 5), "brows": Sort("brows", "facial_hair", 0),
    "lashes": Sort("lashes", "facial_hair", 0),
    "shoes": Sort("shoes", "shoes", 1), "hat": Sort("hats", "hat", 6), "lower": Sort("garments", "lower_garment", 2),
    "skirt": Sort("garments", "skirt", 2), "upper": Sort("garments", "upper_garment", 3),
    "dress": Sort("garments", "dress", 3), "suit": Sort("garments", "suit_one_piece", 3),
    "jacket": Sort("garments", "jacket", 4),
}  # fmt: skip
# Words of names and tags; the first line that has one of them decides.
WORDS = {
    "shoes": "shoe shoes boot boots sneaker sneakers heels sandal sandals slippers trainers",
    "hat": "hat cap beanie helmet fedora bonnet beret",
    "dress": "dress gown robe", "skirt": "skirt kilt",
    "jacket": "jacket coat blazer cardigan parka",
    "lower": "jeans pants trousers shorts leggings slacks",
    "upper": "shirt tshirt tee top blouse sweater pullover hoodie polo jersey",
    "suit": "suit jumpsuit overall overalls romper",
}  # fmt: skip
STYLES = {"female": "female woman women womens girl", "male": "male man men mens boy"}


def words_of(piece: Clothes) -> set[str]:
    """All words of a name and its tags, camel case taken apart."""
    text = " ".join((piece.name, *piece.tags))
    return set(re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).lower()))


def sort_of(piece: Clothes, folder: str, base: np.ndarray) -> Sort:
    """What a piece is; ``folder`` is the name of the one that its own folder lies in."""
    if folder in FOLDERS:
        return SORTS[FOLDERS[folder]]
    words = words_of(piece)
    for name, known in WORDS.items():
        if words & set(known.split()):
            return SORTS[name]
    heights = (piece.anchor[:, 1] - base[:13380, 1].min()) / np.ptp(base[:13380, 1])
    low, high = np.quantile(heights, (0.02, 0.98))
    if high < 0.15:
        return SORTS["shoes"]
    if low > 0.88:
        return SORTS["hat"]
    if low > CROTCH - 0.06:
        return SORTS["upper"]
    return SORTS["lower"] if high < CHEST else SORTS["suit"]


def style_of(piece: Clothes) -> str:
    """For whom a piece is made: female, male or any."""
    words = words_of(piece)
    found = [style for style, known in STYLES.items() if words & set(known.split())]
    return found[0] if len(found) == 1 else "any"


class Import:
    """Adds pieces to the wardrobe under ``out``."""

    def __init__(self, base: np.ndarray, out: Path):
        self.base, self.root = base, out / "wardrobe"
        if not (self.root / "catalogue.json").is_file():
            for name in ("wardrobe", "skins", "furniture"):
                shutil.copytree(assets_folder() / name, out / name, dirs_exist_ok=True)
        self.catalogue = json.loads((self.root / "catalogue.json").read_text())

    def texture(self, file: Path | None, name: str, kind: str, role: str, alpha: bool) -> str | None:
        """Write one texture and return its path below the wardrobe."""
        if file is None:
            return None
        image = Image.open(file).convert("RGBA" if alpha else "RGB")
        image.thumbnail((TEXTURE_SIZE, TEXTURE_SIZE), Image.Resampling.LANCZOS)
        target = self.root / kind / f"{name}_{role}.{'png' if alpha else 'jpg'}"
        image.save(target, **({} if alpha else {"quality": 92}))
        return str(target.relative_to(self.root))

    def add(self, file: Path) -> dict:
        """Take one .mhclo in; returns its entry of the catalogue."""
        piece = read_clothes(file, self.base)
        sort = sort_of(piece, file.parent.parent.name.lower(), self.base)
        if piece.diffuse is None:
            raise ThfmError(f"{file} names no texture that is there: get the pack anew.")
        name = re.sub(r"[^a-z0-9]+", "_", piece.name.lower()).strip("_")
        (self.root / sort.kind).mkdir(parents=True, exist_ok=True)
        arrays = {k: getattr(piece, k) for k in ("ref", "ref_weights", "offsets", "anchor", "faces", "face_uv", "uv")}
        np.savez_compressed(
            self.root / sort.kind / f"{name}.npz", **arrays, hidden_base=piece.hidden_base,
            face_semantic=np.zeros(len(piece.faces), np.uint8),
        )  # fmt: skip
        alpha = piece.transparent or sort.kind in ("hair", "brows", "lashes")
        heights = piece.anchor[:, 1] + piece.offsets[:, 1]
        image = Image.open(piece.diffuse)
        entry = {
            "name": name, "kind": sort.kind, "file": f"{sort.kind}/{name}.npz", "semantic": sort.semantic,
            "semantics": [sort.semantic], "style": style_of(piece), "layer": sort.layer, "look": "any",
            "tintable": sort.kind in ("garments", "hair"), "alpha": alpha,
            "textures": {
                "diffuse": [self.texture(piece.diffuse, name, sort.kind, "diffuse", alpha)],
                "normal": self.texture(piece.normal, name, sort.kind, "normal", False),
            },
            "base_colour": mean_colour(image.convert("RGBA" if alpha else "RGB"), piece.uv, piece.face_uv),
            "stiffness": STIFFNESS[sort.kind], "licence": piece.licence or "as you obtained it",
            "author": piece.author, "source": f"MakeHuman pack, {file.parent.name}/{file.name}",
            "span": [round(float(heights.min()), 3), round(float(heights.max()), 3)],
        }  # fmt: skip
        items = [i for i in self.catalogue["items"] if i["name"] != name]
        self.catalogue["items"] = [*items, entry]
        return entry

    def finish(self) -> None:
        """Match upper and lower garments, and write the catalogue."""
        garments = [i for i in self.catalogue["items"] if i["kind"] == "garments"]
        lowers = [i for i in garments if i["layer"] == 2]
        for upper in garments:
            if upper["layer"] < 3 or upper["semantic"] in ("dress", "suit_one_piece"):
                continue
            suits = [
                low["name"]
                for low in lowers
                if {low["style"], upper["style"], "any"} != {"female", "male", "any"}
                and upper["span"][0] < low["span"][1] - WAIST_OVERLAP
            ]
            upper["goes_with"] = sorted({*upper.get("goes_with", ()), *suits} & {low["name"] for low in lowers})
        (self.root / "catalogue.json").write_text(json.dumps(self.catalogue, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packs", nargs="+", type=Path, metavar="PACK")
    parser.add_argument("--base", type=Path, required=True, metavar="BASE.OBJ")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    args = parser.parse_args()
    try:
        files = sorted(f for pack in args.packs for f in pack.rglob("*.mhclo"))
        if not files:
            raise ThfmError(f"{', '.join(map(str, args.packs))} holds no .mhclo: unpack the pack, and name its folder.")
        work, taken = Import(read_base(args.base), args.out), 0
        for file in files:
            try:
                entry = work.add(file)
                taken += 1
                print(f"{entry['name']}: {entry['semantic']}, {entry['style']}, {entry['licence']}")
            except ThfmError as error:
                print(f"left out: {error}", file=sys.stderr)
            except (ValueError, IndexError, OSError) as error:
                print(f"left out: {file} is broken ({error}): get the pack anew.", file=sys.stderr)
        work.finish()
    except ThfmError as error:
        sys.exit(f"error: {error}")
    print(f"{taken} of {len(files)} pieces: set bodies.assets_folder={args.out}")


if __name__ == "__main__":
    main()
