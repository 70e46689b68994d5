"""What the folders of a config hold, as the plain data that specs are sampled from, and the files behind the names."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from synth.bodies.config import BodiesConfig
from synth.bodies.motion_io import read_motion
from synth.conventions import ThfmError
from synth.props import PropAsset
from synth.spec.catalogue import Catalogue, ItemEntry, MotionEntry, PropEntry, SkinEntry

_MOTION_SUFFIXES = (".npz", ".bvh", ".amc")


@dataclass(frozen=True)
class Library:
    """The catalogue, and where each named thing lies on this machine."""

    catalogue: Catalogue
    motion_files: dict[str, Path]
    skin_files: dict[str, Path]
    hdri_files: dict[str, Path]
    props: dict[str, PropAsset]

    def hdri(self, name: str) -> Path:
        """The file of an HDRI given by name or by path."""
        path = self.hdri_files.get(name, Path(name))
        if not path.is_file():
            raise ThfmError(f"HDRI {name!r} is neither a file nor one of {', '.join(sorted(self.hdri_files))}.")
        return path


def read_catalogue(path: Path):
    """A catalogue.json; raises ThfmError naming the file when it is missing or broken."""
    try:
        return json.loads(path.read_text())
    except OSError as error:
        raise ThfmError(f"{path} cannot be read ({error.strerror}): restore it from the repository.") from error
    except json.JSONDecodeError as error:
        raise ThfmError(f"{path} is no JSON ({error}): restore it from the repository.") from error


def bpy_hdris() -> dict[str, Path]:
    """The world HDRIs inside the installed bpy, by name, without importing it."""
    found = importlib.util.find_spec("bpy")
    if found is None or not found.submodule_search_locations:
        return {}
    roots = [Path(p) for p in found.submodule_search_locations]
    files = sorted(f for root in roots for f in root.glob("*/datafiles/studiolights/world/*.exr"))
    return {f.stem: f for f in files}


def _motions(folder: Path) -> list[tuple[MotionEntry, Path]]:
    if (folder / "catalogue.json").is_file():
        entries = read_catalogue(folder / "catalogue.json")
        entries = entries["motions"] if isinstance(entries, dict) else entries
        return [(MotionEntry.model_validate(e), folder / e["file"]) for e in entries]
    if folder.is_file():
        files = [folder]
    elif folder.is_dir():
        files = sorted(f for f in folder.rglob("*") if f.suffix.lower() in _MOTION_SUFFIXES)
    else:
        files = []
    if not files:
        raise ThfmError(
            f"{folder} holds no motion: bodies.motion_folders wants files ending in {', '.join(_MOTION_SUFFIXES)}."
        )
    out = []
    for file in files:
        name = file.stem if file == folder else file.relative_to(folder).with_suffix("").as_posix()
        out.append((MotionEntry(name=name, segments=((0.0, read_motion(file).duration),)), file))
    return out


def _props(folder: Path) -> dict[str, PropAsset]:
    """The props of a folder by name; none where there is no such folder, as in assets of one's own."""
    if not folder.is_dir():
        return {}
    return {item["name"]: PropAsset(folder, item) for item in read_catalogue(folder / "catalogue.json")["items"]}


def _prop_entry(item: Mapping) -> PropEntry:
    return PropEntry(name=item["name"], kind=item["kind"], size=item["size"], held="grip" in item)


def load_library(config: BodiesConfig) -> Library:
    """Everything that clips of this config can be made of.

    Raises:
        ThfmError: a folder is missing, empty or broken.
    """
    motions = sorted((m for folder in config.motions for m in _motions(folder)), key=lambda m: m[0].name)
    wardrobe = read_catalogue(config.assets / "wardrobe" / "catalogue.json")
    hdris = bpy_hdris()
    props = _props(config.assets / "furniture")
    skins = sorted(wardrobe["skins"], key=lambda s: s["name"])
    return Library(
        catalogue=Catalogue(
            body_model=config.models.name,
            motions=tuple(entry for entry, _ in motions),
            items=tuple(ItemEntry.model_validate(i) for i in sorted(wardrobe["items"], key=lambda i: i["name"])),
            skins=tuple(SkinEntry.model_validate(s) for s in skins),
            hdris=tuple(sorted(hdris)),
            props=tuple(_prop_entry(props[name].entry) for name in sorted(props)),
        ),
        motion_files={entry.name: path for entry, path in motions},
        skin_files={s["name"]: config.assets / "skins" / s["file"] for s in skins},
        hdri_files=hdris,
        props=props,
    )
