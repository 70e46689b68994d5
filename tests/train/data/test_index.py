"""Where clips lie: by our records, by headers, in other people's shards, in broken ones."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import av
import fsspec
import numpy as np
import pytest
import webdataset
from PIL import Image

from synth.conventions import ThfmError
from tests.train.data.sets import plain_clip, without_index, write_set
from train.data import scan
from train.data.index import build_index
from train.data.shardfile import coalesced, read_members


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return Path(write_set(tmp_path_factory.mktemp("whole") / "set", count=5, a_shard=2, frames=3))


def copied(whole: Path, to: Path) -> Path:
    to.mkdir()
    for path in whole.iterdir():
        (to / path.name).write_bytes(path.read_bytes())
    return to


def same(one, other):
    assert one.digest == other.digest and one.keys == other.keys and np.array_equal(one.fps, other.fps)


def test_record_and_headers_agree_with_tarfile(whole, tmp_path):
    by_record = build_index(str(whole))
    root = copied(whole, tmp_path / "old")
    without_index(root)
    by_headers = build_index(str(root))
    same(by_record, by_headers)
    assert len(by_record) == 5 and not by_record.damaged
    assert set(zip(by_record.frames, by_record.height, by_record.width, by_record.fps, strict=True)) == {
        (3, 48, 64, 24)
    }
    for clip, key in enumerate(by_record.keys):
        shard = by_record.shards[by_record.shard[clip]]
        assert read_members(shard, by_record.members_of(clip)) == plain_clip(str(whole), key)


def test_every_way_to_name_a_data_set(whole):
    names = sorted(str(p) for p in whole.glob("*.tar"))
    root = build_index(str(whole))
    for url in (names, f"{whole}/shard-{{000000..000002}}.tar", f"file://{whole}", [str(whole)]):
        same(root, build_index(url))
    for path in whole.iterdir():
        with fsspec.open(f"memory://indexed/{path.name}", "wb") as file:
            file.write(path.read_bytes())
    same(root, build_index("memory://indexed"))
    fsspec.filesystem("memory").rm("/indexed/shard-000000.json")
    same(root, build_index("memory://indexed"))
    assert build_index(names[0]).keys == ("000000", "000001")
    assert build_index(str(whole), shards=slice(-1, None)).keys == ("000004",)


def test_headers_are_read_once_and_again_when_the_shard_changes(whole, tmp_path, monkeypatch):
    root = copied(whole, tmp_path / "old")
    without_index(root)
    scanned = []
    true = scan._scanned
    monkeypatch.setattr(scan, "_scanned", lambda shard, *rest: scanned.append(shard) or true(shard, *rest))
    first = build_index(str(root))
    assert len(scanned) == 3
    same(first, build_index(str(root)))
    assert len(scanned) == 3
    os.utime(root / "shard-000001.tar", ns=(1, 1))
    same(first, build_index(str(root)))
    assert len(scanned) == 4 and scanned[-1].endswith("shard-000001.tar")


def test_a_cut_shard_gives_its_whole_clips_and_is_named(whole, tmp_path):
    root = copied(whole, tmp_path / "cut")
    data = (root / "shard-000000.tar").read_bytes()
    (root / "shard-000000.tar").write_bytes(data[: int(len(data) * 0.7)])
    (root / "shard-000001.tar").unlink()
    found = build_index(str(root), "mine")
    assert found.keys == ("000000", "000004")
    cut, missing = found.damaged
    assert cut.source == "mine" and cut.shard.endswith("000000.tar") and "truncated or damaged at 000001" in cut.reason
    assert missing.shard.endswith("000001.tar") and missing.reason == "does not exist: check the path."


def test_a_broken_meta_costs_its_clip_alone(whole, tmp_path):
    root = copied(whole, tmp_path / "meta")
    without_index(root)
    path = root / "shard-000000.tar"
    data = bytearray(path.read_bytes())
    data[512] ^= 1
    path.write_bytes(bytes(data))
    found = build_index(str(root))
    assert found.keys == ("000001", "000002", "000003", "000004")
    assert found.damaged[0].key == "000000" and "meta.json is damaged" in found.damaged[0].reason


def video(frames: np.ndarray, container: str = "mp4", codec: str = "libx264", **options: str) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        stream = output.add_stream(codec, rate=30)
        stream.height, stream.width, stream.pix_fmt, stream.options = *frames.shape[1:3], "yuv420p", options
        for frame in frames:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        output.mux(stream.encode(None))
    return buffer.getvalue()


def test_shards_of_other_people(tmp_path):
    frames = np.random.default_rng(0).integers(0, 255, (12, 32, 48, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(frames[0]).save(buffer, "jpeg")
    with webdataset.TarWriter(str(tmp_path / "their.tar")) as writer:
        writer.write({"__key__": "b/clip1", "mp4": video(frames), "txt": "a dog runs"})
        writer.write({"__key__": "b/clip2", "webm": video(frames, "webm", "libvpx"), "json": {"caption": "a cat"}})
        writer.write({"__key__": "picture", "jpg": buffer.getvalue(), "txt": "a bird"})
        writer.write({"__key__": "sound", "txt": "nothing to see"})
        writer.write({"__key__": "odd", "mp4": b"no video at all"})
    found = build_index(str(tmp_path / "their.tar"))
    assert found.keys == ("b/clip1", "b/clip2", "picture")
    assert found.frames.tolist() == [12, 12, 1] and found.fps.tolist()[:2] == [30, 30]
    assert set(zip(found.height, found.width, strict=True)) == {(32, 48)}
    assert found.has(()).all() and not found.has(("depth",)).any()
    reasons = {damage.key: damage.reason for damage in found.damaged}
    assert "neither meta.json (docs/format.md) nor a picture or video (rgb.mp4, mp4" in reasons["sound"]
    assert "cannot be opened as a video" in reasons["odd"]


def test_tars_by_gnu_tar_with_folders(whole, tmp_path):
    clip = plain_clip(str(whole), "000003")
    with tarfile.open(tmp_path / "plain.tar", "w", format=tarfile.GNU_FORMAT) as tar:
        folder = tarfile.TarInfo("./people")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for name, data in clip.items():
            info = tarfile.TarInfo(f"./people/000003.{name}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    found = build_index(str(tmp_path / "plain.tar"))
    assert found.keys == ("./people/000003",) and found.has(("depth", "keypoints2d")).all()
    assert read_members(found.shards[0], found.members_of(0)) == clip


def test_nothing_to_read_is_said(tmp_path):
    with pytest.raises(ThfmError, match="source me .* has no clip to draw: .*gone.tar does not exist"):
        build_index(str(tmp_path / "gone.tar"), "me")
    root = write_set(tmp_path / "one", count=1, frames=1)
    with pytest.raises(ThfmError, match="no shards left to read: hold out fewer"):
        build_index(root, shards=slice(None, -1))


def test_ranges_that_lie_close_come_together():
    places = {"a": (100, 50), "b": (150, 10), "d": (5000, 5), "c": (200, 10)}
    assert coalesced(places, 0) == [(100, 160, ["a", "b"]), (200, 210, ["c"]), (5000, 5005, ["d"])]
    assert coalesced(places, 100) == [(100, 210, ["a", "b", "c"]), (5000, 5005, ["d"])]
    assert coalesced(places, 10**6) == [(100, 5005, ["a", "b", "c", "d"])]
