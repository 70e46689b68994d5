"""Frames at their own times as films: H.264 that plays everywhere, ProRes 4444 with alpha."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from synth.shards.video import BT709, EXACT, LIMITED_RANGE

_TICKS = 90_000  # a second: whole ticks for all usual rates, near enough for any
_KINDS = {
    "h264": ("libx264", "yuv420p", {"preset": "veryfast", "crf": "18"}, {"movflags": "+faststart"}),
    "prores4444": ("prores_ks", "yuva444p10le", {"profile": "4444", "alpha_bits": "16"}, {}),
}


class Film:
    """Writes frames as they come.

    Args:
        path: ends in .mp4 for h264 and .mov for prores4444.
        kind: h264 takes (h, w, 3) uint8 of even sizes, prores4444 (h, w, 4) uint8 of any.
        fps: frames a second, on average.
    """

    def __init__(self, path: Path, kind: Literal["h264", "prores4444"], fps: Fraction):
        # From the root, since FFmpeg takes what stands before a colon for a protocol elsewhere.
        codec, self._pixels, options, container = _KINDS[kind]
        self._file = av.open(str(path.absolute()), "w", options=container)
        self._stream = self._file.add_stream(codec, rate=Fraction(fps).limit_denominator(1001))
        self._stream.pix_fmt, self._stream.options = self._pixels, options
        context = self._stream.codec_context
        context.time_base = Fraction(1, _TICKS)
        context.color_range = LIMITED_RANGE
        context.colorspace = context.color_primaries = context.color_trc = BT709
        self._last = -1

    def add(self, picture: np.ndarray, time: Fraction) -> None:
        """One frame, shown at ``time`` seconds."""
        if self._last < 0:
            self._stream.height, self._stream.width = picture.shape[:2]
        layout = "rgba" if picture.shape[-1] == 4 else "rgb24"
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format=layout).reformat(
            format=self._pixels,
            src_colorspace=Colorspace.ITU709,
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation=EXACT,
        )
        self._last = max(round(time * _TICKS), self._last + 1)
        frame.pts, frame.time_base = self._last, Fraction(1, _TICKS)
        self._file.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Write what the encoder holds, and the index."""
        if self._last >= 0:
            self._file.mux(self._stream.encode(None))
        self._file.close()

    def abandon(self) -> None:
        """Close the file as far as that goes."""
        try:
            self._file.close()
        except (av.FFmpegError, OSError):
            return
