"""Tensors on disk: what went in comes out or nothing does."""

from __future__ import annotations

import os
import time

import pytest
import torch
from safetensors.torch import load_file

from train.data import DataConfig
from train.data.cache import TensorCache


def entry(seed: int, count: int = 1000) -> dict[str, torch.Tensor]:
    made = torch.Generator().manual_seed(seed)
    return {"latent": torch.randn(4, count, generator=made).bfloat16(), "valid": torch.tensor(seed)}


def files(folder):
    return sorted(p for p in folder.rglob("*") if p.is_file())


def test_comes_back_to_the_bit_and_by_the_library_alone(tmp_path):
    cache = TensorCache(tmp_path, 10**9)
    assert cache.get("a") is None
    cache.put("a", entry(1))
    cache.put("b", {"x": entry(2)["latent"].T})
    found = TensorCache(tmp_path, 10**9).get("a")
    assert found.keys() == entry(1).keys() and all(torch.equal(found[n], t) for n, t in entry(1).items())
    assert torch.equal(cache.get("b")["x"], entry(2)["latent"].T)
    assert all(load_file(path) for path in files(tmp_path))


@pytest.mark.parametrize("where", [3, 60, -1, "cut", "empty", "foreign"])
def test_a_damaged_entry_is_a_miss(tmp_path, where):
    cache = TensorCache(tmp_path, 10**9)
    cache.put("a", entry(1))
    (path,) = files(tmp_path)
    data = bytearray(path.read_bytes())
    if isinstance(where, int):
        data[where] ^= 1
    path.write_bytes({"cut": data[:-5], "empty": b"", "foreign": b"something else entirely"}.get(where, data))
    assert cache.get("a") is None and not files(tmp_path)
    cache.put("a", entry(1))
    assert torch.equal(cache.get("a")["latent"], entry(1)["latent"])


def test_the_entries_used_longest_ago_go(tmp_path):
    TensorCache(tmp_path / "one", 10**9).put("0", entry(0))
    one = files(tmp_path)[0].stat().st_size
    cache = TensorCache(tmp_path / "some", 10 * one)
    for k in range(10):
        cache.put(str(k), entry(k))
        path = max(files(tmp_path / "some"), key=lambda p: p.stat().st_mtime_ns)
        os.utime(path, ns=(k * 10**9, k * 10**9))
    cache.get("0")
    for k in range(10, 13):
        cache.put(str(k), entry(k))
    there = [k for k in range(13) if cache.get(str(k)) is not None]
    assert 0 in there and 12 in there and 1 not in there and len(there) >= 8
    assert sum(p.stat().st_size for p in files(tmp_path / "some")) <= 10 * one
    assert len(files(tmp_path / "some")) == len(there)


def test_what_dead_writers_left_goes_and_live_ones_keep_theirs(tmp_path):
    TensorCache(tmp_path, 10**9).put("a", entry(1))
    folder = files(tmp_path)[0].parent
    for name in ("x.safetensors.tmp-dead", "y.safetensors.tmp-live"):
        (folder / name).write_bytes(b"half")
    os.utime(folder / "x.safetensors.tmp-dead", (time.time() - 9000,) * 2)
    TensorCache(tmp_path, 10**9)
    assert [p.name for p in files(tmp_path) if "tmp" in p.name] == ["y.safetensors.tmp-live"]


def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch):
    cache = TensorCache(tmp_path, 10**9)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("train.data.cache.save_file", full)
    cache.put("a", entry(1))
    assert cache.get("a") is None and not files(tmp_path)


def test_the_config_says_when_a_cache_makes_no_sense():
    sources = [{"url": "x"}]
    with pytest.raises(ValueError, match="set variants=4 or so, or switch augmentation off"):
        DataConfig(sources=sources, cache={"folder": "latents"})
    DataConfig(sources=sources, cache={"folder": "latents"}, variants=4)
    off = {"crop": {"chance": 0}, "flip": 0, "colour": 0}
    DataConfig(sources=sources, cache={"folder": "latents"}, augment=off)
