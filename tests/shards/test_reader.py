"""Lazy, partial and remote reading; damage that is noticed and named; nothing is unpickled."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
import zlib

import fsspec
import numpy as np
import pytest

from synth import shards
from synth.conventions import ThfmError
from synth.shards import FIELDS, Clip, read_clips
from tests.shards.arrays import random_clip


def damaged(members: dict[str, bytes], name: str, data: bytes, fix_checksum: bool = False) -> dict[str, bytes]:
    changed = members | {name: data}
    if fix_checksum:
        header = json.loads(members["meta.json"])
        header["storage"][name.split(".")[0]]["crc32"] = zlib.crc32(data)
        changed["meta.json"] = json.dumps(header).encode()
    return changed


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]


def test_root_shard_list_and_braces_give_the_same_clips(data_set, clip_arrays):
    expected = ["000000", "000001", "000002"]
    names = [data_set / "shard-000000.tar", data_set / "shard-000001.tar"]
    for url in (data_set, str(data_set / "manifest.json"), names, f"{data_set}/shard-{{000000..000001}}.tar"):
        assert [clip.key for clip in read_clips(url)] == expected
    clip = next(read_clips(data_set))
    assert (clip.fps, clip.num_frames, clip.height, clip.width, clip.num_people) == (24.0, 5, 50, 70, 2)
    assert clip.meta == {"caption": "two people wave", "seed": 7}
    np.testing.assert_array_equal(clip.joints3d, clip_arrays["joints3d"])


def test_memory_url_and_path_give_the_same(data_set, members):
    root = "memory://reading/set"
    for name in ("shard-000000.tar", "shard-000001.tar", "manifest.json"):
        with fsspec.open(f"{root}/{name}", "wb") as file:
            file.write((data_set / name).read_bytes())
    for here, there in zip(read_clips(data_set), read_clips(root), strict=True):
        np.testing.assert_array_equal(here.depth, there.depth)
        assert there.shard.startswith(root)
    assert not list(shards.verify(root))


def test_only_the_field_that_is_read_is_decoded(members):
    broken = {name: b"rubbish" if name != "parts.mkv" else data for name, data in members.items()}
    broken["meta.json"] = members["meta.json"]
    clip = Clip("000000", broken, "x.tar")
    assert clip.parts.max() > 0
    assert clip.parts is clip.parts
    for name in FIELDS:
        if name != "parts":
            with pytest.raises(ThfmError, match=f"x.tar: clip 000000: field {name} "):
                getattr(clip, name)
    with pytest.raises(AttributeError):
        clip.nothing  # noqa: B018


def test_asking_for_fields_fetches_no_others(data_set):
    for clip in read_clips(data_set, fields=["visibility", "matte"]):
        assert clip.fields() == ["matte", "visibility"]
        with pytest.raises(ThfmError, match="holds no field depth"):
            clip.depth  # noqa: B018
    with pytest.raises(ThfmError, match="'dept' is no field"):
        read_clips(data_set, fields=["dept"])


def test_frames_equal_the_slice_of_the_whole():
    arrays = random_clip(1, 37, 16, 18, 1)  # three groups of pictures
    clip = Clip("k", shards.encode_clip("k", 24, arrays, {}), threads=2)
    for name, field in FIELDS.items():
        for start, stop in ((0, 37), (0, 1), (15, 17), (16, 33), (36, 37), (5, 5)):
            part, whole = clip.frames(name, start, stop), getattr(clip, name)
            if name != "smplx":
                axis = field.frame_axis
                np.testing.assert_array_equal(part, np.take(whole, range(start, stop), axis), err_msg=name)
    with pytest.raises(ThfmError, match="37 frames"):
        clip.frames("depth", 30, 38)


def test_every_flipped_bit_of_a_member_is_noticed(members):
    rng = np.random.default_rng(0)
    for name in FIELDS:
        member = FIELDS[name].member
        for at in rng.integers(0, len(members[member]), 3):
            clip = Clip("000000", damaged(members, member, flipped(members[member], at)), "s.tar")
            with pytest.raises(ThfmError, match=f"s.tar: clip 000000: field {name} "):
                getattr(clip, name)


def test_decoders_notice_missing_data_without_the_checksum(members):
    for name in ("depth.mkv", "normals.mkv", "smplx.npz", "joints3d.npy", "rgb.mp4"):
        data = members[name]
        clip = Clip("0", damaged(members, name, data[: len(data) // 2], fix_checksum=True))
        with pytest.raises(ThfmError, match=name.split(".")[0]):
            getattr(clip, name.split(".")[0])


class Bomb:
    def __reduce__(self):
        return (print, ("unpickled",))


def test_pickles_are_refused(members, monkeypatch):
    unpickled = []
    buffer = io.BytesIO()
    np.save(buffer, np.array([Bomb()], object), allow_pickle=True)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("1.betas.npy", buffer.getvalue())
    bare = pickle.dumps(Bomb())
    monkeypatch.setattr(pickle, "load", lambda *args, **kwargs: unpickled.append(args))
    monkeypatch.setattr(pickle, "loads", lambda *args, **kwargs: unpickled.append(args))
    for name, data in (
        ("joints3d.npy", buffer.getvalue()),
        ("joints3d.npy", bare),
        ("smplx.npz", archive.getvalue()),
        ("smplx.npz", bare),
    ):
        clip = Clip("0", damaged(members, name, data, fix_checksum=True))
        with pytest.raises(ThfmError, match="cannot be decoded"):
            getattr(clip, name.split(".")[0])
    assert unpickled == []


@pytest.mark.parametrize("kept", [0.3, 0.8, 0.999])
def test_truncated_shard_is_named_after_its_whole_clips(data_set, kept):
    shard = data_set / "shard-000000.tar"
    end = shard.read_bytes().rstrip(b"\0")
    shard.write_bytes(end[: int(len(end) * kept)])
    found = []
    with pytest.raises(ThfmError, match="shard-000000.tar is truncated or damaged at 00000[01]"):
        for clip in read_clips(data_set):
            found.append(clip.key)
    assert found == (["000000"] if kept > 0.5 else [])


def test_tar_cut_between_members_is_noticed(data_set, members):
    shard = data_set / "shard-000001.tar"
    first = 512 + -(-len(members["meta.json"]) // 512) * 512
    shard.write_bytes(shard.read_bytes()[:first])
    with pytest.raises(ThfmError, match="no end-of-archive mark"):
        list(read_clips(shard))
    shard.write_bytes(b"")
    with pytest.raises(ThfmError, match="truncated or damaged at its beginning"):
        list(read_clips(shard))


def test_what_is_missing_is_named(data_set, tmp_path, members):
    with pytest.raises(ThfmError, match="holds no manifest.json"):
        list(read_clips(tmp_path / "nowhere"))
    with pytest.raises(ThfmError, match="does not exist"):
        list(read_clips(tmp_path / "shard-000009.tar"))
    with pytest.raises(ThfmError, match="000003: meta.json is missing"):
        Clip("000003", {"rgb.mp4": b""})
    with pytest.raises(ThfmError, match="meta.json is damaged"):
        Clip("000003", {"meta.json": members["meta.json"][:-30]})
    other = members["meta.json"].replace(b'"schema": "1.', b'"schema": "9.')
    with pytest.raises(ThfmError, match="schema version 9"):
        Clip("000003", {"meta.json": other})
    (data_set / "manifest.json").write_text("{")
    with pytest.raises(ThfmError, match="manifest.json is no valid JSON"):
        list(read_clips(data_set))
