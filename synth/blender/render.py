"""Render a clip: every colour frame first, then every label frame, out of one scene.

A lens stops Blender's data passes, so behind one the matte is rendered on its own, and labels are pictures. So it is
where no colour is wanted.
"""

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
from synth.blender.metering import metered_stops, people_mask
from synth.conventions import ThfmError
from synth.geometry import ClipGeometry, Material, Mesh, Passes
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


def _colour_frame(
    scene, frame: int, folder: Path, meter: Callable[[np.ndarray], float] | None = None
) -> tuple[np.ndarray, np.ndarray | None]:
    """The picture and, where its scene tells it, the matte; ``meter`` sets the exposure by the light (H, W, 3)."""
    import bpy
    from PIL import Image

    raw, picture = folder / "colour.exr", folder / "colour.png"
    _render(scene, frame, raw, "EXR")
    channels, header = _read_exr(raw)
    if meter is not None:
        scene.view_settings.exposure = meter(np.stack([channels[f"Combined.{c}"] for c in "RGB"], -1))
    coverage = people_coverage(channels, header) if scene.view_layers[0].use_pass_cryptomatte_object else None
    runtime.save_as(scene, "PNG")
    bpy.data.images["Render Result"].save_render(str(picture), scene=scene)
    with Image.open(picture) as opened:
        rgb = np.asarray(opened.convert("RGB"))
    raw.unlink()
    picture.unlink()
    return rgb, coverage


def _unlit(scene, objects: list, geometry: ClipGeometry, shader: Callable) -> None:
    """Leave the scene nothing but surfaces that shine: ``shader(name, look, mesh)`` makes their materials."""
    for thing, mesh in zip(objects, geometry.meshes, strict=True):
        for k, look in enumerate(mesh.materials):
            thing.material_slots[k].material = shader(f"{mesh.name}.{k}", look, mesh)
    for light in [o for o in scene.objects if o.type == "LIGHT"]:
        scene.collection.objects.unlink(light)
    scene.world = None
    scene.render.engine = "CYCLES"
    cycles = scene.cycles
    cycles.use_denoising, cycles.max_bounces, cycles.sample_clamp_indirect = False, 0, 0.0
    scene.view_layers[0].use_pass_cryptomatte_object = False


def to_matte_scene(scene, objects: list, geometry: ClipGeometry) -> None:
    """Turn the colour scene into one in which people are white and all else is black; its blur stays."""

    def shader(name: str, look: Material, mesh: Mesh):
        return materials.matte_material(f"{name}.matte", look, mesh.person > 0)

    _unlit(scene, objects, geometry, shader)


def _matte_frame(scene, frame: int, folder: Path) -> np.ndarray:
    path = folder / "matte.exr"
    _render(scene, frame, path, "EXR")
    channels, _ = _read_exr(path)
    path.unlink()
    return np.clip(channels["Combined.R"], 0.0, 1.0).astype(np.float32)


def to_label_scene(scene, objects: list, geometry: ClipGeometry) -> None:
    """Turn the colour scene into the label scene: label shaders, one sample, no light, no blur; its shutter rolls."""
    _unlit(scene, objects, geometry, lambda n, look, mesh: materials.label_material(f"{n}.label", look))
    scenes.open_shutter(scene, 0.0, geometry.cameras.readout)
    cycles = scene.cycles
    cycles.device = "CPU"  # whatever renders colour: labels are the same wherever they are made
    cycles.samples = 1
    # Sample 0 misses the pixel's centre by 1/3000 of the filter's width.
    cycles.filter_width = 0.01
    scene.camera.data.dof.use_dof = False
    scene.view_layers[0].use_pass_z = True


def _label_frame(scene, frame: int, folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    path = folder / "label.exr"
    _render(scene, frame, path, "EXR")
    channels, _ = _read_exr(path)
    path.unlink()
    face = np.rint(channels["Combined.R"]).astype(np.int32) - 1
    corners = np.stack([channels[f"Combined.{c}"] for c in "GB"], -1)
    depth = channels["Depth.Z"]
    return face, corners, np.where(depth > 1e9, np.inf, depth).astype(np.float32)


def _noise_seed(spec: ClipSpec, frame: int) -> int:
    """A fixed seed would stick the noise to the screen while the camera moves."""
    return derive_seed(spec.seed, spec.index, "noise", frame) % (2**31)


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
    frames, seconds, lens = spec.frames, {}, geometry.cameras.distortion.any()
    try:
        with runtime.captured_output(log):
            start = time.perf_counter()
            runtime.start(config.threads)
            scene, objects = scenes.build(geometry, spec, config, hdri, folder)
            seconds["scene"] = time.perf_counter() - start

            start = time.perf_counter()
            rgb, matte = [None] * frames if config.colour else [], [None] * frames
            metered = frames // 2

            def meter(light: np.ndarray) -> float:
                people = people_mask(geometry, metered + 1, *light.shape[:2])
                return metered_stops(light, people) + spec.light.exposure

            order = [metered, *range(metered), *range(metered + 1, frames)] if config.colour else []
            for done, t in enumerate(order, 1):
                scene.cycles.seed = _noise_seed(spec, t)
                rgb[t], matte[t] = _colour_frame(scene, t + 1, folder, meter if t == metered else None)
                progress("colour", done)
            if lens or not config.colour:
                to_matte_scene(scene, objects, geometry)
                matte = []
                for t in range(frames):
                    scene.cycles.seed = _noise_seed(spec, t)
                    matte.append(_matte_frame(scene, t + 1, folder))
            seconds["colour" if config.colour else "matte"] = time.perf_counter() - start

            start = time.perf_counter()
            to_label_scene(scene, objects, geometry)
            labels = []
            for t in range(frames):
                labels.append(_label_frame(scene, t + 1, folder))
                progress("labels", t + 1)
            seconds["visibility"] = time.perf_counter() - start
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    face, corners, depth = (np.stack(x) for x in zip(*labels, strict=True))
    if lens or geometry.cameras.readout:
        depth = np.full_like(depth, np.nan)  # it is that of the lens, or of the frame's instant
    return Passes(
        rgb=np.stack(rgb) if config.colour else None, matte=np.stack(matte), face=face, barycentric=corners,
        depth=depth, seconds=seconds,
    )  # fmt: skip


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
