"""Shards appear whole or not at all, byte for byte the same, and a run can be resumed at any point."""

from __future__ import annotations

import errno
import io
import json
import os
import tarfile

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from synth import shards
from synth.conventions import JOINT_NAMES, PART_NAMES, SEMANTIC_NAMES, ThfmError
from synth.shards import storage


def small(key: str, **extra: bytes) -> dict[str, bytes]:
    header = {"schema": "1.0", "key": key, "fps": 24, "frames": 3, "height": 4, "width": 6, "people": 1}
    return {"meta.json": json.dumps(header).encode(), "rgb.mp4": key.encode() * 1000} | extra


def files(root) -> list[str]:
    return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())


def test_same_clips_give_the_same_bytes_by_every_way(tmp_path):
    keys = ["000000", "000001", "000002"]
    clips = {k: small(k) for k in keys}
    shards.write_shard(tmp_path / "a", "shard-000000", clips.items())
    for key in reversed(keys):
        shards.stage_clip(tmp_path / "b", key, clips[key])
    shards.assemble_shard(tmp_path / "b", "shard-000000", keys)
    for key in keys:
        shards.stage_clip("memory://writing/c", key, clips[key])
    shards.assemble_shard("memory://writing/c", "shard-000000", keys)
    for root in (tmp_path / "a", tmp_path / "b", "memory://writing/c"):
        shards.build_manifest(root, {"seed": 1})
    assert files(tmp_path / "a") == files(tmp_path / "b") == ["manifest.json", "shard-000000.json", "shard-000000.tar"]
    for name in files(tmp_path / "a"):
        data = (tmp_path / "a" / name).read_bytes()
        assert data == (tmp_path / "b" / name).read_bytes() == fsspec.open(f"memory://writing/c/{name}").open().read()


def test_tar_carries_nothing_of_its_writer(tmp_path):
    shards.write_shard(tmp_path, "shard-000000", [("k", small("k"))])
    with tarfile.open(tmp_path / "shard-000000.tar") as tar:
        for member in tar:
            assert (member.mtime, member.uid, member.gid, member.uname, member.gname, member.mode) == (
                0, 0, 0, "", "", 0o644,
            )  # fmt: skip
    buffer = io.BytesIO()
    shards.write_clip_tar(buffer, "k", small("k"))
    assert buffer.getvalue() == (tmp_path / "shard-000000.tar").read_bytes()


def test_manifest_says_all_that_a_reader_needs(data_set):
    manifest = json.loads((data_set / "manifest.json").read_text())
    assert manifest["joint_names"] == list(JOINT_NAMES)
    assert manifest["part_names"] == list(PART_NAMES) and manifest["semantic_names"] == list(SEMANTIC_NAMES)
    assert manifest["fps"] == [24.0] and manifest["resolutions"] == [[50, 70]]
    assert (manifest["clips"], manifest["frames"]) == (3, 15)
    assert manifest["rejected"] == [{"attempt": 0, "key": "000001", "reasons": ["too dark"]}]
    assert manifest["fields"] == list(shards.FIELDS)
    assert set(manifest["codecs"]) == set(manifest["units"]) == set(shards.FIELDS)
    for shard in manifest["shards"]:
        with open(data_set / shard["name"], "rb") as file:
            assert storage.sha256_of(file) == shard["sha256"] and file.tell() == shard["bytes"]
    assert [s["keys"] for s in manifest["shards"]] == [["000000", "000001"], ["000002"]]
    assert len(manifest["config_sha256"]) == 64 and manifest["config"] == {"clips": 3}


@pytest.mark.parametrize("stop", ["tar", "record", "unstage"])
def test_assembly_killed_at_any_point_can_be_repeated(tmp_path, monkeypatch, stop):
    keys = ["a", "b"]
    expected = shards.write_shard(tmp_path / "whole", "shard-000000", [(k, small(k)) for k in keys])
    for key in keys:
        shards.stage_clip(tmp_path / "run", key, small(key))

    class Killed(BaseException):
        pass

    replace, remove = os.replace, storage.remove

    def killing_replace(source, target):
        if target.endswith({"tar": ".tar", "record": ".json"}.get(stop, "-")):
            raise Killed
        replace(source, target)

    def killing_remove(url):
        remove(url)
        if stop == "unstage":
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killing_replace)
        patch.setattr(storage, "remove", killing_remove)
        with pytest.raises(Killed):
            shards.assemble_shard(tmp_path / "run", "shard-000000", keys)
    assert bool(shards.finished_shards(tmp_path / "run")) == (stop == "unstage")
    assert shards.assemble_shard(tmp_path / "run", "shard-000000", keys) == expected
    assert files(tmp_path / "run") == files(tmp_path / "whole")
    assert shards.staged_keys(tmp_path / "run") == set()


def test_leftovers_of_killed_writers_are_ignored_and_cleaned(tmp_path):
    shards.stage_clip(tmp_path, "a", small("a"))
    shards.write_shard(tmp_path, "shard-000000", [("b", small("b"))])
    left = ["shard-000001.tar.tmp-0123", "shard-000001.json.tmp-0123", ".staging/c.tar.tmp-0123"]
    for name in left:
        (tmp_path / name).write_bytes(b"half")
    assert shards.staged_keys(tmp_path) == {"a"}
    assert [r["name"] for r in shards.finished_shards(tmp_path)] == ["shard-000000.tar"]
    assert len(shards.clean_leftovers(tmp_path)) == 3
    assert files(tmp_path) == [".staging/a.tar", "shard-000000.json", "shard-000000.tar"]


def test_rejected_clips_and_empty_shards(tmp_path):
    shards.stage_rejection(tmp_path, "a", 1, {"reasons": ["still dark"]})
    shards.stage_rejection(tmp_path, "a", 0, {"reasons": ["dark"]})
    record = shards.assemble_shard(tmp_path, "shard-000000", ["a"])
    assert record["clips"] == 0 and [r["attempt"] for r in record["rejected"]] == [0, 1]
    manifest = shards.build_manifest(tmp_path, {})
    assert manifest["shards"] == [] and len(manifest["rejected"]) == 2
    assert files(tmp_path) == ["manifest.json", "shard-000000.json"]
    assert list(shards.read_clips(tmp_path)) == [] and list(shards.verify(tmp_path)) == []
    with pytest.raises(ThfmError, match="Clip b is not staged"):
        shards.assemble_shard(tmp_path, "shard-000001", ["b"])


def test_clips_that_do_not_belong_together(tmp_path):
    with pytest.raises(ThfmError, match="a and b differ in rgb"):
        odd = {k: v for k, v in small("b").items() if k != "rgb.mp4"}
        shards.write_shard(tmp_path, "shard-000000", [("a", small("a")), ("b", odd)])
    with pytest.raises(ThfmError, match="a comes twice"):
        shards.write_shard(tmp_path, "shard-000000", [("a", small("a"))] * 2)
    assert files(tmp_path) == []


class FullFileSystem(MemoryFileSystem):
    """A memory file system whose files hold at most 4 kB."""

    protocol = "full"
    store: dict = {}  # noqa: RUF012 - as in its parent, shared on purpose
    pseudo_dirs = [""]  # noqa: RUF012

    def _open(self, path, mode="rb", **kwargs):
        file = super()._open(path, mode, **kwargs)
        write = file.write

        def limited(data):
            if file.tell() + len(data) > 4096:
                raise OSError(errno.ENOSPC, "No space left on device")
            return write(data)

        file.write = limited
        return file


def test_full_disk_is_named_and_leaves_nothing(tmp_path, monkeypatch):
    fsspec.register_implementation("full", FullFileSystem, clobber=True)
    with pytest.raises(ThfmError, match="full://set/shard-000000.tar.*disk is full.*free some space"):
        shards.write_shard("full://set", "shard-000000", [("k", small("k"))])
    assert fsspec.filesystem("full").find("/") == []

    def no_space(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(ThfmError, match=f"{tmp_path}/.staging/k.tar.*disk is full"):
        shards.stage_clip(tmp_path, "k", small("k"))
    assert files(tmp_path) == []
