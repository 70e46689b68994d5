"""A picture or video of the user's, cast from the middle camera onto a wall behind people and the floor before it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from synth.conventions import Semantic, ThfmError
from synth.geometry import Cameras, Material
from synth.scenes.lamps import SKY
from synth.scenes.meshing import Quads
from synth.scenes.stage import Stage, Surroundings
from synth.spec.model import ClipSpec

PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
VIDEOS = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v")
_HALF, _HIGH = 60.0, 40.0  # metres of the wall
_WIDEST = 3.0  # how much wider than the middle picture the backdrop may have to be


def backdrop_seconds(path: Path) -> float:
    """How long a video is; 0 for a picture. Raises ThfmError naming what cannot be read."""
    import av
    from PIL import Image

    try:
        if path.suffix.lower() in PICTURES:
            with Image.open(path) as picture:
                picture.verify()
            return 0.0
        with av.open(str(path)) as video:
            stream = video.streams.video[0]
            return float((stream.duration or 0) * (stream.time_base or 0)) or (video.duration or 0) / 1e6
    except (OSError, SyntaxError, IndexError, av.FFmpegError) as error:
        raise ThfmError(f"backdrop {path} cannot be read ({error}): take it out of bodies.backdrop_folders.") from error


def _bounds(stage: Stage, cameras: Cameras, out: np.ndarray, near: float) -> tuple[float, float, float, float]:
    """Least and largest x / z, then y / z, of the middle camera, of what all cameras see of wall and floor."""
    eyes, ways = stage.eyes[:, None], stage.corners
    with np.errstate(divide="ignore", invalid="ignore"):
        wall = (near - eyes[..., :2] @ out) / (ways[..., :2] @ out)
        floor = -eyes[..., 2] / ways[..., 2]
    hits = np.stack([np.where(t > 0, t, np.inf) for t in (wall, floor)]).min(0)
    points = (eyes + np.where(np.isfinite(hits), hits, 100.0)[..., None] * ways).reshape(-1, 3)
    middle = len(cameras.world_to_camera) // 2
    pose = cameras.world_to_camera[middle]
    local = points @ pose[:3, :3].T + pose[:3, 3]
    seen = local[local[:, 2] > 0.1]
    flat = seen[:, :2] / seen[:, 2:]
    corners = ways[middle] @ pose[:3, :3].T
    own = corners[:, :2] / corners[:, 2:]
    centre, half = own.mean(0), np.ptp(own, axis=0) / 2
    low = np.maximum(np.minimum(flat.min(0), own.min(0)), centre - _WIDEST * half)
    high = np.minimum(np.maximum(flat.max(0), own.max(0)), centre + _WIDEST * half)
    return float(low[0]), float(high[0]), float(low[1]), float(high[1])


def _shine(spec: ClipSpec) -> float:
    """What a white floor before the wall shines."""
    sun = spec.light.sun
    return (SKY * spec.light.strength + (sun.strength * float(np.sin(sun.elevation)) if sun else 0.0)) / np.pi


def build_backdrop(spec: ClipSpec, stage: Stage, cameras: Cameras, file: Path) -> Surroundings:
    """Floor and wall with the picture on both."""
    scene, out = spec.scene, stage.ahead
    near = max(float((stage.cells[:, :2] @ out).max()) + scene.metres, float((stage.eyes[:, :2] @ out).max()) + 0.5)
    along = np.array([out[1], -out[0], 0.0])
    foot = np.append(near * out, 0.0) + (stage.middle[:2] @ along[:2]) * along - _HALF * along
    pose = cameras.world_to_camera[len(cameras.world_to_camera) // 2]
    settings = {
        "pose": pose[:3].tolist(),
        "bounds": _bounds(stage, cameras, out, near),
        "mirrored": scene.mirrored,
        "video": None,
    }
    if file.suffix.lower() in VIDEOS:
        settings["video"] = {"start": scene.start, "fps": spec.fps, "frames": spec.frames}
    quads = Quads()
    shine = Material("projected", diffuse=file, settings={**settings, "glows": True, "strength": _shine(spec)})
    floor = Material("projected", diffuse=file, roughness=0.9, settings={**settings, "glows": False})
    back = np.append(-2 * _HALF * out, 0.0)
    quads.panel(foot - [0, 0, 0.1], 2 * _HALF * along, [0, 0, _HIGH], shine, Semantic.WALL)
    quads.panel(foot + back, 2 * _HALF * along, -back + np.append(0.05 * out, 0.0), floor, Semantic.GROUND)
    return Surroundings((quads.mesh("backdrop"),), (), (), {"kind": "backdrop", "name": scene.name})
