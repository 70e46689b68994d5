"""Clip geometry and looks -> a Blender scene whose frames 1..T are the clip's frames."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from synth.blender import materials
from synth.blender.config import RenderConfig
from synth.blender.lens import add_lens
from synth.blender.light import add_lamps, add_world
from synth.blender.runtime import choose_device, eevee_name, empty
from synth.conventions import ThfmError
from synth.geometry import Cameras, ClipGeometry, Mesh
from synth.spec.model import ClipSpec

SENSOR_MM = 36.0
_ENCLOSED = ("room", "studio")
_MAX_EXACT_FACE = 2**24  # an AOV is a float32


def person_prefix(person: int) -> str:
    """How the names of a person's objects start; the matte finds people by it."""
    return f"person{person}/"


def write_pc2(path: Path, positions: np.ndarray) -> None:
    """Write (S, V, 3) float32 as a PC2 point cache whose sample s belongs to scene frame s."""
    samples, points = positions.shape[:2]
    with open(path, "wb") as sink:
        sink.write(struct.pack("<12siiffi", b"POINTCACHE2\0", 1, points, 0.0, 1.0, samples))
        sink.write(np.ascontiguousarray(positions, "<f4").tobytes())


def _add_mesh(scene, mesh: Mesh, first_face: int, cache: Path, coloured: bool):
    import bpy

    shown = np.flatnonzero(mesh.shown)
    faces, face_uv = mesh.faces[shown], mesh.face_uv[shown]
    data = bpy.data.meshes.new(mesh.name)
    rest = mesh.positions[0]
    data.vertices.add(len(rest))
    data.vertices.foreach_set("co", rest.astype(np.float32).ravel())
    data.loops.add(3 * len(faces))
    data.loops.foreach_set("vertex_index", faces.astype(np.int32).ravel())
    data.polygons.add(len(faces))
    data.polygons.foreach_set("loop_start", np.arange(0, 3 * len(faces), 3, dtype=np.int32))
    data.polygons.foreach_set("use_smooth", np.ones(len(faces), bool))
    data.polygons.foreach_set("material_index", mesh.material_index[shown].astype(np.int32))
    data.uv_layers.new(name="uv").data.foreach_set("uv", mesh.uv[face_uv].astype(np.float32).ravel())
    if mesh.cloth is not None:
        layer = data.uv_layers.new(name=materials.CLOTH_COORDINATES, do_init=False)
        layer.data.foreach_set("uv", mesh.cloth[face_uv].astype(np.float32).ravel())
        data.uv_layers["uv"].active_render = True
    index = data.attributes.new(materials.FACE_ATTRIBUTE, "INT", "FACE")
    index.data.foreach_set("value", (first_face + shown + 1).astype(np.int32))
    corners = data.attributes.new(materials.BARYCENTRIC_ATTRIBUTE, "FLOAT_VECTOR", "CORNER")
    corners.data.foreach_set("vector", np.tile(np.eye(3, dtype=np.float32), (len(faces), 1)).ravel())
    for name, values in mesh.attributes.items():
        layer = data.attributes.new(name, "FLOAT_VECTOR", "POINT")
        layer.data.foreach_set("vector", values.astype(np.float32).ravel())
    data.update(calc_edges=True)
    thing = bpy.data.objects.new((person_prefix(mesh.person) if mesh.person else "scene/") + mesh.name, data)
    scene.collection.objects.link(thing)
    thing.cycles.shadow_terminator_geometry_offset = 0.2
    for k, look in enumerate(mesh.materials):
        data.materials.append(materials.colour_material(f"{mesh.name}.{k}", look, cache) if coloured else None)
    if len(mesh.positions) > 1:
        path = cache / f"{thing.name.replace('/', '.')}.pc2"
        write_pc2(path, mesh.positions)
        modifier = thing.modifiers.new("motion", "MESH_CACHE")
        modifier.cache_format, modifier.filepath = "PC2", str(path)
        modifier.time_mode, modifier.play_mode, modifier.frame_start = "FRAME", "SCENE", 0.0
        modifier.interpolation, modifier.deform_mode = "LINEAR", "OVERWRITE"
        modifier.forward_axis, modifier.up_axis = "POS_Y", "POS_Z"
    return thing


def _straighten(owner) -> None:
    """Let a bpy thing's animation go in straight lines from key to key, as geometry does; scripts get curves."""
    for layer in owner.animation_data.action.layers:
        for strip in layer.strips:
            for bag in strip.channelbags:
                for curve in bag.fcurves:
                    for key in curve.keyframe_points:
                        key.interpolation = "LINEAR"


def _add_camera(scene, cameras: Cameras, width: int, height: int) -> None:
    """The camera, key by key; its sensor is 36 mm on the long side, so that apertures mean the same in every shape."""
    import bpy
    from mathutils import Matrix

    data = bpy.data.cameras.new("camera")
    sensor = SENSOR_MM * width / max(width, height)
    data.sensor_fit, data.sensor_width, data.clip_start, data.clip_end = "HORIZONTAL", sensor, 0.01, 10000.0
    thing = bpy.data.objects.new("camera", data)
    thing.rotation_mode = "QUATERNION"
    scene.collection.objects.link(thing)
    scene.camera = thing
    flip = np.diag([1.0, -1.0, -1.0, 1.0])  # OpenCV camera axes -> Blender's
    previous = None
    for frame, (k, pose) in enumerate(zip(cameras.intrinsics, cameras.world_to_camera, strict=True)):
        location, rotation, _ = Matrix((np.linalg.inv(pose) @ flip).tolist()).decompose()
        if previous is not None and previous.dot(rotation) < 0:
            rotation.negate()
        previous = rotation
        thing.location, thing.rotation_quaternion = location, rotation
        data.lens = k[0, 0] * sensor / width
        data.shift_x, data.shift_y = (width / 2 - k[0, 2]) / width, (k[1, 2] - height / 2) / width
        for owner, path in ((thing, "location"), (thing, "rotation_quaternion")):
            owner.keyframe_insert(path, frame=frame)
        for path in ("lens", "shift_x", "shift_y"):
            data.keyframe_insert(path, frame=frame)
    if cameras.focus is not None:
        data.dof.use_dof, data.dof.aperture_fstop = True, cameras.f_stop
        for frame, depth in enumerate(cameras.focus):
            data.dof.focus_distance = depth
            data.keyframe_insert("dof.focus_distance", frame=frame)
    for moved in (thing, data):
        _straighten(moved)
    if cameras.distortion.any():
        add_lens(scene, thing, cameras)


def open_shutter(scene, exposure: float, readout: float) -> None:
    """Expose each row for ``exposure`` and read the rows over ``readout``, both in frame times."""
    render, cycles = scene.render, scene.cycles
    render.use_motion_blur = exposure + readout > 0
    render.motion_blur_shutter = max(exposure + readout, 0.01)
    cycles.rolling_shutter_type = "TOP" if readout else "NONE"
    cycles.rolling_shutter_duration = exposure / (exposure + readout) if readout else 0.1


def _configure(scene, spec: ClipSpec, config: RenderConfig, cameras: Cameras) -> None:
    render = scene.render
    render.resolution_x, render.resolution_y, render.resolution_percentage = spec.width, spec.height, 100
    render.fps, render.fps_base = max(round(spec.fps), 1), max(round(spec.fps), 1) / spec.fps
    scene.frame_start, scene.frame_end = 1, spec.frames
    render.engine = "CYCLES"
    choose_device(scene, config.device)
    render.use_persistent_data = True
    render.threads_mode, render.threads = ("FIXED", config.threads) if config.threads else ("AUTO", 0)
    render.motion_blur_position = "CENTER"
    open_shutter(scene, cameras.shutter if config.motion_blur else 0.0, cameras.readout)
    cycles = scene.cycles
    cycles.samples, cycles.use_denoising, cycles.use_adaptive_sampling = config.samples, config.denoise, False
    cycles.denoising_prefilter = "FAST"
    cycles.use_light_tree = False  # it is for many lamps
    cycles.max_bounces = config.bounces
    # Between walls, light hardly ever gets away: every further bounce costs a tenth of the picture's time.
    cycles.diffuse_bounces = min(config.bounces, 2 if spec.scene.kind in _ENCLOSED else 3)
    cycles.glossy_bounces = min(config.bounces, 3)
    cycles.transparent_max_bounces = 64  # an afro is that many cards deep
    cycles.sample_clamp_indirect = 8.0
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.texture_limit_render = "OFF"
    render.dither_intensity = 0.0
    render.film_transparent = False
    scene.view_settings.view_transform, scene.view_settings.look = config.view_transform, "None"
    layer = scene.view_layers[0]
    layer.use_pass_cryptomatte_object, layer.pass_cryptomatte_depth = not cameras.distortion.any(), 6
    layer.pass_alpha_threshold = materials.ALPHA_THRESHOLD
    if config.engine == "eevee":
        render.engine = eevee_name()
        scene.eevee.taa_render_samples = config.samples


def build(geometry: ClipGeometry, spec: ClipSpec, config: RenderConfig, hdri: Path | None, cache: Path):
    """Fill an emptied Blender with the clip's scene, ready for its colour render.

    Args:
        hdri: environment image of the spec's light; it is not looked at where no colour is wanted.
        cache: existing folder for the point caches; the scene needs it as long as it is rendered.

    Where the config wants no colour, there is no light, and materials are left out: labels bring their own.

    Returns:
        ``(scene, objects)``, one bpy object per mesh of ``geometry``, in order.

    Raises:
        ThfmError: a texture is missing, no such device, a lens or shutter that EEVEE lacks, a zoom with a rolling
            shutter, or too many faces for exact labels.
    """
    import bpy

    empty()
    scene = bpy.context.scene
    _configure(scene, spec, config, geometry.cameras)
    if config.colour and config.engine == "eevee" and geometry.cameras.distortion.any():
        raise ThfmError("EEVEE has no lens distortion: set spec.camera.distorted=0, or render.engine=cycles.")
    if config.colour and config.engine == "eevee" and geometry.cameras.readout:
        raise ThfmError("EEVEE has no rolling shutter: set spec.camera.rolling_shutter=0, or render.engine=cycles.")
    if geometry.cameras.readout and np.ptp(geometry.cameras.intrinsics, axis=0).any():
        raise ThfmError("a lens that zooms has no rolling shutter here: set the clip's readout to 0.")
    if sum(len(m.faces) for m in geometry.meshes) >= _MAX_EXACT_FACE:
        raise ThfmError(f"the scene has more than {_MAX_EXACT_FACE} faces: use fewer people or simpler scenes.")
    objects, first_face = [], 0
    for mesh in geometry.meshes:
        objects.append(_add_mesh(scene, mesh, first_face, cache, config.colour))
        first_face += len(mesh.faces)
    _add_camera(scene, geometry.cameras, spec.width, spec.height)
    if config.colour:
        suns = any(lamp.kind == "sun" for lamp in geometry.lamps)
        add_world(scene, spec.light.model_copy(update={"sun": None}) if suns else spec.light, hdri)
        add_lamps(scene, geometry.lamps)
    return scene, objects
