"""Lossy codecs, in memory."""

from __future__ import annotations

import io

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from PIL import Image

from train.data.augment.camera import Step
from train.data.augment.config import JpegConfig, VideoConfig

# Without these flags the scaler's short cuts darken a picture by two levels: colour must not tell what was coded.
_TO_YUV = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP
_TO_RGB = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT


def jpeg(rng: np.random.Generator, config: JpegConfig) -> Step:
    """Each frame through JPEG of one quality and chroma resolution."""
    quality, subsampling = int(rng.integers(config.quality[0], config.quality[1] + 1)), int(rng.integers(0, 3))

    def coded(frame: np.ndarray) -> np.ndarray:
        buffer = io.BytesIO()
        Image.fromarray(frame).save(buffer, "JPEG", quality=quality, subsampling=subsampling)
        return np.asarray(Image.open(buffer))

    return coded


def h264(rgb: np.ndarray, rng: np.random.Generator, config: VideoConfig) -> np.ndarray:
    """The clip (T, H, W, 3) uint8 through x264 in 4:2:0, on one thread so that equal clips give equal results."""
    crf = int(rng.integers(config.crf[0], config.crf[1] + 1))
    frames, height, width = rgb.shape[:3]
    even = (
        np.pad(rgb, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge") if height % 2 | width % 2 else rgb
    )
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = even.shape[2], even.shape[1], "yuv420p"
    encoder.framerate, encoder.thread_count = 24, 1
    encoder.options = {"preset": "ultrafast", "crf": str(crf), "g": "48", "forced-idr": "1"}
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    out, done = np.empty_like(rgb), 0

    def keep(packets) -> None:
        nonlocal done
        for packet in packets:
            for frame in decoder.decode(packet):
                picture = frame.reformat(format="rgb24", src_colorspace=Colorspace.ITU709, interpolation=_TO_RGB)
                out[done] = picture.to_ndarray()[:height, :width]
                done += 1

    for frame in even:
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24").reformat(
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation=_TO_YUV,
        )
        keep(encoder.encode(picture))
    keep([*encoder.encode(None), None])
    if done != frames:
        raise RuntimeError(f"x264 gave {done} of {frames} frames back")
    return out
