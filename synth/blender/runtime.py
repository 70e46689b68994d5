"""Blender as a process: versions, devices, and the errors that it only prints."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from synth.conventions import ThfmError

# Blender and Cycles report these on the console and go on as if nothing had happened.
_FAILURE = re.compile(
    r"\berror\b|out of memory|failed to|unable to (?:open|load|read|find)|cannot (?:open|load|read|find)|missing image"
    r"|no such file|not found|modifier_set_error",
    re.IGNORECASE,
)
# EGL_BAD_MATCH: Mesa says so of every context of a process without a window, and then draws.
_HARMLESS = re.compile(
    r"TBBmalloc|Color management|ALSA|audio|shadow terminator|error threshold|EGL_BAD_MATCH", re.IGNORECASE
)

_EGL_PLATFORM_SURFACELESS = 0x31DD  # where Blender draws when it has no window
_GPU_KINDS = ("OPTIX", "CUDA", "HIP", "ONEAPI", "METAL")


def failures(text: str) -> list[str]:
    """The lines of a renderer's console output that report a failure, without repeats, in order."""
    lines = (line.strip() for line in text.splitlines())
    return list(dict.fromkeys(x for x in lines if _FAILURE.search(x) and not _HARMLESS.search(x)))


@contextlib.contextmanager
def captured_output(log: Path) -> Iterator[None]:
    """Append everything that this process prints, C libraries included, to ``log`` while the block runs.

    Raises:
        ThfmError: after the block, if the output reports a failure that Blender did not raise.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    saved = [os.dup(1), os.dup(2)]
    with open(log, "ab") as sink:
        start = sink.tell()
        os.dup2(sink.fileno(), 1)
        os.dup2(sink.fileno(), 2)
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for copy, fd in zip(saved, (1, 2), strict=True):
                os.dup2(copy, fd)
                os.close(copy)
    with open(log, "rb") as source:
        source.seek(start)
        found = failures(source.read().decode("utf-8", "replace"))
    if found:
        raise ThfmError(f"Blender reported: {found[0]} (whole output: {log})")


def start(threads: int) -> None:
    """Import bpy so that its thread pool has ``threads`` threads; 0 takes all. It does nothing the second time.

    Whatever the scene asks for, Blender starts a thread for every CPU that its process may use, and idle ones spin
    while Cycles renders: on two CPUs, two renderers of one thread each would take twice as long.
    """
    if "bpy" in sys.modules:
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(allowed)[: threads or None])
    try:
        empty()  # the pool is made when it is first used
    finally:
        os.sched_setaffinity(0, allowed)


def empty() -> None:
    """Leave Blender as it starts, with nothing in its scene."""
    import bpy

    bpy.ops.wm.read_factory_settings(use_empty=True)


def choose_device(scene, device: str) -> None:
    """Point Cycles at the CPU or at every GPU of one kind; ``auto`` takes the CPU where there is no GPU.

    Raises:
        ThfmError: if no GPU of the asked kind can be used here.
    """
    import bpy

    if device == "cpu":
        scene.cycles.device = "CPU"
        return
    prefs = bpy.context.preferences.addons["cycles"].preferences
    kinds = _GPU_KINDS if device in ("gpu", "auto") else (device.upper(),)
    for kind in kinds:
        try:
            prefs.compute_device_type = kind
        except TypeError:  # this build of Blender does not know the kind
            continue
        prefs.refresh_devices()
        found = [d for d in prefs.devices if d.type == kind]
        if found:
            for d in prefs.devices:
                d.use = d in found
            scene.cycles.device = "GPU"
            return
    if device == "auto":
        scene.cycles.device = "CPU"
        return
    raise ThfmError(f"Cycles finds no {device} device on this machine: set render.device=cpu or install its driver.")


def save_as(scene, file_format: str) -> None:
    """Set the output format: ``EXR`` (multilayer, float32, uncompressed) or ``PNG`` (8-bit RGB)."""
    settings = scene.render.image_settings
    if hasattr(settings, "media_type"):  # Blender 5 asks for the kind of medium first
        settings.media_type = "MULTI_LAYER_IMAGE" if file_format == "EXR" else "IMAGE"
    if file_format == "EXR":
        settings.file_format, settings.color_depth, settings.exr_codec = "OPEN_EXR_MULTILAYER", "32", "NONE"
    else:
        settings.file_format, settings.color_mode, settings.color_depth = "PNG", "RGB", "8"
        settings.compression = 0


def _can_draw_without_window() -> bool:
    try:
        egl = ctypes.CDLL("libEGL.so.1")
    except OSError:
        return False
    egl.eglGetPlatformDisplay.restype = ctypes.c_void_p
    display = egl.eglGetPlatformDisplay(_EGL_PLATFORM_SURFACELESS, None, None)
    return bool(display and egl.eglInitialize(ctypes.c_void_p(display), None, None))


def eevee_name() -> str:
    """EEVEE's engine identifier in this Blender.

    Raises:
        ThfmError: OpenGL cannot be used here; Blender would end the whole process.
    """
    import bpy

    if not _can_draw_without_window():
        raise ThfmError(
            "EEVEE finds no OpenGL driver here: install the GPU's or Mesa's (apt-get install libegl1 "
            "libgl1-mesa-dri), or set render.engine=cycles."
        )
    return "BLENDER_EEVEE" if bpy.app.version >= (5, 0) else "BLENDER_EEVEE_NEXT"
