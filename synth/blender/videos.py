"""Pictures and videos of the user's as image textures, upright; videos frame by frame."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from synth.conventions import ThfmError

_LONGEST = 1600  # pixels of a frame's longer side
_JUMP = 5.0  # seconds of a video that are decoded rather than skipped
_ORIENTATION = 0x0112  # EXIF
_UNTURNED = 1


def video_frames(path: Path, times: np.ndarray, longest: int = _LONGEST) -> Iterator[tuple[int, np.ndarray]]:
    """What a video shows at ``times`` (N,), seconds from its first picture on; it starts over at its end.

    Yields:
        the index of a time and its picture (H, W, 3) uint8, upright, of ``longest`` pixels at most; in the order of
        the video.

    Raises:
        ThfmError: it cannot be read.
    """
    import av

    try:
        with av.open(str(path)) as video:
            stream = video.streams.video[0]
            base = float(stream.time_base)
            first = _from(video, stream, stream.start_time or 0)[0].pts
            wanted = first + np.rint(times % _seconds(video, stream, first) / base).astype(np.int64)
            shown = following = picture = None
            for k in np.argsort(wanted, kind="stable").tolist():
                if shown is None or (wanted[k] - shown.pts) * base > _JUMP:
                    shown, frames = _from(video, stream, max(int(wanted[k]), first))
                    following, picture = next(frames, None), None
                while following is not None and following.pts <= wanted[k]:
                    shown, following, picture = following, next(frames, None), None
                picture = _picture(shown, longest) if picture is None else picture
                yield k, picture
    except (OSError, IndexError, av.FFmpegError) as error:
        raise ThfmError(f"video {path} cannot be read ({error}): repair it, or name another.") from error


def _from(video, stream, stamp: int) -> tuple:
    """The frame before or at a stamp, or else the first that there is, and an iterator over those that follow."""
    for start in (stamp, stream.start_time or 0):  # not every file has an index
        video.seek(start, stream=stream)
        frames = (frame for frame in video.decode(stream) if frame.pts is not None)
        frame = next(frames, None)
        if frame is not None and frame.pts <= stamp:
            break
    if frame is None:
        raise IndexError("it has no picture")
    return frame, frames


def _seconds(video, stream, first: int) -> float:
    """How long a video is that begins at stamp ``first``."""
    if stream.duration:
        return float(stream.duration * stream.time_base)
    if video.duration:
        return video.duration / 1e6
    video.seek(first, stream=stream)
    stamps = [p.pts for p in video.demux(stream) if p.pts is not None]
    return float((max(stamps) - first) * stream.time_base) * len(stamps) / max(len(stamps) - 1, 1)


def _picture(frame, longest: int) -> np.ndarray:
    scale = min(1.0, longest / max(frame.width, frame.height))
    size = {"width": max(round(scale * frame.width), 1), "height": max(round(scale * frame.height), 1)}
    picture = frame.to_ndarray(format="rgb24", interpolation="AREA", **size)
    return np.rot90(picture, round(frame.rotation / 90))


def show_video(node, path: Path, cache: Path, start: float, fps: float, frames: int) -> tuple[int, int]:
    """Let an image texture node show a video: scene frame k + 1 is ``start`` + k / ``fps`` seconds into it.

    Its frames are put into the folder ``cache``, as Blender wants pictures.

    Returns:
        width and height in pixels.
    """
    import bpy
    from PIL import Image

    folder = cache / f"video-{_key(path, start, fps, frames)}"
    if not folder.is_dir():
        folder.mkdir(parents=True)
        for k, picture in video_frames(path, start + np.arange(frames) / fps):
            Image.fromarray(picture).save(folder / f"{k + 1:05d}.jpg", quality=92)
    with Image.open(folder / "00001.jpg") as first:
        size = first.size
    image = bpy.data.images.load(str(folder / "00001.jpg"), check_existing=True)
    image.source = "SEQUENCE"
    node.image = image
    user = node.image_user
    user.frame_start, user.frame_duration, user.frame_offset, user.use_auto_refresh = 1, frames, 0, True
    return size


def upright(path: Path, cache: Path) -> Path:
    """A picture, or where its EXIF says that it is to be turned, which Blender leaves, its turned copy in ``cache``."""
    from PIL import Image, ImageOps

    turned = cache / f"picture-{_key(path)}.png"
    try:
        with Image.open(path) as picture:
            if picture.getexif().get(_ORIENTATION, _UNTURNED) == _UNTURNED:
                return path
            ImageOps.exif_transpose(picture).convert("RGB").save(turned, compress_level=1)
    except OSError:  # who loads it says so
        return path
    return turned


def _key(*parts) -> str:
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:16]
