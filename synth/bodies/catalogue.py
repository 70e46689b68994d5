"""What the folders of a config hold, as the plain data that specs are sampled from, and the files behind the names."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from synth.bodies.config import BodiesConfig
from synth.bodies.motion_io import read_motion
from synth.cameras import read_path
from synth.cameras.replay import SUFFIXES as _PATH_SUFFIXES
from synth.conventions import ThfmError
from synth.spec.catalogue import Catalogue, ItemEntry, MotionEntry, PathEntry, SkinEntry

_MOTION_SUFFIXES = (".npz", ".bvh", ".amc")


@dataclass(frozen=True)
class Library:
    """The catalogue, and where each named thing lies on this machine."""

    catalogue: Catalogue
    motion_files: dict[str, Path]
    skin_files: dict[str, Path]
    hdri_files: dict[str, Path]
    path_files: dict[str, Path]

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


def _files(folder: Path, suffixes: tuple[str, ...], what: str, key: str) -> list[tuple[str, Path]]:
    """Names and files below ``folder`` (or the file that it is), sorted; ThfmError if there are none."""
    if folder.is_file():
        return [(folder.stem, folder)]
    files = sorted(f for f in folder.rglob("*") if f.suffix.lower() in suffixes) if folder.is_dir() else []
    if not files:
        raise ThfmError(f"{folder} holds no {what}: {key} wants files ending in {', '.join(suffixes)}.")
    return [(f.relative_to(folder).with_suffix("").as_posix(), f) for f in files]


def _camera_paths(places: Iterable[Path]) -> list[tuple[PathEntry, Path]]:
    files = [f for place in places for f in _files(place, _PATH_SUFFIXES, "camera path", "bodies.camera_paths")]
    return [(PathEntry(name=name, seconds=read_path(file).seconds), file) for name, file in sorted(files)]


def _motions(folder: Path) -> list[tuple[MotionEntry, Path]]:
    if (folder / "catalogue.json").is_file():
        entries = read_catalogue(folder / "catalogue.json")
        entries = entries["motions"] if isinstance(entries, dict) else entries
        return [(MotionEntry.model_validate(e), folder / e["file"]) for e in entries]
    files = _files(folder, _MOTION_SUFFIXES, "motion", "bodies.motion_folders")
    return [(MotionEntry(name=n, segments=((0.0, read_motion(f).duration),)), f) for n, f in files]


def load_library(config: BodiesConfig) -> Library:
    """Everything that clips of this config can be made of.

    Raises:
        ThfmError: a folder is missing, empty or broken.
    """
    motions = sorted((m for folder in config.motions for m in _motions(folder)), key=lambda m: m[0].name)
    paths = _camera_paths(config.camera_paths)
    wardrobe = read_catalogue(config.assets / "wardrobe" / "catalogue.json")
    hdris = bpy_hdris()
    skins = sorted(wardrobe["skins"], key=lambda s: s["name"])
    return Library(
        catalogue=Catalogue(
            body_model=config.models.name,
            motions=tuple(entry for entry, _ in motions),
            items=tuple(ItemEntry.model_validate(i) for i in sorted(wardrobe["items"], key=lambda i: i["name"])),
            skins=tuple(SkinEntry.model_validate(s) for s in skins),
            hdris=tuple(sorted(hdris)),
            camera_paths=tuple(entry for entry, _ in paths),
        ),
        motion_files={entry.name: path for entry, path in motions},
        skin_files={s["name"]: config.assets / "skins" / s["file"] for s in skins},
        hdri_files=hdris,
        path_files={entry.name: path for entry, path in paths},
    )
