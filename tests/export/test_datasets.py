"""Hugging Face's ``datasets`` reads the export and the data set itself, without a network."""

from __future__ import annotations

import io
import json
import shutil
import socket
from pathlib import Path

import datasets
import numpy as np
import pytest

from synth import shards
from synth.card import write_card
from synth.export import export
from synth.shards import Clip


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("there is no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_parquet_rows_are_the_clips(data_set: Path, plain: Clip, tmp_path: Path) -> None:
    export(data_set, "huggingface", tmp_path / "out")
    loaded = datasets.load_dataset(str(tmp_path / "out"), split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded["key"][:] == ["plain", "bent"] and loaded[1]["frames"] == 3
    row = loaded[0]
    clip = Clip("plain", {"meta.json": row["meta"].encode(), "depth.mkv": row["depth"], "rgb.mp4": row["rgb"]})
    np.testing.assert_array_equal(clip.depth, plain.depth)
    np.testing.assert_array_equal(clip.rgb, plain.rgb)
    np.testing.assert_array_equal(np.load(io.BytesIO(row["joints3d"])), plain.joints3d)


@pytest.fixture(scope="module")
def carded(data_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data set with its card, and another shard whose clips tell of other things: types are no clip's own."""
    root = Path(shutil.copytree(data_set, tmp_path_factory.mktemp("carded") / "people"))
    plain = next(c for c in shards.read_clips(root) if c.key == "plain")
    arrays = {name: getattr(plain, name) for name in plain.fields()}
    arrays |= {"smplx": plain.smplx[:1], "joints3d": plain.joints3d[:1], "keypoints2d": plain.keypoints2d[:1]}
    arrays["visibility"] = plain.visibility[:1]
    meta = {"caption": None, "qa": {"reasons": ["text"]}, "more": [{"a": 1}, {"b": "c"}]}
    shards.write_shard(root, "shard-000001", [("alone", shards.encode_clip("alone", 12, arrays, meta))])
    shards.build_manifest(root, {})
    write_card(root)
    return root


@pytest.mark.parametrize("streaming", [False, True], ids=["cached", "streamed"])
def test_shards_are_read_as_the_card_says(carded: Path, plain: Clip, tmp_path: Path, streaming: bool) -> None:
    loaded = datasets.load_dataset(str(carded), split="train", cache_dir=str(tmp_path / "cache"), streaming=streaming)
    rows = {row["__key__"]: row for row in loaded}
    assert list(rows) == ["plain", "bent", "alone"]
    row = rows["plain"]
    assert row["meta.json"]["meta"] == {"caption": "a plain clip"} and row["meta.json"]["fps"] == 12.5
    assert rows["alone"]["meta.json"]["meta"]["more"] == [{"a": 1}, {"b": "c"}]
    for name in plain.fields():
        field = shards.FIELDS[name]
        value = row[field.member]
        if field.codec == "npy":
            np.testing.assert_array_equal(np.array(value, field.dtype), getattr(plain, name), err_msg=name)
        elif field.codec == "npz":
            np.testing.assert_array_equal(np.array(value["2.betas"], np.float32), plain.smplx[1]["betas"])
            assert value["1.gender"] == "female" and "2.betas" not in rows["alone"][field.member]
        else:
            assert value == plain.encoded(name)[0], name
    again = Clip("plain", {"meta.json": json.dumps(row["meta.json"]).encode(), "parts.mkv": row["parts.mkv"]})
    np.testing.assert_array_equal(again.parts, plain.parts)
