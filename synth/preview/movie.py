"""Movies of a clip: its modalities in a grid, playing in step."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image, ImageDraw

from synth.preview import text
from synth.preview.palette import PAPER
from synth.preview.panels import Frame, Panel, Size
from synth.preview.sheet import tile

_GAP, _TITLE = 6, 24
_BT709 = 1  # the H.273 code point of matrix, primaries and transfer alike


def grid_columns(panels: int, size: Size) -> int:
    """How many tiles of ``size`` stand side by side so that the whole comes near 16:9 with the fewest empty places."""

    def oddness(columns: int) -> float:
        rows = math.ceil(panels / columns)
        aspect = columns * (size[0] + _GAP) / (rows * (size[1] + _GAP + _TITLE))
        return abs(math.log(aspect * 9 / 16)) + 0.3 * (rows * columns - panels)

    return min(range(1, panels + 1), key=oddness)


def movie_frame(panels: Sequence[Panel], frame: Frame, size: Size) -> np.ndarray:
    """All panels of one frame, (h, w, 3) uint8, both even as H.264 wants them."""
    columns = grid_columns(len(panels), size)
    rows = math.ceil(len(panels) / columns)
    width = columns * (size[0] + _GAP) + _GAP
    height = rows * (size[1] + _TITLE + _GAP) + _GAP
    image = Image.new("RGB", (width + width % 2, height + height % 2), PAPER)
    draw = ImageDraw.Draw(image)
    for i, panel in enumerate(panels):
        left = _GAP + (i % columns) * (size[0] + _GAP)
        top = _GAP + (i // columns) * (size[1] + _TITLE + _GAP)
        text.write(draw, (left + 1, top + 16), panel.title, 14)
        image.paste(tile(panel, frame, size), (left, top + _TITLE))
    return np.asarray(image)


def write_movie(path: Path, frames: Iterable[np.ndarray], fps: float) -> Size:
    """Frames (h, w, 3) uint8 of equal even size -> an mp4 that browsers play; equal frames give equal bytes.

    Returns:
        (width, height) of the movie.
    """
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    with av.open(str(path), "w", format="mp4", options=options) as output:
        stream = output.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
        stream.pix_fmt, stream.options = "yuv420p", {"preset": "medium", "crf": "20"}
        context = stream.codec_context
        context.thread_count = 1  # more threads would cut the picture differently on other machines
        context.color_range = 1
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        for picture in frames:
            if not stream.width or stream.width != picture.shape[1]:
                stream.width, stream.height = picture.shape[1], picture.shape[0]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            converted = frame.reformat(
                format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
            )
            output.mux(stream.encode(converted))
        output.mux(stream.encode(None))
        return stream.width, stream.height
