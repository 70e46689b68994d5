"""A clip in a notebook."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from synth import shards


@pytest.fixture(scope="module")
def clip() -> shards.Clip:
    rgb = np.zeros((5, 40, 60, 3), np.uint8)
    rgb[..., 0] = np.arange(5)[:, None, None] * 50
    parts = np.zeros((5, 40, 60), np.uint8)
    parts[:, 10:30, 20:40] = 7
    members = shards.encode_clip("a", 10, {"rgb": rgb, "parts": parts}, {"caption": "one <b> two"})
    return shards.Clip("a", members)


def test_it_shows_its_colour_and_labels_as_a_film(clip: shards.Clip) -> None:
    html = clip._repr_html_()
    data = base64.b64decode(re.search(r'src="data:image/webp;base64,([^"]+)"', html)[1])
    film = Image.open(io.BytesIO(data))
    assert film.n_frames == 5 and film.size == (600, 200)
    for frame in range(5):
        film.seek(frame)
        pixels = np.asarray(film.convert("RGB")).astype(int)
        assert abs(pixels[100, 150, 0] - 50 * frame) < 12
        assert np.abs(pixels[100, 450] - pixels[10, 310]).max() > 60  # the part, and nobody


def test_it_tells_its_fields_and_escapes_its_caption(clip: shards.Clip) -> None:
    html = clip._repr_html_()
    assert "one &lt;b&gt; two" in html and "<code>clip.parts</code>" in html and "clip.depth" not in html
    assert "5 frames of 60 × 40 at 10 a second" in html


def test_a_clip_without_pictures_shows_its_facts() -> None:
    members = shards.encode_clip("b", 10, {"intrinsics": np.zeros((3, 3, 3))}, {})
    assert "<img" not in shards.Clip("b", members)._repr_html_()
