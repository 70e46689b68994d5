"""Render a clip: every colour frame first, then every label frame, out of one scene."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from synth.blender import materials, runtime
from synth.blender import scene as scenes
from synth.blender.config import RenderConfig
from synth.conventions import ThfmError
from synth.geometry import ClipGeometry, Passes
from synth.spec.model import ClipSpec
from synth.spec.seeds import derive_seed

Progress = Callable[[str, int], None]


def _scratch() -> Path:
    """A new folder for renderer files, in memory where the system has such a place."""
    shared = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="thfm-", dir=shared if shared.is_dir() else None))


def _read_exr(path: Path) -> tuple[dict[str, np.ndarray], dict]:
    """All channels without the name of the view layer, and all header entries; Blender 5 writes a part per pass."""
    import OpenEXR

    channels, header = {}, {}
    with OpenEXR.File(str(path), separate_channels=True) as source:
        for part in source.parts:
            channels |= {name.split(".", 1)[1]: channel.pixels for name, channel in part.channels.items()}
            header |= part.header
    return channels, header


def people_coverage(channels: dict[str, np.ndarray], header: dict) -> np.ndarray:
    """Soft coverage (H, W) float32 by people's objects, out of an object Cryptomatte (Cryptomatte 1.2, Psyop)."""
    manifest = next(
        json.loads(v) for k, v in header.items() if k.startswith("cryptomatte/") and k.endswith("/manifest")
    )
    people = [int(code, 16) for name, code in manifest.items() if name.startswith("person")]
    codes = np.array(people, np.uint32)
    total = 0.0
    for level in sorted({n[: -len(".r")] for n in channels if n.startswith("CryptoObject") and n.endswith(".r")}):
        for code, coverage in (("r", "g"), ("b", "a")):
            hit = np.isin(np.ascontiguousarray(channels[f"{level}.{code}"]).view(np.uint32), codes)
            total = total + np.where(hit, channels[f"{level}.{coverage}"], 0.0)
    return np.clip(total, 0.0, 1.0).astype(np.float32)


def _render(scene, frame: int, path: Path, file_format: str) -> None:
    import bpy

    runtime.save_as(scene, file_format)
    scene.frame_set(frame)
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    if not path.is_file():
        raise ThfmError(f"Blender wrote no picture for frame {frame}: is {path.parent} full?")


def _colour_frame(scene, frame: int, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    import bpy
    from PIL import Image

    raw, picture = folder / "colour.exr", folder / "colour.png"
    _render(scene, frame, raw, "EXR")
    coverage = people_coverage(*_read_exr(raw))
    runtime.save_as(scene, "PNG")
    bpy.data.images["Render Result"].save_render(str(picture), scene=scene)
    with Image.open(picture) as opened:
        rgb = np.asarray(opened.convert("RGB"))
    raw.unlink()
    picture.unlink()
    return rgb, coverage


def to_label_scene(scene, objects: list, geometry: ClipGeometry) -> None:
    """Turn the colour scene into the label scene: label shaders, one sample, no light, no blur."""
    for thing, mesh in zip(objects, geometry.meshes, strict=True):
        for k, look in enumerate(mesh.materials):
            thing.material_slots[k].material = materials.label_material(f"{mesh.name}.{k}.label", look)
    for light in [o for o in scene.objects if o.type == "LIGHT"]:
        scene.collection.objects.unlink(light)
    scene.world = None
    scene.render.engine = "CYCLES"
    scene.render.use_motion_blur = False
    cycles = scene.cycles
    cycles.samples, cycles.use_denoising, cycles.max_bounces = 1, False, 0
    # Sample 0 misses the pixel's centre by 1/3000 of the filter's width.
    cycles.filter_width = 0.01
    scene.camera.data.dof.use_dof = False
    layer = scene.view_layers[0]
    layer.use_pass_cryptomatte_object, layer.use_pass_z = False, True
    for name, kind in ((materials.FACE_AOV, "VALUE"), (materials.BARYCENTRIC_AOV, "COLOR")):
        aov = layer.aovs.add()
        aov.name, aov.type = name, kind


def _label_frame(scene, frame: int, folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    path = folder / "label.exr"
    _render(scene, frame, path, "EXR")
    channels, _ = _read_exr(path)
    path.unlink()
    face = np.rint(channels[f"{materials.FACE_AOV}.X"]).astype(np.int32) - 1
    corners = np.stack([channels[f"{materials.BARYCENTRIC_AOV}.{c}"] for c in "RG"], -1)
    depth = channels["Depth.Z"]
    return face, corners, np.where(depth > 1e9, np.inf, depth).astype(np.float32)


def render_clip(
    geometry: ClipGeometry,
    spec: ClipSpec,
    config: RenderConfig,
    hdri: Path,
    log: Path,
    progress: Progress = lambda stage, frame: None,
) -> Passes:
    """Render all frames of a clip.

    Args:
        log: file to which Blender's console output is appended.
        progress: called with (stage, frames done).

    Raises:
        ThfmError: Blender failed, or printed an error and went on; the message quotes it and names the log.
    """
    folder = _scratch()
    frames, seconds = spec.frames, {}
    try:
        with runtime.captured_output(log):
            start = time.perf_counter()
            runtime.start(config.threads)
            scene, objects = scenes.build(geometry, spec, config, hdri, folder)
            seconds["scene"] = time.perf_counter() - start

            start = time.perf_counter()
            colour = []
            for t in range(frames):
                # A fixed seed would stick the noise to the screen while the camera moves.
                scene.cycles.seed = derive_seed(spec.seed, spec.index, "noise", t) % (2**31)
                colour.append(_colour_frame(scene, t + 1, folder))
                progress("colour", t + 1)
            seconds["colour"] = time.perf_counter() - start

            start = time.perf_counter()
            to_label_scene(scene, objects, geometry)
            labels = []
            for t in range(frames):
                labels.append(_label_frame(scene, t + 1, folder))
                progress("labels", t + 1)
            seconds["visibility"] = time.perf_counter() - start
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    rgb, matte = (np.stack(x) for x in zip(*colour, strict=True))
    face, corners, depth = (np.stack(x) for x in zip(*labels, strict=True))
    return Passes(rgb=rgb, matte=matte, face=face, barycentric=corners, depth=depth, seconds=seconds)


def save_blend(geometry: ClipGeometry, spec: ClipSpec, config: RenderConfig, hdri: Path, path: Path, log: Path) -> None:
    """Write the very scene of a clip as a .blend file, with its point caches in a folder beside it, textures packed."""
    runtime.start(config.threads)
    import bpy

    cache = path.with_name(path.stem + "_cache")
    cache.mkdir(parents=True, exist_ok=True)
    with runtime.captured_output(log):
        scenes.build(geometry, spec, config, hdri, cache)
        bpy.ops.file.pack_all()
        bpy.ops.wm.save_as_mainfile(filepath=str(path.resolve()), relative_remap=True)
