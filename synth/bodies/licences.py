"""Everything that clips can be made of, with author and licence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from synth.bodies.catalogue import Library, bpy_hdris, read_catalogue
from synth.bodies.config import BodiesConfig

UNSTATED = "as you obtained it"


class Asset(NamedTuple):
    """``kind`` such as motion or shoes; ``name`` as specs have it; licence and author, empty where nobody told."""

    kind: str
    name: str
    licence: str
    author: str


def licences(config: BodiesConfig, library: Library) -> Iterator[Asset]:
    """Every asset of the folders of ``config``."""
    for model in sorted((config.models / "smplx").glob("*.npz")):
        open_body = config.model_folder is None
        yield Asset("body", model.stem, *(("CC0-1.0", "MakeHuman community") if open_body else (UNSTATED, "")))
    stated = {e["name"]: e for folder in config.motions for e in _entries(folder)}
    for motion in library.catalogue.motions:
        entry = stated.get(motion.name, {})
        if motion.synthesised:
            entry = {"licence": "Apache-2.0", "author": "synthesised"}
        yield _asset("motion", motion.name, entry)
    wardrobe = read_catalogue(config.assets / "wardrobe" / "catalogue.json")
    for item in sorted(wardrobe["items"], key=lambda i: (i["kind"], i["name"])):
        yield _asset(item["kind"], item["name"], item)
    ours = {s["name"]: s for s in wardrobe["skins"]}
    for skin in library.catalogue.skins:
        yield _asset("skins", skin.name, ours.get(skin.name, {}))
    for prop in library.catalogue.props:
        yield _asset(f"prop: {prop.kind}", prop.name, library.props[prop.name].entry)
    textures = config.assets / "textures" / "catalogue.json"
    for entry in read_catalogue(textures)["items"] if textures.is_file() else ():
        yield _asset("texture", entry["name"], entry)
    open_skies = bpy_hdris()
    for name in library.catalogue.hdris:
        ours_too = library.hdri_files[name] == open_skies.get(name)
        yield Asset("hdri", name, *(("CC0-1.0", "comes with bpy") if ours_too else (UNSTATED, "")))
    own = {
        "backdrop": library.scenes.backdrops, "scene": library.scenes.files, "camera path": library.path_files,
        "overlay": library.overlays, "simulated clothes": library.simulated,
    }  # fmt: skip
    for kind, names in own.items():
        for name in sorted(names):
            yield Asset(kind, name, UNSTATED, "")


def _asset(kind: str, name: str, entry: dict[str, Any]) -> Asset:
    return Asset(kind, name, entry.get("licence", UNSTATED), entry.get("author", ""))


def _entries(folder: Path) -> list[dict]:
    if not (folder / "catalogue.json").is_file():
        return []
    entries = read_catalogue(folder / "catalogue.json")
    return entries["motions"] if isinstance(entries, dict) else entries
