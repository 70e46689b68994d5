"""What the folders of a config hold, as the plain data that specs are sampled from, and the files behind the names."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from synth.bodies.actions import action_of, read_table
from synth.bodies.config import BodiesConfig
from synth.bodies.motion_index import SUFFIXES, index_folder, seconds_of
from synth.bodies.movement import PREFIX
from synth.bodies.shape_form import shape_forms
from synth.bodies.simulated import SimulatedFiles, overlays_below, simulated_below
from synth.bodies.skins import LAYOUT, skins_below
from synth.bodies.synth_motion.kinds import KINDS
from synth.cameras import read_path
from synth.cameras.replay import SUFFIXES as _PATH_SUFFIXES
from synth.conventions import ThfmError
from synth.props import PropAsset
from synth.scenes import SCENES, SceneAssets
from synth.scenes.backdrop import PICTURES, VIDEOS, backdrop_seconds
from synth.spec.catalogue import (
    BackdropEntry,
    Catalogue,
    ItemEntry,
    MotionEntry,
    PathEntry,
    PropEntry,
    SkinEntry,
    TextureEntry,
)

Table = dict[str, list[tuple[str, float | None, float | None]]]


@dataclass(frozen=True)
class Library:
    """The catalogue, and where each named thing lies on this machine.

    ``skin_layout`` is the texture layout that the skins are painted for, as ``BodyModel.texture_layout`` has it.
    """

    catalogue: Catalogue
    motion_files: dict[str, Path]
    skin_files: dict[str, Path]
    hdri_files: dict[str, Path]
    path_files: dict[str, Path]
    props: dict[str, PropAsset]
    scenes: SceneAssets
    left_out: tuple[str, ...] = ()  # what lies in folders of motions and is none, with the fault
    skin_layout: str = "base.obj"
    simulated: Mapping[str, SimulatedFiles] = field(default_factory=dict)
    overlays: Mapping[str, Path] = field(default_factory=dict)
    undressed: tuple[str, ...] = ()  # simulated garments that nobody can wear, with the fault

    def skin(self, name: str, layout: str | None) -> Path | None:
        """The file of a skin for a body of a texture layout; None if it is painted for another one."""
        if name not in self.skin_files:
            raise ThfmError(f"there is no skin called {name!r}: was the clip made with other assets?")
        return self.skin_files[name] if layout == self.skin_layout else None

    def tags(self, motion: str, start: float) -> tuple[str, ...]:
        """What a motion shows at ``start`` seconds, in words."""
        entries = [m for m in self.catalogue.motions if m.name == motion]
        here = [m for m in entries if any(a <= start <= b for a, b in m.segments)] or entries
        return (here[0].tags if here else ()) or (motion.rsplit("/", 1)[-1].replace("_", " "),)

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


def _by_name(found: Iterable[tuple[str, Path]], key: str) -> dict[str, Path]:
    """The file of each name; ThfmError where two files have the same."""
    files: dict[str, Path] = {}
    for name, path in found:
        if files.setdefault(name, path) != path:
            raise ThfmError(
                f"{files[name]} and {path} are both called {name!r}: rename one, or name a folder above both in {key}."
            )
    return files


def _named_files(places: Iterable[Path], suffixes: tuple[str, ...], what: str, key: str) -> dict[str, Path]:
    return _by_name((found for place in places for found in _files(place, suffixes, what, key)), key)


def _camera_paths(places: Iterable[Path]) -> list[tuple[PathEntry, Path]]:
    files = [f for place in places for f in _files(place, _PATH_SUFFIXES, "camera path", "bodies.camera_paths")]
    return [(PathEntry(name=name, seconds=read_path(file).seconds), file) for name, file in sorted(files)]


def _motions(folder: Path, table: Table) -> tuple[list[tuple[MotionEntry, Path]], list[str]]:
    """Motions of a folder (or the file that it is) and their files; and what is wrong with other files there."""
    if (folder / "catalogue.json").is_file():
        entries = read_catalogue(folder / "catalogue.json")
        entries = entries["motions"] if isinstance(entries, dict) else entries
        return [
            (MotionEntry.model_validate({"action": action_of(e.get("tags", ())), **e}), folder / e["file"])
            for e in entries
        ], []
    if folder.is_file():
        name, seconds = folder.stem, seconds_of(folder)
        return [(entry, folder) for entry in _labelled(name, seconds, action_of(name), table)], []
    found = index_folder(folder) if folder.is_dir() else []
    faults = [m.fault for m in found if m.fault]
    if len(faults) == len(found):
        why = f" ({faults[0]})" if faults else ""
        raise ThfmError(
            f"{folder} holds no motion{why}: bodies.motion_folders wants files ending in {', '.join(SUFFIXES)}."
        )
    own = folder.resolve().name
    return [
        (entry, folder / m.file)
        for m in found
        if not m.fault
        for entry in _labelled(m.name, m.seconds, action_of(f"{own}/{m.name}"), table)
    ], faults


def _labelled(name: str, seconds: float, action: str, table: Table) -> list[MotionEntry]:
    """The entry of a motion, or one for each action that the table parts it into."""
    spans: dict[str, list[tuple[float, float]]] = {}
    for label, start, end in table.get(name, [(action, None, None)]):
        span = (start or 0.0, min(end if end is not None else seconds, seconds))
        if span[1] > span[0]:
            spans.setdefault(label, []).append(span)
    return [
        MotionEntry(name=name, segments=tuple(sorted(parts)), tags=(label,), action=label)
        for label, parts in sorted(spans.items())
    ]


def synthesised_entries() -> list[MotionEntry]:
    """The kinds of synthesised motion."""
    return [
        MotionEntry(
            name=PREFIX + name, segments=((0.0, kind.seconds),), tags=(kind.words,), action=kind.action,
            synthesised=True, parameters=dict(kind.ranges), alone=kind.scenery is not None,
        )
        for name, kind in KINDS.items()
    ]  # fmt: skip


def _props(folder: Path) -> dict[str, PropAsset]:
    """The props of a folder by name; none where there is no such folder, as in assets of one's own."""
    if not folder.is_dir():
        return {}
    return {item["name"]: PropAsset(folder, item) for item in read_catalogue(folder / "catalogue.json")["items"]}


def _textures(folder: Path) -> dict[str, dict]:
    """The entries of photographed surfaces by name; none where there is no such folder."""
    if not folder.is_dir():
        return {}
    return {item["name"]: item for item in read_catalogue(folder / "catalogue.json")["items"]}


def _prop_entry(item: Mapping) -> PropEntry:
    return PropEntry(name=item["name"], kind=item["kind"], size=item["size"], held="grip" in item)


def _skins(config: BodiesConfig, ours: Iterable[Mapping]) -> list[tuple[SkinEntry, Path]]:
    """Skins by name: those of the config's folders, or ours."""
    if not config.skin_folders:
        entries = [(SkinEntry.model_validate(s), config.assets / "skins" / s["file"]) for s in ours]
        return sorted(entries, key=lambda skin: skin[0].name)
    if config.model_folder is None:
        raise ThfmError(
            "bodies.skin_folders holds skins for SMPL-X, not for the open bodies: name bodies.model_folder as well."
        )
    found = [skin for folder in config.skin_folders for skin in skins_below(folder)]
    return sorted({entry.name: (entry, file) for entry, file in found}.values(), key=lambda skin: skin[0].name)


def load_library(config: BodiesConfig) -> Library:
    """Everything that clips of this config can be made of.

    Raises:
        ThfmError: a folder is missing, empty or broken; two files have one name; a table names none of them.
    """
    table = read_table(config.motion_actions) if config.motion_actions else {}
    folders = [_motions(folder, table) for folder in config.motions]
    motions = sorted((m for found, _ in folders for m in found), key=lambda m: m[0].name)
    motion_files = _by_name(((e.name, f) for e, f in motions), "bodies.motion_folders")
    if table and not table.keys() & motion_files.keys():
        raise ThfmError(
            f"{config.motion_actions} names no motion that is there: its column file wants names such as "
            f"{next(iter(motion_files), 'CMU/01/01_01_poses')!r}."
        )
    entries = [entry for entry, _ in motions] + (synthesised_entries() if config.synthesised else [])
    paths = _camera_paths(config.camera_paths)
    wardrobe = read_catalogue(config.assets / "wardrobe" / "catalogue.json")
    hdris = _named_files(config.hdri_folders, (".hdr", ".exr"), "HDRI", "bodies.hdri_folders") or bpy_hdris()
    backdrops = _named_files(config.backdrop_folders, PICTURES + VIDEOS, "backdrop", "bodies.backdrop_folders")
    scenes = _named_files(config.scene_folders, SCENES, "scene", "bodies.scene_folders")
    props = _props(config.assets / "furniture")
    skins = _skins(config, wardrobe["skins"])
    textures = _textures(config.assets / "textures")
    if config.garment_folders and (config.model_folder is None or not config.motion_folders):
        raise ThfmError(
            "bodies.garment_folders holds clothes simulated on SMPL-X in BEDLAM's motions: name bodies.model_folder "
            "and bodies.motion_folders as well."
        )
    if config.overlay_folders and not config.skin_folders:
        raise ThfmError("bodies.overlay_folders holds clothes to paint over skins: name bodies.skin_folders as well.")
    simulated, undressed = simulated_below(config.garment_folders, motion_files)
    overlays = overlays_below(config.overlay_folders)
    return Library(
        catalogue=Catalogue(
            body_model=config.models.name,
            shapes=shape_forms(config.models),
            motions=tuple(sorted(entries, key=lambda e: (e.name, e.action))),
            items=tuple(ItemEntry.model_validate(i) for i in sorted(wardrobe["items"], key=lambda i: i["name"])),
            skins=tuple(entry for entry, _ in skins),
            simulated=tuple(entry for entry, _ in simulated),
            overlays=tuple(entry for entry, _ in overlays),
            hdris=tuple(sorted(hdris)),
            camera_paths=tuple(entry for entry, _ in paths),
            props=tuple(_prop_entry(props[name].entry) for name in sorted(props)),
            backdrops=tuple(BackdropEntry(name=n, seconds=backdrop_seconds(backdrops[n])) for n in sorted(backdrops)),
            scenes=tuple(sorted(scenes)),
            textures=tuple(TextureEntry.model_validate(textures[name]) for name in sorted(textures)),
        ),
        motion_files=motion_files,
        skin_files={entry.name: file for entry, file in skins},
        hdri_files=hdris,
        path_files=_by_name(((e.name, f) for e, f in paths), "bodies.camera_paths"),
        props=props,
        scenes=SceneAssets(
            props=props,
            backdrops=backdrops,
            files=scenes,
            textures={name: config.assets / "textures" / item["file"] for name, item in textures.items()},
        ),
        left_out=tuple(fault for _, faults in folders for fault in faults),
        skin_layout=LAYOUT if config.skin_folders else "base.obj",
        simulated={entry.name: files for entry, files in simulated},
        overlays={entry.name: file for entry, file in overlays},
        undressed=tuple(undressed),
    )
