"""All that the page of a clip shows, in files of a few frames each: colour, codes of labels, a strip of tiles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from synth.conventions import NUM_BODY_JOINTS, ThfmError
from synth.gallery.files import packed, text_of, write_script
from synth.gallery.films import jpeg, pictures
from synth.preview import colour
from synth.preview.overlay import Bodies, MeshRenderer, OverlayUnavailable
from synth.preview.panels import Panel, frames_of, panels_of
from synth.preview.sheet import tile, tile_size
from synth.preview.write import sample_frames
from synth.shards import FIELDS, Clip
from synth.shards.quantise import QUANTISERS

CHUNK = 8  # frames a file
_TILE_AREA = 30_000  # pixels of a tile of the strip
VERTEX_STEP = 0.0005  # metres, of the bodies in 3D
_LABELS = ("instances", "parts", "semantics")


def write_clip(clip: Clip, root: Path, renderer: MeshRenderer | None, models: Path | None = None) -> None:
    """Write ``data/clips/<key>/*.js``: ``clip`` last, so that a page that finds it finds the others.

    Raises:
        ThfmError: the clip is damaged, or shows nothing.
    """
    if not (clip.num_frames and clip.height and clip.width):
        raise ThfmError(f"{clip.shard}: clip {clip.key} holds no picture of any kind: there is nothing to show.")
    folder, count, notes = f"clips/{clip.key}", clip.num_frames, []
    maps = [name for name in clip.fields() if FIELDS[name].codec in QUANTISERS]
    present: dict[str, set[int]] = {name: set() for name in _LABELS if name in maps}
    samples = [next(frames_of(clip, i, i + 1)) for i in sample_frames(count)]
    bodies = _bodies(clip, models, notes)
    panels = panels_of(clip, samples, bodies, renderer)
    size = tile_size(clip.width, clip.height, _TILE_AREA)
    for start in range(0, count, CHUNK):
        stop, number = min(start + CHUNK, count), start // CHUNK
        shown = [text_of(jpeg(p, 92)) for p in pictures(clip, start, stop)]
        write_script(root, f"{folder}/colour.{number}", shown)
        for name in maps:
            codes = clip.codes(name, start, stop)
            write_script(root, f"{folder}/{name}.{number}", [packed(frame) for frame in codes])
            if name in present:
                present[name] |= set(np.unique(codes).tolist())
        if bodies is not None:
            write_script(
                root, f"{folder}/bodies.{number}", [packed(frame) for frame in vertex_codes(bodies, start, stop)]
            )
        strip = [np.concatenate([np.asarray(tile(p, f, size)) for p in panels]) for f in frames_of(clip, start, stop)]
        write_script(root, f"{folder}/strip.{number}", [text_of(jpeg(p, 88)) for p in strip])
    about = _about(clip, samples, maps) | {
        "present": {name: sorted(labels - {0}) for name, labels in present.items()},
        "tiles": _tiles(panels, size),
        "notes": notes,
    }
    if bodies is not None:
        about["bodies"] = _meshes(bodies)
        write_script(root, f"{folder}/faces", [text_of(np.asarray(f, "<u4").tobytes()) for _, f, _ in bodies.people])
    write_script(root, f"{folder}/clip", about)


def _bodies(clip: Clip, models: Path | None, notes: list[str]) -> Bodies | None:
    try:
        return Bodies(clip, models)
    except OverlayUnavailable as error:
        notes.append(f"Recomputed bodies are not drawn: {error}")
        return None


def vertex_codes(bodies: Bodies, start: int, stop: int) -> np.ndarray:
    """(stop - start, 3, P, V) uint16: vertices in steps of ``VERTEX_STEP`` from a corner at 32768; models with fewer
    vertices are padded. With a rolling shutter each is where it was when its row was read, as depth is."""
    most = max(vertices.shape[1] for vertices, _, _ in bodies.people)
    whole = np.zeros((stop - start, 3, len(bodies.people), most), np.uint16)
    for frame in range(start, stop):
        for k, vertices in enumerate(bodies.when_read(frame)):
            steps = np.rint((vertices - _origin(bodies)) / VERTEX_STEP) + 32768
            whole[frame - start, :, k, : len(vertices)] = np.clip(steps, 0, 65535).T
    return whole


def _origin(bodies: Bodies) -> np.ndarray:
    return np.round(bodies.people[0][0][0].mean(0), 2)


def _meshes(bodies: Bodies) -> dict[str, Any]:
    most = max(vertices.shape[1] for vertices, _, _ in bodies.people)
    origin = [float(v) for v in _origin(bodies)]
    return {
        "planes": 3,
        "bytes": 2,
        "people": len(bodies.people),
        "vertices": most,
        "origin": origin,
        "step": VERTEX_STEP,
    }


def _tiles(panels: Sequence[Panel], size: tuple[int, int]) -> dict[str, Any]:
    return {"width": size[0], "height": size[1], "panels": [{"name": p.name, "title": p.title} for p in panels]}


def _about(clip: Clip, samples: list[dict[str, Any]], maps: list[str]) -> dict[str, Any]:
    meta = clip.meta if isinstance(clip.meta, dict) else {}
    storage = clip.header["storage"]
    out = {
        "key": clip.key, "shard": clip.shard, "fps": clip.fps, "frames": clip.num_frames,
        "width": clip.width, "height": clip.height, "people": clip.num_people or 0, "chunk": CHUNK,
        "meta": meta,
        "maps": {n: {"codec": FIELDS[n].codec, "planes": QUANTISERS[FIELDS[n].codec].planes,
                     "bytes": np.dtype(QUANTISERS[FIELDS[n].codec].code).itemsize,
                     **{k: v for k, v in storage[n].items() if isinstance(v, int | float)}} for n in maps},
        "ranges": _ranges(samples),
    }  # fmt: skip
    held = set(clip.fields())
    if {"keypoints2d", "visibility"} <= held and clip.num_people:
        out["keypoints"] = text_of(np.ascontiguousarray(clip.keypoints2d, "<f4").tobytes())
        out["visibility"] = text_of(np.ascontiguousarray(clip.visibility, np.uint8).tobytes())
    if "world_to_camera" in held:
        out["path"] = _path(clip)
    if {"world_to_camera", "intrinsics", "depth"} <= held:
        lens = clip.distortion if "distortion" in held else np.zeros((clip.num_frames, 5))
        readout = clip.readout if "readout" in held else np.zeros((clip.num_frames, 2))
        out["camera"] = {
            "pose": clip.world_to_camera.reshape(-1, 16).tolist(), "k": clip.intrinsics.reshape(-1, 9).tolist(),
            "lens": lens.tolist(), "readout": readout.tolist(),
        }  # fmt: skip
    return out


def _ranges(samples: list[dict[str, Any]]) -> dict[str, Any]:
    """What pictures of depth and flow spread their colours over, as the contact sheets do."""
    out: dict[str, Any] = {}
    if "depth" in samples[0]:
        people = np.stack([s["instances"] for s in samples]) > 0 if "instances" in samples[0] else None
        out["depth"] = colour.depth_range(np.stack([s["depth"] for s in samples]), people)
    for name in ("flow_forward", "flow_backward"):
        if name in samples[0]:
            out[name] = colour.flow_reach(np.stack([s[name] for s in samples]))
    return out


def _path(clip: Clip) -> dict[str, Any]:
    """Camera and people in the world, metres: positions (T, 3), rows of the camera's rotation (T, 9), focal lengths and
    people's body joints at the pelvis (P, T, 3)."""
    pose = clip.world_to_camera
    turn, shift = pose[:, :3, :3], pose[:, :3, 3]
    out: dict[str, Any] = {"eye": _short(-np.einsum("tji,tj->ti", turn, shift)), "turn": _short(turn.reshape(-1, 9))}
    if "intrinsics" in clip.fields():
        out["focal"] = _short(clip.intrinsics[:, 0, 0])
    if "joints3d" in clip.fields() and clip.num_people:
        joints = clip.joints3d[:, :, :NUM_BODY_JOINTS].astype(np.float64)
        world = np.einsum("tji,ptkj->ptki", turn, joints - shift[:, None])
        out["people"] = _short(world[:, :, 0])
    return out


def _short(values: np.ndarray) -> list:
    return np.where(np.isfinite(values), np.round(values, 4), 0).tolist()
