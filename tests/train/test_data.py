"""Streaming: each reader its shards, each task its fields, nothing else decoded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from synth.conventions import ThfmError
from synth.shards import FIELDS
from train.data import TASK_FIELDS, decoded_bytes, fields_of, measure, stream


def test_tasks_name_fields_of_the_format() -> None:
    assert {name for fields in TASK_FIELDS.values() for name in fields} <= FIELDS.keys()
    assert fields_of(["depth", "body", "pose3d"]) == (
        "rgb", "depth", "smplx", "intrinsics", "world_to_camera", "joints3d",
    )  # fmt: skip
    with pytest.raises(ThfmError, match="'fly' is no task; the tasks are depth"):
        fields_of(["fly"])


def test_readers_share_no_clip_and_miss_none(tiny_dataset: Path) -> None:
    parts = [[clip.key for clip in stream(str(tiny_dataset), part=p, parts=2)] for p in range(2)]
    assert parts == [["00000000", "00000001"], ["00000002"]]
    with pytest.raises(ThfmError, match="2 shards, too few for 3 readers"):
        stream(str(tiny_dataset), part=2, parts=3)


def test_a_clip_carries_only_what_its_task_needs(tiny_dataset: Path) -> None:
    clip = next(iter(stream(str(tiny_dataset), ["normals"])))
    assert set(clip.fields()) == {"rgb", "normals"}


def test_speed_counts_what_was_decoded(tiny_dataset: Path) -> None:
    fields = fields_of(["depth", "body"])
    speed = measure(stream(str(tiny_dataset), ["depth", "body"]), fields, limit=2)
    assert (speed.clips, speed.frames) == (2, 4)
    assert speed.bytes["rgb"] == 4 * 64 * 64 * 3 and speed.bytes["depth"] == 4 * 64 * 64 * 4
    assert 0 < sum(speed.seconds.values()) <= speed.wall


def test_sizes_of_arrays_and_of_people() -> None:
    assert decoded_bytes(np.zeros((2, 3), np.float32)) == 24
    assert decoded_bytes([{"betas": np.zeros(10)}, {"betas": np.zeros(10), "gender": "female"}]) == 160 + 24
