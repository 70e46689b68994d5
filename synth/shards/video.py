"""Video members through PyAV: H.264 for colour, FFV1 for label codes. Equal frames give equal bytes.

Encoders run on one thread and muxers in bit-exact mode, because slices, look-ahead, segment ids and library tags would
otherwise depend on the machine or the moment.
"""

from __future__ import annotations

import io
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from fractions import Fraction

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation

BT709 = 1  # the H.273 code point of matrix, primaries and transfer alike
LIMITED_RANGE = 1
# 4:4:4, because it costs no more bytes than 4:2:0 at equal error, keeps odd sizes and the edges of clothes, and
# PyAV's default conversion back to RGB is exact for it, while it darkens 4:2:0 by more than one level.
RGB_FORMAT = "yuv444p"
# No macroblock tree: x264's reads memory that it never wrote, and so gives other bytes from time to time.
RGB_OPTIONS = {
    "preset": "medium", "crf": "10", "tune": "psnr", "g": "16", "keyint_min": "16", "sc_threshold": "0", "mbtree": "0",
}  # fmt: skip
CODE_FORMATS = {np.uint8: "gray", np.uint16: "gray16le"}
CODE_OPTIONS = {"level": "3", "g": "1", "slices": "4", "slicecrc": "1"}
EXACT = (
    Interpolation.BICUBIC
    | Interpolation.ACCURATE_RND
    | Interpolation.BITEXACT
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
)


def _encode(container: str, codec: str, pixels: str, size: tuple[int, int], fps: float, options, frames) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container, options={"fflags": "+bitexact"}) as output:
        stream = output.add_stream(codec, rate=Fraction(fps).limit_denominator(1001))
        stream.height, stream.width, stream.pix_fmt, stream.options = *size, pixels, options
        context = stream.codec_context
        context.thread_count = 1
        if pixels == RGB_FORMAT:
            context.color_range = LIMITED_RANGE
            context.colorspace = context.color_primaries = context.color_trc = BT709
        for frame in frames:
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return buffer.getvalue()


def encode_rgb(frames: np.ndarray, fps: float) -> bytes:
    """(T,H,W,3) uint8 sRGB -> mp4."""

    def converted() -> Iterator[av.VideoFrame]:
        for frame in frames:
            yield av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24").reformat(
                format=RGB_FORMAT,
                src_colorspace=Colorspace.ITU709,
                dst_colorspace=Colorspace.ITU709,
                dst_color_range=ColorRange.MPEG,
                interpolation=EXACT,
            )

    return _encode("mp4", "libx264", RGB_FORMAT, frames.shape[1:3], fps, RGB_OPTIONS, converted())


def encode_codes(frames: Iterable[np.ndarray], size: tuple[int, int], dtype: type, fps: float) -> bytes:
    """Frames of ``size`` (h,w), uint8 or uint16 -> mkv, lossless."""
    pixels = CODE_FORMATS[dtype]
    pictures = (av.VideoFrame.from_ndarray(np.ascontiguousarray(f), format=pixels) for f in frames)
    return _encode("matroska", "ffv1", pixels, size, fps, CODE_OPTIONS, pictures)


def decode(
    data: bytes, pixels: str, start: int = 0, stop: int | None = None, threads: int = 1, step: int = 1
) -> Iterator[np.ndarray]:
    """Yield every ``step``-th frame of ``start`` to ``stop`` of a video member as arrays of pixel format ``pixels``.

    Frames count in the order in which they are shown. Decoding begins at the last key frame at or before ``start``;
    where every frame is one, those between the steps are not decoded. Raises ``ValueError`` or an ``av.FFmpegError``
    when the stream is damaged or too short.
    """
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = threads
        stream.thread_type = "AUTO" if threads > 1 else "NONE"
        packets = [p for p in container.demux(stream) if p.size]
        stop = len(packets) if stop is None else stop
        if not 0 <= start <= stop <= len(packets):
            raise ValueError(f"frames {start} to {stop} asked of a video of {len(packets)}")
        wanted = range(start, stop, step)
        if not wanted:
            return
        if all(p.is_keyframe for p in packets):
            packets, numbers = [packets[i] for i in wanted], iter(wanted)
        else:
            # Packets come in the order of decoding; a frame's number is the rank of its time of showing.
            times = sorted(p.pts for p in packets)
            at = max((i for i, p in enumerate(packets) if p.is_keyframe and p.pts <= times[start]), default=0)
            packets, numbers = packets[at:], None
        done = 0
        for frame in _decoded(stream, packets):
            number = next(numbers) if numbers else bisect_left(times, frame.pts)
            if number < wanted[done]:
                continue
            if number > wanted[done]:
                raise ValueError(f"frame {wanted[done]} of the video is missing")
            yield frame.to_ndarray(format=pixels)
            done += 1
            if done == len(wanted):
                return
        raise ValueError(f"the video ends before frame {wanted[done]} of {stop}")


def _decoded(stream, packets) -> Iterator[av.VideoFrame]:
    for packet in [*packets, None]:
        yield from stream.decode(packet)
