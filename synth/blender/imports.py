"""Scene files of the user's: .blend, .glb, .gltf and .obj, read by Blender's own importers."""

from __future__ import annotations

import functools
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from synth.blender import runtime
from synth.blender.opaque import make_opaque
from synth.conventions import Part, Semantic, ThfmError
from synth.geometry import Lamp, Material, Mesh, SceneFile

_FILE = "thfm_file"  # on materials: the file that they came with, and their name in it
_MOST_FACES = 2**24  # as many as labels tell apart


def _import(path: Path) -> None:
    """Bring what a .glb, .gltf or .obj holds into the current scene."""
    import bpy

    if path.suffix.lower() == ".obj":
        bpy.ops.wm.obj_import(filepath=str(path))
    else:
        bpy.ops.import_scene.gltf(filepath=str(path))


def read_scene_file(path: Path, threads: int, log: Path) -> SceneFile:
    """All that is rendered of a scene file, in metres, z up; its surfaces keep their own materials.

    Raises:
        ThfmError: naming the file, if it is missing, broken or empty.
    """
    path = Path(path)
    if not path.is_file():
        raise ThfmError(f"scene {path} is missing: restore it, or take it out of bodies.scene_folders.")
    try:
        with runtime.captured_output(log):
            return _read(path, path.stat().st_mtime_ns, threads)
    except (RuntimeError, OSError, ThfmError) as error:
        _read.cache_clear()  # it may hold what Blender read but complained of
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        message = f"scene {path} cannot be read ({reason}): repair it, or take it out of bodies.scene_folders."
        raise ThfmError(message) from error


@functools.lru_cache(maxsize=4)
def _read(path: Path, changed: int, threads: int) -> SceneFile:
    runtime.start(threads)
    import bpy

    bpy.ops.wm.read_factory_settings(use_empty=True)
    if path.suffix.lower() == ".blend":
        bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False, use_scripts=False)
    else:
        _import(path)
    _show_as_rendered(bpy.context.view_layer)
    meshes, lamps, faces = [], [], 0
    for shown in bpy.context.evaluated_depsgraph_get().object_instances:
        thing, place = shown.object, np.array(shown.matrix_world)
        if thing.type == "LIGHT":
            lamps.append(_lamp(thing.data, place))
        elif thing.type == "MESH" and shown.show_self and thing.visible_camera:
            # curves and texts come as meshes too
            mesh = _mesh(thing, place, path)
            meshes += [] if mesh is None else [mesh]
            faces += 0 if mesh is None else len(mesh.faces)
            if faces >= _MOST_FACES:
                raise ThfmError(f"it has more than {_MOST_FACES} faces")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if not meshes:
        raise ThfmError("it holds no mesh")
    meshes.sort(key=lambda m: m.name)
    return SceneFile(tuple(_named_apart(meshes)), tuple(lamps))


def _show_as_rendered(layer) -> None:
    """Let the viewport, which scripts are shown, show what renders do."""
    import bpy

    for thing in bpy.data.objects:
        thing.hide_viewport = thing.hide_render
        thing.show_instancer_for_viewport = thing.show_instancer_for_render
        for modifier in thing.modifiers:
            modifier.show_viewport = modifier.show_render
    for collection in bpy.data.collections:
        collection.hide_viewport = collection.hide_render
    branches = [layer.layer_collection]
    for branch in branches:
        branch.hide_viewport = False
        branches += branch.children
    for thing in layer.objects:
        thing.hide_set(False)
    layer.update()


def _named_apart(meshes: list[Mesh]) -> list[Mesh]:
    """An object that is instanced comes several times."""
    seen: Counter[str] = Counter()
    out = []
    for mesh in meshes:
        seen[mesh.name] += 1
        again = seen[mesh.name] - 1
        out.append(replace(mesh, name=f"{mesh.name}#{again}") if again else mesh)
    return out


def _mesh(thing, world: np.ndarray, path: Path) -> Mesh | None:
    """An evaluated object, modifiers and all, where the matrix (4, 4) puts it."""
    data = thing.to_mesh()
    if data is None or not data.polygons:
        return None
    data.calc_loop_triangles()
    count, triangles, corners = len(data.vertices), len(data.loop_triangles), len(data.loops)
    place = np.empty(3 * count, np.float32)
    data.vertices.foreach_get("co", place)
    positions = place.reshape(-1, 3) @ world[:3, :3].T + world[:3, 3]
    loops, owner, index = np.empty(3 * triangles, np.int32), np.empty(corners, np.int32), np.empty(triangles, np.int32)
    data.loop_triangles.foreach_get("loops", loops)
    data.loops.foreach_get("vertex_index", owner)
    data.loop_triangles.foreach_get("material_index", index)
    normal = np.empty(3 * corners, np.float32)
    data.corner_normals.foreach_get("vector", normal)
    # Where faces meet in a crease, each keeps its own vertices, and so its own normal.
    keys = np.column_stack([owner, np.round(normal.reshape(-1, 3) * 50).astype(np.int32)])
    _, first, split = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    uv = np.zeros((corners, 2), np.float32)
    if data.uv_layers.active is not None:
        flat = np.empty(2 * corners, np.float32)
        data.uv_layers.active.data.foreach_get("uv", flat)
        uv = flat.reshape(-1, 2)
    faces = split.reshape(-1)[loops].reshape(-1, 3).astype(np.int32)
    if np.linalg.det(world[:3, :3]) < 0:
        faces, loops = faces[:, ::-1].copy(), loops.reshape(-1, 3)[:, ::-1].ravel()
    looks = [_look(material, path) for material in _materials(thing, data)] or [_look(None, path)]
    thing.to_mesh_clear()
    return Mesh(
        name=f"file/{thing.name}",
        person=0,
        faces=faces,
        positions=positions[owner[first]].astype(np.float32)[None],
        uv=uv,
        face_uv=loops.reshape(-1, 3).astype(np.int32),
        part=np.full(triangles, Part.NONE, np.uint8),
        semantic=np.full(triangles, Semantic.PROP, np.uint8),
        canonical=np.full((len(first), 3), np.nan, np.float32),
        shown=np.ones(triangles, bool),
        materials=tuple(looks),
        material_index=np.clip(index, 0, len(looks) - 1).astype(np.uint16),
    )


def _materials(thing, data) -> list:
    """Those of the mesh, or of the object where its slots say so."""
    found = list(data.materials)
    for k, slot in enumerate(list(thing.material_slots)[: len(found)]):
        found[k] = slot.material if slot.link == "OBJECT" else found[k]
    return found


def _look(material, path: Path) -> Material:
    import bpy

    if material is None:
        return Material("plain", tint=(0.5, 0.5, 0.5), roughness=0.7)
    library = material.original.library
    file = bpy.path.abspath(library.filepath) if library else str(path)
    return Material("imported", settings={"file": file, "name": material.name})


def _lamp(data, world: np.ndarray) -> Lamp:
    kind = {"SUN": "sun", "AREA": "area"}.get(data.type, "point")
    if kind == "sun":
        size = (data.angle, data.angle)
    elif kind == "point":
        size = (2 * data.shadow_soft_size,) * 2
    else:
        size = (data.size, data.size_y if data.shape in ("RECTANGLE", "ELLIPSE") else data.size)
    return Lamp(kind, world[:3, 3], -world[:3, 2] / np.linalg.norm(world[:3, 2]), size, data.energy, tuple(data.color))


def imported_material(look: Material):
    """The file's own material, made opaque: labels know no glass."""
    import bpy

    file, name = look.settings["file"], look.settings["name"]
    label = f"{file}:{name}"
    if not any(m.get(_FILE) == label for m in bpy.data.materials):
        _import_materials(file)
    return next(m for m in bpy.data.materials if m.get(_FILE) == label)


def _import_materials(file: str) -> None:
    """Bring a file's materials into the scene, each marked with the file and the name that it has there."""
    import bpy

    names = {material: material.name for material in bpy.data.materials}
    for number, material in enumerate(names):  # else Blender would rename those of the file that are called alike
        material.name = f"thfm waiting {number}"
    if file.lower().endswith(".blend"):
        with bpy.data.libraries.load(file, link=False) as (source, target):
            target.materials = list(source.materials)
    else:
        things = set(bpy.data.objects)
        _import(Path(file))
        for thing in set(bpy.data.objects) - things:
            bpy.data.objects.remove(thing)
    for material in set(bpy.data.materials) - set(names):
        material[_FILE] = f"{file}:{material.name}"
        material.name = f"thfm {material.name}"
        make_opaque(material)
    for material, name in names.items():
        material.name = name
