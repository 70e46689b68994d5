"""Reading what people have: videos of any container and codec, pictures, folders of pictures; frame after frame."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal, NamedTuple

import av
import numpy as np
from av.stream import Disposition
from av.video.reformatter import Colorspace
from PIL import Image

from synth.conventions import ThfmError
from synth.shards.video import EXACT
from train.inference.picture_io import (
    PICTURES,
    is_picture,
    moving_format,
    natural,
    one_line,
    read_picture,
    webp_frames,
)

_UNSPECIFIED, _HD = 2, 720  # the code point of no colour space; lines from which video without one is BT.709
_FPS = 24  # of a folder of pictures, which does not say


class Picture(NamedTuple):
    """One frame: rgb (H, W, 3) uint8, upright; time in seconds from the first frame, exact."""

    rgb: np.ndarray
    time: Fraction


@dataclass(frozen=True)
class Source:
    """A readable source of frames.

    Attributes:
        path: file or folder.
        kind: a picture is a video of one frame; webp is one that moves.
        height, width: pixels, upright.
        fps: frames a second, on average where it varies.
        announced: frames that the container speaks of, or about as many as its length says; None if it says neither.
        seconds: length that the container speaks of, if it counts no frames.
        pixel_aspect: width / height of a pixel, upright.
        files: of a folder, in order.
    """

    path: Path
    kind: Literal["video", "webp", "picture", "folder"]
    height: int
    width: int
    fps: Fraction
    announced: int | None = None
    seconds: Fraction | None = None
    pixel_aspect: float = 1.0
    files: tuple[Path, ...] = ()


def open_source(path: str | Path, fps: float | None = None) -> Source:
    """Look at a video, picture or folder, and read its first frame.

    Args:
        path: what to read.
        fps: frames a second of a folder's pictures; None: 24.

    Raises:
        ThfmError: it is not there, or it holds no frame that can be read.
    """
    path, rate = Path(path), Fraction(fps or _FPS).limit_denominator(1001)
    if not path.exists():
        raise ThfmError(f"{path} does not exist: name a video, a picture or a folder of pictures.")
    if path.is_dir():
        files = tuple(sorted(filter(is_picture, path.iterdir()), key=natural))
        if not files:
            raise ThfmError(f"{path} holds no pictures: give frames as {', '.join(sorted(PICTURES))}.")
        height, width = read_picture(files[0]).shape[:2]
        return Source(path, "folder", height, width, rate, len(files), files=files)
    if path.suffix.lower() not in PICTURES:
        return _video(path)
    form = moving_format(path)
    if form is not None:
        return _webp(path) if form == "WEBP" else _video(path)
    height, width = read_picture(path).shape[:2]
    return Source(path, "picture", height, width, rate, 1, files=(path,))


def read(source: Source) -> Iterator[Picture]:
    """The frames of a source, one at a time. Times rise strictly.

    Raises:
        ThfmError: a frame that cannot be read; frames before it were given.
    """
    if source.files:
        for number, file in enumerate(source.files):
            rgb = read_picture(file)
            if rgb.shape[:2] != (source.height, source.width):
                raise ThfmError(
                    f"{file} is {rgb.shape[1]} x {rgb.shape[0]} pixels and the pictures before it are "
                    f"{source.width} x {source.height}: the frames of a video have one size."
                )
            yield Picture(rgb, number / source.fps)
        return
    start, last = None, None
    timed = webp_frames if source.kind == "webp" else _video_frames
    for number, (rgb, time) in enumerate(timed(source.path)):
        if rgb.shape[:2] != (source.height, source.width):  # streams may change their size; their films may not
            rgb = np.asarray(Image.fromarray(rgb).resize((source.width, source.height), Image.Resampling.BICUBIC))
        start = time if start is None else start
        time = number / source.fps if time is None else time - start
        if last is not None and time <= last:
            time = last + 1 / (2 * source.fps)
        last = time
        yield Picture(rgb, time)


def _webp(path: Path) -> Source:
    pictures = [(rgb.shape[:2], time) for rgb, time in webp_frames(path)]
    ((height, width), _), (_, last) = pictures[0], pictures[-1]
    rate = (len(pictures) - 1) / last if last else Fraction(_FPS)
    return Source(path, "webp", height, width, rate, len(pictures))


def _video(path: Path) -> Source:
    frame, rgb = next(_frames(path))
    height, width = rgb.shape[:2]
    with av.open(_plain(path)) as container:
        stream = container.streams.best("video")
        rate = stream.average_rate or stream.guessed_rate or Fraction(_FPS)
        announced, seconds = stream.frames or None, None
        if announced is None:
            seconds = stream.duration * stream.time_base if stream.duration else _matroska_seconds(stream.metadata)
            announced = max(1, round(seconds * rate)) if seconds else None
        aspect = float(stream.sample_aspect_ratio or 1) or 1.0
    if round(frame.rotation / 90) % 2:
        aspect = 1 / aspect
    return Source(path, "video", height, width, Fraction(rate), announced, seconds, aspect)


def _plain(path: Path) -> str:
    """FFmpeg takes what stands before a colon for a protocol, but not in a name that starts at the root."""
    return str(path.absolute())


def _matroska_seconds(tags: Mapping[str, str]) -> Fraction | None:
    """Matroska tells a stream's length in a tag, 00:01:02.500000000, if at all."""
    found = re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", tags.get("DURATION", ""))
    return int(found[1]) * 3600 + int(found[2]) * 60 + Fraction(found[3]) if found else None


def _video_frames(path: Path) -> Iterator[tuple[np.ndarray, Fraction | None]]:
    for frame, rgb in _frames(path):
        yield rgb, _time(frame)


def _frames(path: Path) -> Iterator[tuple[av.VideoFrame, np.ndarray]]:
    count = 0
    try:
        with av.open(_plain(path)) as container:
            stream = container.streams.best("video")
            if stream is None or stream.disposition & Disposition.attached_pic:  # the cover of a song
                raise ThfmError(f"{path} holds no video stream: name a video.")
            stream.thread_type = "SLICE"  # threads by frame lose errors, and frames before them
            for frame in container.decode(stream):
                rgb = _rgb(frame)
                yield frame, rgb
                count += 1
    except (av.FFmpegError, OSError) as error:
        where = f"beyond frame {count - 1}" if count else "at its start"
        raise ThfmError(f"{path} cannot be read {where} ({one_line(error)}): it is damaged, or no video.") from None
    if not count:
        raise ThfmError(f"{path} holds no frame that can be decoded.")


def _rgb(frame: av.VideoFrame) -> np.ndarray:
    unnamed = frame.colorspace == _UNSPECIFIED and frame.height >= _HD
    space = {"src_colorspace": Colorspace.ITU709, "dst_colorspace": Colorspace.ITU709} if unnamed else {}
    rgb = frame.to_ndarray(format="rgb24", interpolation=EXACT, **space)
    turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(rgb, turns)) if turns else rgb


def _time(frame: av.VideoFrame) -> Fraction | None:
    if frame.pts is None or frame.time_base is None:
        return None
    return frame.pts * frame.time_base
