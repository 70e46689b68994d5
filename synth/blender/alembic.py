"""Simulated garments out of Alembic files, read by Blender's own importer."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from synth.blender import runtime
from synth.bodies.simulated import Cloth
from synth.conventions import ThfmError

_RATE = 30  # Blender's frames a second while it reads: any will do, positions are taken at whole frames


def read_cloth(path: Path, frames: np.ndarray, rate: float, threads: int, log: Path) -> Cloth:
    """All meshes of an Alembic file as one, z up.

    Args:
        frames: (S,) frames of the file, counted from its first; between two frames, vertices go straight.
        rate: frames a second of the file.

    Raises:
        ThfmError: naming the file, if it is missing or broken, ends too early, or its meshes change their topology.
    """
    if not path.is_file():
        raise ThfmError(f"garment {path} is missing: restore it, or take it out of bodies.garment_folders.")
    try:
        with runtime.captured_output(log):
            return _read(path, np.asarray(frames, float), rate, threads)
    except (RuntimeError, OSError, ThfmError) as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise ThfmError(
            f"garment {path} cannot be read ({reason}): get it anew, or take it out of bodies.garment_folders."
        ) from error


def _read(path: Path, frames: np.ndarray, rate: float, threads: int) -> Cloth:
    runtime.start(threads)
    import bpy

    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = _RATE, _RATE / rate
    bpy.ops.wm.alembic_import(filepath=str(path), as_background_job=False, set_frame_range=True)
    first, last = scene.frame_start, scene.frame_end
    things = sorted((o for o in bpy.data.objects if o.type == "MESH"), key=lambda o: o.name)
    if not things:
        raise ThfmError("it holds no mesh")
    if frames.max() > last - first:
        raise ThfmError(f"it has {last - first + 1} frames, frame {int(np.ceil(frames.max()))} is wanted")
    low = np.floor(frames).astype(int)
    wanted = np.unique(np.concatenate([low, np.ceil(frames).astype(int)]))
    places = {}
    for frame in wanted:
        scene.frame_set(first + int(frame))
        places[int(frame)] = np.concatenate([_points(thing) for thing in things])
    if len({len(p) for p in places.values()}) > 1:
        raise ThfmError("its meshes change their vertices from frame to frame")
    share = (frames - low)[:, None, None]
    before = np.stack([places[int(f)] for f in low])
    after = np.stack([places[int(np.ceil(f))] for f in frames])
    faces, uv, face_uv = _topology(things)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    return Cloth((before + share * (after - before)).astype(np.float32), faces, uv, face_uv)


def _evaluated(thing):
    import bpy

    return thing.evaluated_get(bpy.context.evaluated_depsgraph_get())


def _points(thing) -> np.ndarray:
    """(V, 3) float64 world positions of an object's vertices at the scene's frame."""
    evaluated = _evaluated(thing)
    data = evaluated.to_mesh()
    flat = np.empty(3 * len(data.vertices), np.float32)
    data.vertices.foreach_get("co", flat)
    world = np.array(evaluated.matrix_world)
    evaluated.to_mesh_clear()
    return flat.reshape(-1, 3).astype(np.float64) @ world[:3, :3].T + world[:3, 3]


def _topology(things: list) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Triangles (F, 3) of all objects' vertices in order, texture coordinates (n, 2), and triangles of these."""
    faces, uvs, face_uv, vertices, corners = [], [], [], 0, 0
    for thing in things:
        evaluated = _evaluated(thing)
        data = evaluated.to_mesh()
        data.calc_loop_triangles()
        count, loops = len(data.loop_triangles), len(data.loops)
        index, owner, uv = np.empty(3 * count, np.int32), np.empty(loops, np.int32), np.zeros(2 * loops, np.float32)
        data.loop_triangles.foreach_get("loops", index)
        data.loops.foreach_get("vertex_index", owner)
        if data.uv_layers.active is not None:
            data.uv_layers.active.data.foreach_get("uv", uv)
        faces.append(owner[index].reshape(-1, 3) + vertices)
        face_uv.append(index.reshape(-1, 3) + corners)
        uvs.append(uv.reshape(-1, 2))
        vertices, corners = vertices + len(data.vertices), corners + loops
        evaluated.to_mesh_clear()
    return np.concatenate(faces).astype(np.int32), np.concatenate(uvs), np.concatenate(face_uv).astype(np.int32)
