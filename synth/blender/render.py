"""Render a clip: every label frame, and every colour frame; each kind in a scene of its own.

Labels cost little and tell whether a clip is worth its colour, so they come first and alone: their scene has neither
light nor colour's materials, and is built in a tenth of a second. To go from one kind to the other and back, frame by
frame, would cost Cycles what it keeps between frames.

A lens stops Blender's data passes, so behind one the matte is rendered on its own, and labels are pictures. So it is
where no colour is wanted.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from synth.blender import materials, runtime
from synth.blender import scene as scenes
from synth.blender.config import RenderConfig
from synth.blender.metering import metered_stops, people_mask
from synth.conventions import ThfmError
from synth.geometry import ClipGeometry, ColourPasses, LabelPasses, Material, Mesh, Passes
from synth.spec.model import ClipSpec
from synth.spec.seeds import derive_seed

Progress = Callable[[str, int], None]


@contextlib.contextmanager
def _at_work(log: Path, threads: int) -> Iterator[Path]:
    """Start Blender, and append what it prints to ``log``; yields a folder for its files, which goes with the block.

    The folder is in memory where the system has such a place.
    """
    shared = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="thfm-", dir=shared if shared.is_dir() else None))
    try:
        with runtime.captured_output(log):
            runtime.start(threads)
            try:
                yield folder
            except BaseException:
                runtime.empty()  # what is left of the scene misses its files, and would fail the next clip
                raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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
    """Turn a scene, lit or not, into one in which people are white and all else is black; its blur stays."""

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
    """Turn a scene, lit or not, into the label scene: label shaders, one sample, no light, no blur; shutters roll."""
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


def render_labels(
    geometry: ClipGeometry,
    spec: ClipSpec,
    config: RenderConfig,
    log: Path,
    progress: Progress = lambda stage, frame: None,
) -> LabelPasses:
    """Render what labels are made of, for all frames of a clip.

    Args:
        log: file to which Blender's console output is appended.
        progress: called with ("labels", frames done).

    Raises:
        ThfmError: Blender failed, or printed an error and went on; the message quotes it and names the log.
    """
    start = time.perf_counter()
    with _at_work(log, config.threads) as folder:
        unlit = config.model_copy(update={"colour": False})
        scene, objects = scenes.build(geometry, spec, unlit, None, folder)
        to_label_scene(scene, objects, geometry)
        built = time.perf_counter()
        labels = []
        for t in range(spec.frames):
            labels.append(_label_frame(scene, t + 1, folder))
            progress("labels", t + 1)
        done = time.perf_counter()
    face, corners, depth = (np.stack(x) for x in zip(*labels, strict=True))
    if geometry.cameras.distortion.any() or geometry.cameras.readout:
        depth = np.full_like(depth, np.nan)  # it is that of the lens, or of the frame's instant
    return LabelPasses(face, corners, depth, {"scene": built - start, "visibility": done - built})


def _coloured(
    scene, geometry: ClipGeometry, spec: ClipSpec, folder: Path, progress: Progress
) -> tuple[list[np.ndarray], list[np.ndarray | None]]:
    """Pictures and mattes as ``_colour_frame`` gives them, exposed as the frame at mid-clip wants it."""
    rgb, matte = [None] * spec.frames, [None] * spec.frames
    metered = spec.frames // 2

    def meter(light: np.ndarray) -> float:
        people = people_mask(geometry, metered + 1, *light.shape[:2])
        return metered_stops(light, people) + spec.light.exposure

    for done, t in enumerate([metered, *range(metered), *range(metered + 1, spec.frames)], 1):
        scene.cycles.seed = _noise_seed(spec, t)
        rgb[t], matte[t] = _colour_frame(scene, t + 1, folder, meter if t == metered else None)
        progress("colour", done)
    return rgb, matte


def _mattes(scene, spec: ClipSpec, folder: Path, progress: Progress) -> list[np.ndarray]:
    mattes = []
    for t in range(spec.frames):
        scene.cycles.seed = _noise_seed(spec, t)
        mattes.append(_matte_frame(scene, t + 1, folder))
        progress("matte", t + 1)
    return mattes


def render_colour(
    geometry: ClipGeometry,
    spec: ClipSpec,
    config: RenderConfig,
    hdri: Path,
    log: Path,
    progress: Progress = lambda stage, frame: None,
) -> ColourPasses:
    """Render colour and the matte of all frames of a clip; the matte alone where the config wants no colour.

    Args:
        log, Raises: as ``render_labels``.
        progress: called with ("colour", frames done), and, where the matte is rendered on its own, ("matte", frames).
    """
    start = time.perf_counter()
    with _at_work(log, config.threads) as folder:
        scene, objects = scenes.build(geometry, spec, config, hdri, folder)
        built = time.perf_counter()
        rgb, matte = None, None
        if config.colour:
            rgb, matte = _coloured(scene, geometry, spec, folder, progress)
        if geometry.cameras.distortion.any() or not config.colour:
            to_matte_scene(scene, objects, geometry)
            matte = _mattes(scene, spec, folder, progress)
        done = time.perf_counter()
    seconds = {"scene": built - start, "colour" if config.colour else "matte": done - built}
    return ColourPasses(None if rgb is None else np.stack(rgb), np.stack(matte), seconds)


def render_clip(
    geometry: ClipGeometry,
    spec: ClipSpec,
    config: RenderConfig,
    hdri: Path,
    log: Path,
    progress: Progress = lambda stage, frame: None,
) -> Passes:
    """``render_labels`` and ``render_colour`` in one go, for clips that nobody judges in between."""
    seen = render_labels(geometry, spec, config, log, progress)
    filmed = render_colour(geometry, spec, config, hdri, log, progress)
    return Passes(**vars(seen) | vars(filmed) | {"seconds": Counter(seen.seconds) + Counter(filmed.seconds)})


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
