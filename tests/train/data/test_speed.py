"""What ``thfm-train data`` counts."""

from __future__ import annotations

import numpy as np

from tests.train.data.sets import write_set
from train.data import decoded_bytes, measure


def test_speed_counts_what_was_decoded(tmp_path):
    root = write_set(tmp_path / "set", count=3, frames=2)
    speed = measure(root, ["rgb", "depth"], limit=2)
    assert (speed.clips, speed.frames) == (2, 4)
    assert speed.bytes == {"rgb": 4 * 48 * 64 * 3, "depth": 4 * 48 * 64 * 4}
    assert 0 < sum(speed.seconds.values()) <= speed.wall


def test_sizes_of_arrays_and_of_people():
    assert decoded_bytes(np.zeros((2, 3), np.float32)) == 24
    assert decoded_bytes([{"betas": np.zeros(10)}, {"betas": np.zeros(10), "gender": "female"}]) == 160 + 24
