"""Clips of other people's WebDataset shards: a picture or video beside a caption, without our ``meta.json``.

Such a clip gives colour and caption. Labels need ``meta.json``, which says how they are coded: docs/format.md.
"""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Mapping
from typing import Any, BinaryIO

import av

from synth.conventions import SCHEMA_VERSION, ThfmError
from synth.shards.tars import Places
from train.data.ranges import RangeFile

COLOUR = ("rgb.mp4", "mp4", "mkv", "webm", "mov", "avi", "jpg", "jpeg", "png", "webp")
CAPTION = ("txt", "caption", "json")
_STILL_FPS = 1.0


def foreign_entry(file: RangeFile, shard: str, key: str, places: Places) -> dict[str, Any]:
    """fps, frames, height, width and members of a clip without ``meta.json``.

    Raises:
        ThfmError: it has no picture or video, or one that cannot be opened.
    """
    colour = next((name for name in COLOUR if name in places), None)
    if colour is None:
        raise ThfmError(
            f"{shard}: clip {key}: has neither meta.json (docs/format.md) nor a picture or video "
            f"({', '.join(COLOUR)}): name the members so."
        )
    members = {name: places[name] for name in CAPTION if name in places}
    try:
        return {**probe(file.part(*places[colour])), "members": {"rgb.mp4": places[colour], **members}}
    except ThfmError:
        raise
    except (av.FFmpegError, ValueError, IndexError, OSError) as error:
        raise ThfmError(f"{shard}: clip {key}: {colour} cannot be opened as a video ({error}).") from None


def probe(file: BinaryIO) -> dict[str, Any]:
    """fps, frames, height and width of a picture or video."""
    with av.open(file) as container:
        stream = container.streams.video[0]
        height, width = stream.height, stream.width
        frames = stream.frames or sum(1 for packet in container.demux(stream) if packet.size)
        fps = float(stream.average_rate or _STILL_FPS) if frames > 1 else _STILL_FPS
    if not (frames and height and width):
        raise ValueError("it has no frames")
    return {"fps": fps, "frames": frames, "height": height, "width": width}


def with_meta(key: str, members: Mapping[str, bytes]) -> dict[str, bytes]:
    """Members as ``synth.shards.Clip`` takes them: those of a foreign clip get the ``meta.json`` that they lack."""
    if "meta.json" in members:
        return dict(members)
    colour = members["rgb.mp4"]
    header = {
        "schema": SCHEMA_VERSION,
        "key": key,
        **probe(io.BytesIO(colour)),
        "people": None,
        "storage": {"rgb": {"codec": "h264", "crc32": zlib.crc32(colour)}},
        "meta": {"caption": _caption(members)},
    }
    return {"meta.json": json.dumps(header).encode(), "rgb.mp4": colour}


def _caption(members: Mapping[str, bytes]) -> str:
    for name in ("txt", "caption"):
        if name in members:
            return members[name].decode(errors="replace").strip()
    try:
        return str(json.loads(members["json"]).get("caption", ""))
    except (KeyError, ValueError, AttributeError):
        return ""
