"""How a clip shows itself in a notebook: a film of colour and some labels, its caption, and what it holds."""

from __future__ import annotations

import base64
import colorsys
import io
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from synth.shards.schema import FIELDS

if TYPE_CHECKING:
    from synth.shards.clip import Clip

_TALL, _FRAMES = 200, 24  # pixels of a tile; frames at most
_NOTHING = 38  # grey, where a map has no value
_GOLDEN = 0.61803  # turns of the hue from one label to the next: neighbours differ


def _hue(label: int) -> list[int]:
    return [int(255 * c) for c in colorsys.hsv_to_rgb(label * _GOLDEN % 1, 0.65, 0.95)]


_HUES = np.array([[_NOTHING] * 3, *(_hue(k) for k in range(1, 256))], np.uint8)


def _depth(values: np.ndarray) -> np.ndarray:
    near = np.nanmin(values) if np.isfinite(values).any() else 1.0
    return _filled(np.repeat((near / values)[..., None], 3, -1))


def _filled(values: np.ndarray) -> np.ndarray:
    grey = np.nan_to_num(values * 255, nan=_NOTHING)
    return np.clip(grey, 0, 255).astype(np.uint8)


# Fields that make the film, side by side, with their colours.
_TILES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "rgb": lambda a: a,
    "parts": lambda a: _HUES[a],
    "depth": _depth,
    "normals": lambda a: _filled((a + 1) / 2),
}


def film(clip: Clip) -> bytes:
    """An animated WebP of the fields of ``_TILES`` that a clip holds, side by side; empty if there are none."""
    held = [name for name in _TILES if name in clip.fields()]
    if not held:
        return b""
    step = -(-clip.num_frames // _FRAMES)
    size = max(1, round(clip.width * _TALL / clip.height)), _TALL
    rows = [
        [Image.fromarray(_TILES[name](frame)).resize(size) for frame in clip.frames(name, 0, clip.num_frames, step)]
        for name in held
    ]
    frames = [
        Image.fromarray(np.concatenate([np.asarray(tile) for tile in tiles], 1)) for tiles in zip(*rows, strict=True)
    ]
    buffer = io.BytesIO()
    frames[0].save(
        buffer, "WEBP", save_all=True, append_images=frames[1:], duration=round(1000 * step / clip.fps), loop=0,
        quality=80, method=2,
    )  # fmt: skip
    return buffer.getvalue()


def html(clip: Clip) -> str:
    """A block of HTML that stands for itself, in light and dark."""
    caption = escape(str(clip.meta.get("caption") or "")) if isinstance(clip.meta, dict) else ""
    people = f", {clip.num_people} {'person' if clip.num_people == 1 else 'people'}" if clip.num_people else ""
    facts = f"{clip.num_frames} frames of {clip.width} × {clip.height} at {clip.fps:g} a second{people}"
    data = film(clip)
    picture = ""
    if data:
        source = f"data:image/webp;base64,{base64.b64encode(data).decode()}"
        picture = (
            f'<img src="{source}" alt="Colour and labels of clip {escape(clip.key)}" '
            'style="max-width:100%;border-radius:6px;display:block">'
        )
    rows = "".join(
        f"<tr><td style='text-align:left'><code>clip.{name}</code></td><td style='text-align:left'>"
        f"({', '.join(map(str, FIELDS[name].shape))}) {FIELDS[name].dtype}</td>"
        f"<td style='text-align:left'>{escape(FIELDS[name].about)}</td></tr>"
        for name in clip.fields()
    )
    return (
        f"<div style='max-width:60rem'><b>{escape(clip.key)}</b> <span style='opacity:.7'>{facts}</span>"
        f"<p style='margin:.2em 0 .5em'>{caption}</p>{picture}"
        f"<details style='margin-top:.4em'><summary>{len(clip.fields())} fields</summary><table>{rows}</table>"
        "</details></div>"
    )
