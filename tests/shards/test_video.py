"""Windows and steps of any stream: closed and open groups of pictures, B-frames, every frame a key frame."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest

from synth.shards import video
from tests.shards.arrays import random_clip

STREAMS = {
    "b-frames": ("mp4", "libx264", "yuv420p", {"g": "6", "bf": "3"}),
    "open groups": ("mp4", "libx264", "yuv420p", {"x264-params": "keyint=6:min-keyint=6:open-gop=1:bframes=3"}),
    "vp8": ("webm", "libvpx", "yuv420p", {"g": "5"}),
    "all keys": ("matroska", "ffv1", "gray", {"g": "1"}),
}


@pytest.fixture(scope="module", params=STREAMS)
def stream(request):
    """Bytes of a video of 20 frames, and its frames as PyAV alone shows them."""
    container, codec, pixels, options = STREAMS[request.param]
    t, y, x = np.mgrid[:20, :32, :48]
    frames = (127 + 60 * np.sin(x / 5 + t) + 60 * np.cos(y / 4 - t / 2)).astype(np.uint8)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        track = output.add_stream(codec, rate=25)
        track.height, track.width, track.pix_fmt, track.options = 32, 48, pixels, options
        for frame in frames:
            output.mux(track.encode(av.VideoFrame.from_ndarray(frame, format="gray").reformat(format=pixels)))
        output.mux(track.encode(None))
    with av.open(io.BytesIO(buffer.getvalue())) as file:
        shown = [frame.to_ndarray(format="gray") for frame in file.decode(video=0)]
    assert len(shown) == 20
    return buffer.getvalue(), np.stack(shown)


@pytest.mark.parametrize("threads", [1, 3])
def test_any_window_and_step(stream, threads):
    data, shown = stream
    for start, stop, step in [(0, None, 1), (0, 1, 1), (7, 12, 1), (5, 20, 4), (19, 20, 1), (3, 18, 7), (6, 6, 1)]:
        got = list(video.decode(data, "gray", start, stop, threads, step))
        expected = shown[start:stop:step]
        assert len(got) == len(expected)
        assert all(np.array_equal(a, b) for a, b in zip(got, expected, strict=True))


def test_only_wanted_key_frames_are_decoded(monkeypatch):
    frames = np.random.default_rng(0).integers(0, 255, (12, 16, 16), dtype=np.uint8)
    data = video.encode_codes(frames, (16, 16), np.uint8, 24.0)
    seen = []
    true = video._decoded
    monkeypatch.setattr(video, "_decoded", lambda stream, packets: seen.append(len(packets)) or true(stream, packets))
    assert np.array_equal(list(video.decode(data, "gray", 1, 11, step=3)), frames[1:11:3])
    assert seen == [4]


def test_equal_pictures_give_equal_bytes_whatever_memory_held_before():
    pictures = random_clip()["rgb"]
    rng = np.random.default_rng(0)
    seen, held = set(), []
    for _ in range(30):  # what is freed here, x264 gets
        held[:] = [rng.integers(0, 255, int(size), dtype=np.uint8) for size in rng.integers(1e3, 3e6, 4)]
        seen.add(video.encode_rgb(pictures, 24.0))
    assert len(seen) == 1
