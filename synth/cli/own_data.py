"""Data of people's own that clips can be made of: what is found, what is missing, and what each would add."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from synth.bodies.catalogue import Library
from synth.bodies.config import BodiesConfig
from synth.bodies.wardrobe import load_catalogue

PAGE = "docs/licensed-data.md"
_GENDERS = ("neutral", "female", "male")


@dataclass(frozen=True)
class OwnData:
    """One kind of data: what it is called, the key that names it, what is found (empty: nothing is named), what of it
    is missing, and what it adds to the open data."""

    name: str
    key: str
    found: str
    missing: str
    adds: str


def own_data(config: BodiesConfig, library: Library) -> Iterator[OwnData]:
    """Every kind that docs/licensed-data.md tells of."""
    found, missing = _models(config)
    yield OwnData("SMPL-X", "bodies.model_folder", found, missing, "the licensed body, its faces and hands")
    captured = [m for m in library.catalogue.motions if not m.synthesised] if config.motion_folders else []
    minutes = sum(m.seconds for m in captured) / 60
    yield OwnData(
        "AMASS and other motions", "bodies.motion_folders",
        f"{len({m.name for m in captured})} motions, {minutes:.1f} minutes" if captured else "",
        f"{len(library.left_out)} files that hold none" if library.left_out else "",
        "40 hours of captured motion",
    )  # fmt: skip
    skins = len(library.catalogue.skins) if config.skin_folders else 0
    yield OwnData(
        "BEDLAM body textures", "bodies.skin_folders", f"{skins} skins" if skins else "", "", "100 skins for SMPL-X"
    )
    overlays, garments = len(library.catalogue.overlays), len(library.catalogue.simulated)
    yield OwnData(
        "BEDLAM clothing overlays", "bodies.overlay_folders", _several(overlays, "overlay"), "",
        "1,738 outfits painted for SMPL-X's skin",
    )  # fmt: skip
    lacking = _several(len(library.undressed), "garment")
    yield OwnData(
        "BEDLAM simulated clothes", "bodies.garment_folders", _several(garments, "garment"),
        f"motions for {lacking}" if lacking else "", "clothes simulated by CLO for BEDLAM's own motions",
    )  # fmt: skip
    items = load_catalogue(config.assets)["items"].values()
    packs = sum(item.get("source", "").startswith("MakeHuman pack") for item in items)
    yield OwnData(
        "MakeHuman and MPFB packs", "bodies.assets_folder", f"{packs} pieces" if packs else "", "",
        "hundreds of garments, hair styles and shoes",
    )  # fmt: skip
    paths = len(library.catalogue.camera_paths)
    yield OwnData(
        "camera paths", "bodies.camera_paths", f"{paths} paths" if paths else "", "", "cameras that were really held"
    )
    hdris = len(library.catalogue.hdris) if config.hdri_folders else 0
    yield OwnData(
        "HDRIs", "bodies.hdri_folders", f"{hdris} HDRIs" if hdris else "", "", "light and skies; 300 are enough"
    )


def _several(count: int, noun: str) -> str:
    """Nothing, one thing or several things."""
    return f"{count} {noun}{'s' * (count > 1)}" if count else ""


def _models(config: BodiesConfig) -> tuple[str, str]:
    if config.model_folder is None:
        return "", ""
    files = {g: config.models / "smplx" / f"SMPLX_{g.upper()}.npz" for g in _GENDERS}
    there = [g for g, file in files.items() if file.is_file()]
    pickles = [g for g, file in files.items() if g not in there and file.with_suffix(".pkl").is_file()]
    nowhere = [g for g in _GENDERS if g not in there and g not in pickles]
    missing = [f"{g} lies there as a pickle, which is never opened: get the npz" for g in pickles]
    return ", ".join(there), "; ".join([*missing, *([f"{', '.join(nowhere)} (npz)"] if nowhere else [])])
