"""Held-out clips: once each, their middle, as stored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from synth.conventions import ThfmError
from tests.train.data.sets import arrays, plain_clip, plain_video, write_set
from train.data import DataConfig, Request, build_loader, build_validation

REQUESTS = {
    "parts": Request(("parts",), 1, lambda sample: {}),
    "joints": Request(("keypoints2d", "visibility"), 1, lambda sample: {}),
    "normals": Request(("normals",), 0, lambda sample: {}),
}


@pytest.fixture(scope="module")
def roots(tmp_path_factory) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("validated")
    held = write_set(folder / "held", count=7, a_shard=2, first=50, fields=("parts", "normals"))
    return write_set(folder / "train", count=6, a_shard=2), held


def config(root: str, **more) -> DataConfig:
    base = {"sources": [{"url": root}], "lengths": [{"frames": 1}, {"frames": 5}], "sizes": [(48, 64)], "workers": 0}
    return DataConfig(**(base | more))


def test_every_clip_once_over_all_ranks(roots):
    settings = config(roots[0], validation={"urls": [roots[1]]})
    parts = [build_validation(settings, REQUESTS, rank, 3) for rank in range(3)]
    assert [len(part) for part in parts] == [3, 2, 2]
    keys = [sample.key for part in parts for sample in part]
    assert sorted(keys) == [f"{k:06d}" for k in range(50, 57)]
    assert [sample.key for part in parts for sample in part] == keys


def test_the_middle_as_stored_with_all_fields_there_are(roots):
    (sample,) = build_validation(config(roots[0], validation={"urls": [roots[1]], "clips": 1}), REQUESTS)
    assert (sample.source, sample.task, sample.caption, sample.fps) == ("validation 0", "", "clip 50", 24.0)
    assert np.array_equal(sample.rgb, plain_video(plain_clip(roots[1], "000050")["rgb.mp4"])[2:7])
    assert set(sample.labels) == {"parts", "normals"}
    assert np.array_equal(sample.labels["parts"], arrays(50)["parts"][2:7])


def test_held_out_shards_are_not_trained_on(roots):
    settings = config(roots[0], validation={"shards": 1, "urls": [roots[1]]})
    held = {(sample.source, sample.key) for sample in build_validation(settings, REQUESTS)}
    assert {("0", "000004"), ("0", "000005")} < held and len(held) == 9
    trained = {
        key for _, batch in zip(range(20), build_loader(settings, REQUESTS, 2), strict=False) for key in batch.keys
    }
    assert trained == {f"{k:06d}" for k in range(4)}


def test_a_few_spread_evenly(roots):
    settings = config(roots[0], validation={"urls": [roots[1]], "clips": 3})
    assert [sample.key for sample in build_validation(settings, REQUESTS)] == ["000050", "000053", "000056"]


def test_clips_that_are_too_short_or_damaged(roots, tmp_path):
    mixed = [write_set(tmp_path / "short", count=2, frames=3), write_set(tmp_path / "long", count=2, first=9)]
    settings = config(roots[0], validation={"urls": mixed}, lengths=[{"frames": 5}])
    found = build_validation(settings, REQUESTS)
    assert found.short == 2 and [sample.key for sample in found] == ["000009", "000010"]
    with pytest.raises(ThfmError, match="all 2 held-out clips have fewer than 5 frames"):
        build_validation(config(roots[0], validation={"urls": mixed[:1]}, lengths=[{"frames": 5}]), REQUESTS)
    path = Path(mixed[1], "shard-000000.tar")
    data = bytearray(path.read_bytes())
    data[data.index(b"ftyp") + 2000] ^= 1
    path.write_bytes(bytes(data))
    found = build_validation(settings, REQUESTS)
    assert [sample.key for sample in found] == ["000010"] == [sample.key for sample in found]
    assert [damage.key for damage in found.damaged] == ["000009"]


def test_nothing_held_out_is_nothing_to_validate(roots):
    assert list(build_validation(config(roots[0]), REQUESTS)) == []
