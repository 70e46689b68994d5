"""``SceneSpec``, people and cameras -> the meshes and lamps of the place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from synth.conventions import ThfmError
from synth.geometry import Cameras, Material, Mesh, SceneFile
from synth.props.shape import PropAsset
from synth.scenes.backdrop import build_backdrop
from synth.scenes.files import build_file
from synth.scenes.ground import ground_mesh
from synth.scenes.lamps import free_lamp
from synth.scenes.nature import build_nature
from synth.scenes.room import build_room
from synth.scenes.stage import Stage, Surroundings
from synth.scenes.street import build_street
from synth.scenes.studio import build_studio
from synth.spec.model import ClipSpec


@dataclass(frozen=True)
class SceneAssets:
    """Where the named things of scenes lie."""

    props: Mapping[str, PropAsset] = field(default_factory=dict)
    textures: Mapping[str, Path] = field(default_factory=dict)
    backdrops: Mapping[str, Path] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)


def build_scene(
    spec: ClipSpec, people: Sequence[Mesh], cameras: Cameras, assets: SceneAssets, file: SceneFile | None = None
) -> Surroundings:
    """The place of a clip, built so that neither people nor cameras touch it and nothing hides people.

    Args:
        people: all meshes that move or are touched.
        file: what the scene file holds that the spec names.

    Raises:
        ClipRejected: the place has no room for people and cameras.
        ThfmError: something that the spec names is missing or broken.
    """
    if spec.scene.kind == "plain" and not spec.light.lamps:
        return _plain(spec)
    stage = Stage.of(people, cameras, (spec.width, spec.height))
    built = _built(spec, stage, cameras, assets, file)
    lamps = tuple(free_lamp(lamp, stage.middle, built.limits) for lamp in spec.light.lamps)
    meshes = tuple(_with_photographs(mesh, assets.textures) for mesh in built.meshes)
    return replace(built, meshes=meshes, lamps=(*built.lamps, *lamps))


def _plain(spec: ClipSpec) -> Surroundings:
    return Surroundings((ground_mesh(spec.ground),), facts={"kind": "plain"})


def _built(spec: ClipSpec, stage: Stage, cameras: Cameras, assets: SceneAssets, file: SceneFile | None) -> Surroundings:
    scene = spec.scene
    if scene.kind == "room":
        return build_room(scene, spec.light, stage, assets.props)
    if scene.kind == "street":
        return build_street(scene, spec.light, stage, assets.props)
    if scene.kind == "nature":
        return build_nature(scene, stage, assets.props)
    if scene.kind == "studio":
        return build_studio(scene, spec.light, stage)
    if scene.kind == "backdrop":
        return build_backdrop(spec, stage, cameras, named(assets.backdrops, scene.name, "backdrop"))
    if scene.kind == "file":
        if file is None:
            raise ThfmError(f"scene file {scene.name!r} was not read: name its folder in bodies.scene_folders.")
        return build_file(scene, file, stage, spec.light.time == "night")
    return _plain(spec)


def named(files: Mapping[str, Path], name: str, kind: str) -> Path:
    """The file of a name; raises ThfmError if there is none."""
    if name not in files:
        raise ThfmError(f"there is no {kind} called {name!r}: was the clip made with other assets?")
    return files[name]


def _with_photographs(mesh: Mesh, textures: Mapping[str, Path]) -> Mesh:
    """The mesh with the files of its photographs."""

    def look(material: Material) -> Material:
        photo = material.settings.get("photo") if material.kind == "surface" else None
        return material if photo is None else replace(material, diffuse=named(textures, photo, "texture"))

    return replace(mesh, materials=tuple(look(m) for m in mesh.materials))
