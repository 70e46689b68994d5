"""Videos as image textures, frame by frame."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from synth.conventions import ThfmError

_LONGEST = 1600  # pixels of a frame's longer side


def video_frames(path: Path, times: np.ndarray) -> list[np.ndarray]:
    """The pictures (H, W, 3) uint8 that a video shows at ``times`` (N,), seconds; it starts over at its end.

    Raises:
        ThfmError: it cannot be read.
    """
    import av

    try:
        with av.open(str(path)) as video:
            stream = video.streams.video[0]
            stamps = sorted(p.pts for p in video.demux(stream) if p.pts is not None)
            base, first = float(stream.time_base), stamps[0]
            shown = np.array([(s - first) * base for s in stamps])
            length = shown[-1] + (shown[-1] / max(len(shown) - 1, 1) or 0.04)
            wanted = np.clip(np.searchsorted(shown, times % length + 1e-6, side="right") - 1, 0, None)
            needed = {stamps[k]: k for k in set(wanted.tolist())}
            found: dict[int, np.ndarray] = {}
            video.seek(first, stream=stream)
            for frame in video.decode(stream):
                if frame.pts in needed:
                    found[needed[frame.pts]] = frame.to_ndarray(format="rgb24")
                    if len(found) == len(needed):
                        break
            return [found[k] for k in wanted.tolist()]
    except (OSError, IndexError, KeyError, av.FFmpegError) as error:
        raise ThfmError(f"video {path} cannot be read ({error}): repair it, or name another.") from error


def show_video(node, path: Path, cache: Path, start: float, fps: float, frames: int) -> tuple[int, int]:
    """Let an image texture node show a video: scene frame k + 1 is ``start`` + k / ``fps`` seconds into it.

    Its frames are put into the folder ``cache``, as Blender wants pictures.

    Returns:
        width and height in pixels.
    """
    import bpy
    from PIL import Image

    name = hashlib.sha256(f"{path}|{start}|{fps}|{frames}".encode()).hexdigest()[:16]
    folder = cache / f"video-{name}"
    if not folder.is_dir():
        folder.mkdir(parents=True)
        pictures = video_frames(path, start + np.arange(frames) / fps)
        for number, picture in enumerate(pictures, 1):
            shot = Image.fromarray(picture)
            shot.thumbnail((_LONGEST, _LONGEST))
            shot.save(folder / f"{number:05d}.jpg", quality=92)
    with Image.open(folder / "00001.jpg") as first:
        size = first.size
    image = bpy.data.images.load(str(folder / "00001.jpg"), check_existing=True)
    image.source = "SEQUENCE"
    node.image = image
    user = node.image_user
    user.frame_start, user.frame_duration, user.frame_offset, user.use_auto_refresh = 1, frames, 0, True
    return size
