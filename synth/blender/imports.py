"""Scene files of the user's: .blend, .glb, .gltf and .obj, read by Blender's own importers."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from synth.blender import runtime
from synth.conventions import Part, Semantic, ThfmError
from synth.geometry import Lamp, Material, Mesh, SceneFile

_FILE = "thfm_file"  # on materials: the file that they came with, and their name in it
_POINT_LIKE = ("POINT", "SPOT")


def _import(path: Path) -> list:
    """Bring the file's objects into the current scene and return them."""
    import bpy

    before = set(bpy.data.objects)
    suffix = path.suffix.lower()
    if suffix == ".blend":
        with bpy.data.libraries.load(str(path), link=False) as (source, target):
            target.objects = list(source.objects)
        for thing in target.objects:
            if thing is not None:
                bpy.context.scene.collection.objects.link(thing)
    elif suffix == ".obj":
        bpy.ops.wm.obj_import(filepath=str(path))
    else:
        bpy.ops.import_scene.gltf(filepath=str(path))
    bpy.context.view_layer.update()
    return sorted((o for o in bpy.data.objects if o not in before), key=lambda o: o.name)


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
    things = _import(path)
    graph = bpy.context.evaluated_depsgraph_get()
    meshes = [_mesh(thing, graph, path) for thing in things if thing.type == "MESH" and not thing.hide_render]
    lamps = [_lamp(thing) for thing in things if thing.type == "LIGHT" and thing.data.type != "SUN"]
    bpy.ops.wm.read_factory_settings(use_empty=True)
    meshes = [m for m in meshes if m is not None]
    if not meshes:
        raise ThfmError("it holds no mesh")
    return SceneFile(tuple(meshes), tuple(lamps))


def _mesh(thing, graph, path: Path) -> Mesh | None:
    """An object as it is rendered, modifiers and all."""
    evaluated = thing.evaluated_get(graph)
    data = evaluated.to_mesh()
    if data is None or not data.polygons:
        return None
    data.calc_loop_triangles()
    count, triangles, corners = len(data.vertices), len(data.loop_triangles), len(data.loops)
    place = np.empty(3 * count, np.float32)
    data.vertices.foreach_get("co", place)
    world = np.array(evaluated.matrix_world)
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
    looks = [_look(slot.material, path) for slot in evaluated.material_slots] or [_look(None, path)]
    evaluated.to_mesh_clear()
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
        material_index=np.clip(index, 0, len(looks) - 1).astype(np.uint8),
    )


def _look(material, path: Path) -> Material:
    if material is None:
        return Material("plain", tint=(0.5, 0.5, 0.5), roughness=0.7)
    return Material("imported", settings={"file": str(path), "name": material.name})


def _lamp(thing) -> Lamp:
    data, world = thing.data, np.array(thing.matrix_world)
    kind = "point" if data.type in _POINT_LIKE else "area"
    size = (
        (2 * data.shadow_soft_size,) * 2
        if kind == "point"
        else (data.size, data.size_y if data.shape in ("RECTANGLE", "ELLIPSE") else data.size)
    )
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
    for thing in _import(Path(file)):
        bpy.data.objects.remove(thing)
    for material in set(bpy.data.materials) - set(names):
        material[_FILE] = f"{file}:{material.name}"
        material.name = f"thfm {material.name}"
        _adapt(material)
    for material, name in names.items():
        material.name = name


def _adapt(material) -> None:
    """Our meshes carry one set of texture coordinates, and nothing is seen through."""
    if material.node_tree is None:
        return
    for node in material.node_tree.nodes:
        if node.type == "UVMAP":
            node.uv_map = "uv"
        elif node.type == "BSDF_PRINCIPLED":
            for socket, value in (("Alpha", 1.0), ("Transmission Weight", 0.0)):
                for link in list(node.inputs[socket].links):
                    material.node_tree.links.remove(link)
                node.inputs[socket].default_value = value
