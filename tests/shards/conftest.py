import pytest

from synth import shards
from tests.shards.arrays import random_clip


@pytest.fixture(scope="session")
def clip_arrays():
    return random_clip()


@pytest.fixture(scope="session")
def members(clip_arrays):
    return shards.encode_clip("000000", 24.0, clip_arrays, {"caption": "two people wave", "seed": 7})


@pytest.fixture
def data_set(tmp_path, members, clip_arrays):
    """Root of a data set: two shards of two and one clips, one rejection."""
    root = tmp_path / "set"
    for key in ("000000", "000001", "000002"):
        small = members if key == "000000" else shards.encode_clip(key, 24.0, clip_arrays, {"caption": key})
        shards.stage_clip(root, key, small)
    shards.stage_rejection(root, "000001", 0, {"reasons": ["too dark"]})
    shards.assemble_shard(root, "shard-000000", ["000000", "000001"])
    shards.assemble_shard(root, "shard-000001", ["000002"])
    shards.build_manifest(root, {"clips": 3})
    return root
