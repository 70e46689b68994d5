"""Storage on a real S3 server: whole objects or none, in parts, and again after an outage."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import fsspec
import pytest
from botocore.exceptions import EndpointConnectionError

from synth import shards
from synth.conventions import ThfmError
from synth.shards import patiently, storage
from synth.shards.patience import passes
from tests.s3 import Line, s3_server
from tests.shards.test_writer import small


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    with pytest.MonkeyPatch.context() as patch, s3_server() as (environment, line):
        for name, value in environment.items():
            patch.setenv(name, value)
        fsspec.filesystem("s3", skip_instance_cache=True).mkdir("bucket")
        yield line


def test_a_large_object_goes_up_in_parts_and_is_seen_whole_or_not_at_all(line: Line) -> None:
    fs, piece = fsspec.filesystem("s3"), bytes(range(256)) * 4096 * 30
    with storage.written("s3://bucket/parts/large.tar") as file:
        for _ in range(4):
            file.write(piece)
            assert storage.names("s3://bucket/parts") == []
    assert fs.info("bucket/parts/large.tar")["ETag"].strip('"').endswith("-2")  # as S3 marks an object of two parts
    assert storage.read_bytes("s3://bucket/parts/large.tar") == piece * 4
    for pieces in (1, 4):
        with pytest.raises(ZeroDivisionError), storage.written("s3://bucket/parts/half.tar") as file:
            for _ in range(pieces):
                file.write(piece)
            1 / 0  # noqa: B018
    assert storage.names("s3://bucket/parts") == ["large.tar"]
    assert not fs.list_multipart_uploads("bucket"), "no paid leftovers"


def test_shards_are_the_same_as_on_a_disk(line: Line, tmp_path) -> None:
    keys = ["a", "b"]
    for root in ("s3://bucket/set", str(tmp_path)):
        for key in keys:
            shards.stage_clip(root, key, small(key))
        shards.stage_rejection(root, "c", 0, {"reasons": ["dark"]})
        shards.assemble_shard(root, "shard-000000", [*keys, "c"])
        shards.build_manifest(root, {"seed": 1})
    assert storage.names("s3://bucket/set") == ["manifest.json", "shard-000000.json", "shard-000000.tar"]
    for name in storage.names("s3://bucket/set"):
        assert storage.read_bytes(f"s3://bucket/set/{name}") == (tmp_path / name).read_bytes()
    assert storage.names("s3://bucket/set/.staging") == []


def test_an_outage_is_outlasted(line: Line) -> None:
    shards.stage_clip("s3://bucket/outage", "a", small("a"))
    line.cut()
    threading.Timer(4.0, line.mend).start()
    start = time.monotonic()
    record = patiently(120, shards.assemble_shard, "s3://bucket/outage", "shard-000000", ["a"])
    assert time.monotonic() - start > 3 and line.refused
    assert record["keys"] == ["a"] and storage.exists("s3://bucket/outage/shard-000000.tar")


def test_a_connection_that_is_reset_passes() -> None:
    """botocore names no cause."""
    assert passes(EndpointConnectionError(endpoint_url="http://127.0.0.1/bucket"))


def test_a_bucket_that_is_not_there_is_told_at_once(line: Line) -> None:
    start = time.monotonic()
    with pytest.raises((ThfmError, OSError)):
        patiently(120, storage.write_bytes, "s3://no-such-bucket/a", b"x")
    assert time.monotonic() - start < 30
