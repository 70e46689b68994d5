"""Batches: what is in them, in which order, and what becomes of damage."""

from __future__ import annotations

import json
from pathlib import Path

import fsspec
import numpy as np
import pytest
import torch
from fsspec.implementations.memory import MemoryFileSystem

from synth.conventions import ThfmError
from tests.train.data.sets import plain_clip, plain_video, write_set
from train.data import DataConfig, Request, Sample, build_loader

OFF = {"crop": {"chance": 0}, "flip": 0, "colour": 0}


def depth(sample: Sample) -> dict[str, np.ndarray]:
    valid = np.isfinite(sample.labels["depth"])
    return {"target": np.stack([np.where(valid, sample.labels["depth"], 0)] * 3, -1), "valid": valid}


def joints(sample: Sample) -> dict[str, np.ndarray]:
    target = sample.labels["keypoints2d"].reshape(2, len(sample.rgb), -1)
    return {"target": target, "valid": np.ones(target.shape, bool)}


def nothing(sample: Sample) -> dict[str, np.ndarray]:
    return {}


DEPTH = {"depth": Request(("depth",), 1, depth)}
ALL = DEPTH | {
    "joints": Request(("keypoints2d",), 1, joints),
    "generate": Request((), 1, nothing),
}


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> str:
    return write_set(tmp_path_factory.mktemp("loaded") / "set", count=8, a_shard=3)


def config(*urls: object, **more) -> DataConfig:
    base = {
        "sources": [{"url": str(url), "name": f"s{i}"} for i, url in enumerate(urls)],
        "lengths": [{"frames": 5}], "sizes": [(48, 64)], "workers": 0, "augment": OFF, "retries": 0,
    }  # fmt: skip
    return DataConfig(**(base | more))


def take(loader, count: int) -> list:
    return [next(loader) for _ in range(count)]


def tensors(batch) -> list[torch.Tensor]:
    groups = [batch.dense or {}, *batch.sparse.values()]
    return [batch.rgb, batch.fps, batch.numbers, *(t for group in groups for t in group.values())]


def same(one, other) -> bool:
    texts = all(getattr(one, n) == getattr(other, n) for n in ("tasks", "keys", "sources", "captions", "contents"))
    return texts and all(torch.equal(a, b) for a, b in zip(tensors(one), tensors(other), strict=True))


def test_a_batch_holds_what_plain_readers_find(root):
    loader = build_loader(config(root, strides={2: 1}), ALL, 3)
    draws, _ = loader.plan.next_batch(loader.plan.begin(), 3)
    batch = next(loader)
    assert batch.rgb.shape == (3, 5, 48, 64, 3) and batch.rgb.dtype == torch.uint8
    assert set(batch.tasks) == {"depth", "joints", "generate"} and batch.sources == ("s0",) * 3
    assert batch.fps.tolist() == [12.0] * 3 and batch.numbers.tolist() == [0, 1, 2]
    for i, (draw, key) in enumerate(zip(draws, batch.keys, strict=True)):
        clip = plain_clip(root, key)
        window = slice(draw.start, draw.start + 9, 2)
        assert np.array_equal(batch.rgb[i], plain_video(clip["rgb.mp4"])[window])
        assert batch.captions[i] == f"clip {int(key)}"
        if batch.tasks[i] == "depth":
            code = plain_video(clip["depth.mkv"], "gray16le")[window].astype(float)
            stored = json.loads(clip["meta.json"])["storage"]["depth"]
            metres = np.where(code > 0, stored["near"] * stored["ratio"] ** (code - 1), 0)
            assert batch.dense["index"].tolist() == [i]
            np.testing.assert_allclose(batch.dense["target"][0], np.stack([metres] * 3, -1), rtol=1e-6)
            assert torch.equal(batch.dense["valid"][0], torch.from_numpy(code > 0))
        if batch.tasks[i] == "joints":
            assert batch.sparse["joints"]["index"].tolist() == [i]
            assert batch.sparse["joints"]["target"].shape == (1, 2, 5, 288)


def test_processes_and_threads_change_nothing(root):
    few = build_loader(config(root), ALL, 4, seed=5)
    many = build_loader(config(root, workers=2, threads=3, prefetch=3), ALL, 4, seed=5)
    for one, other in zip(take(few, 6), take(many, 6), strict=True):
        assert same(one, other)
        assert other.data_seconds > 0 and other.rgb.is_contiguous()
    many.close()


def test_position_counts_what_was_handed_out_and_resumes_there(root):
    settings = config(root, augment={}, lengths=[{"frames": 1}, {"frames": 5}])
    whole = take(build_loader(settings, ALL, 3), 12)
    ahead = build_loader(settings.model_copy(update={"workers": 2, "prefetch": 4}), ALL, 3)
    assert all(same(a, b) for a, b in zip(take(ahead, 5), whole, strict=False))
    position = json.loads(json.dumps(ahead.position()))
    ahead.close()
    resumed = build_loader(settings, ALL, 3, position=position)
    assert all(same(a, b) for a, b in zip(take(resumed, 7), whole[5:], strict=True))
    resumed.close()
    assert resumed.position()["state"]["batch"] == 12
    third = build_loader(settings, ALL, 3, position=resumed.position())
    assert same(next(resumed), next(third))
    with pytest.raises(ThfmError, match="saved with seed 0, not 1"):
        build_loader(settings, ALL, 3, seed=1, position=position)


def test_ranks_share_out_the_batches_of_one(root):
    one = build_loader(config(root), DEPTH, 4)
    two = [build_loader(config(root), DEPTH, 2, rank, 2) for rank in (0, 1)]
    for _ in range(4):
        batch, parts = next(one), [next(rank) for rank in two]
        assert batch.keys == parts[0].keys + parts[1].keys
        assert torch.equal(batch.rgb, torch.cat([p.rgb for p in parts]))
        assert one.position() == two[0].position() == two[1].position()


def test_lengths_mix_pictures_and_videos(root):
    loader = build_loader(config(root, lengths=[{"frames": 1, "multiple": 4}, {"frames": 9}]), DEPTH, 1)
    shapes = [tuple(batch.rgb.shape[:2]) for batch in take(loader, 8)]
    assert shapes.count((4, 1)) == shapes.count((1, 9)) == 4


def test_clips_are_cut_to_their_bucket_with_all_labels(root):
    batch = next(build_loader(config(root, sizes=[(32, 32), (16, 200)], augment={}), DEPTH, 2))
    assert batch.rgb.shape == (2, 5, 32, 32, 3) and batch.dense["target"].shape == (2, 5, 32, 32, 3)


def test_content_ids_tell_samples_apart_and_find_them_again(root, tmp_path):
    settings = config(root, lengths=[{"frames": 9}])
    ids = {}
    for batch in take(build_loader(settings, DEPTH, 4), 8):
        for key, content in zip(batch.keys, batch.contents, strict=True):
            assert ids.setdefault(key, content) == content
    assert len(set(ids.values())) == 8
    copy = write_set(tmp_path / "copy", count=8, a_shard=8)
    batch = next(build_loader(config(copy, lengths=[{"frames": 9}]), DEPTH, 4))
    assert [ids[key] for key in batch.keys] == list(batch.contents)
    random = build_loader(config(root, lengths=[{"frames": 9}], augment={}), DEPTH, 8)
    assert len({c for batch in take(random, 4) for c in batch.contents}) == 32
    fixed = build_loader(config(root, lengths=[{"frames": 9}], augment={}, variants=2), DEPTH, 8)
    assert len({c for batch in take(fixed, 4) for c in batch.contents}) == 16


def broken(root: str, to: Path, keys: list[str], member: str = "depth.mkv") -> str:
    """A copy in which a bit of these clips' member is flipped."""
    to.mkdir()
    for path in Path(root).iterdir():
        data = bytearray(path.read_bytes())
        if path.suffix == ".tar":
            for entry in json.loads(path.with_suffix(".json").read_text())["index"]:
                if entry["key"] in keys:
                    start, size = entry["members"][member]
                    data[start + size // 2] ^= 1
        (to / path.name).write_bytes(bytes(data))
    return str(to)


def test_damage_is_skipped_counted_and_named(root, tmp_path, caplog):
    bad = broken(root, tmp_path / "bad", ["000002", "000005"])
    settings = config(bad, damaged_share=0.5, workers=1, prefetch=1)
    loader = build_loader(settings, DEPTH, 4)
    batches = take(loader, 4)
    loader.close()
    keys = [key for batch in batches for key in batch.keys]
    assert len(keys) == 16 and not {"000002", "000005"} & set(keys)
    assert sorted(d.key for d in loader.damaged) == ["000002", "000005"]
    damage = loader.damaged[0]
    assert damage.source == "s0" and damage.shard.endswith(".tar") and "field depth" in damage.reason
    assert "do not match their checksum" in damage.reason
    assert [f"clip {d.key} of {d.shard} is damaged and skipped" in caplog.text for d in loader.damaged] == [True, True]
    healthy = take(build_loader(config(root), DEPTH, 4), 4)  # nothing else is moved
    for one, other in zip(batches, healthy, strict=True):
        for i, key in enumerate(other.keys):
            assert (one.keys[i] == key and torch.equal(one.rgb[i], other.rgb[i])) == (key not in ("000002", "000005"))
    again = take(build_loader(settings.model_copy(update={"workers": 0}), DEPTH, 2, 1, 2), 4)
    assert [b.keys for b in again] == [b.keys[2:] for b in batches]


def test_a_shard_that_vanishes_or_is_cut_later_is_damage(root, tmp_path):
    copy = broken(root, tmp_path / "copy", [])
    loader = build_loader(config(copy, damaged_share=1), {"generate": ALL["generate"]}, 2)
    first, second = Path(copy, "shard-000000.tar"), Path(copy, "shard-000001.tar")
    first.unlink()
    second.write_bytes(second.read_bytes()[:2000])
    keys = {key for batch in take(loader, 8) for key in batch.keys}
    assert keys == {"000006", "000007"}
    reasons = {d.key: d.reason for d in loader.damaged}
    assert len(reasons) == 6 and "does not exist" in reasons["000000"] and "ends within meta.json" in reasons["000004"]


def test_too_much_damage_stops(root, tmp_path):
    bad = broken(root, tmp_path / "bad", [f"{k:06d}" for k in range(8)])
    for workers in (0, 1):
        loader = build_loader(config(bad, damaged_in_a_row=5, workers=workers), DEPTH, 2)
        with pytest.raises(ThfmError, match="5 clips in a row of source s0 are damaged, the last one .* mend"):
            next(loader)
        loader.close()
    some = broken(root, tmp_path / "some", ["000003"])
    with pytest.raises(ThfmError, match=r"of \d+ samples were damaged, more than 5%, lately clip 000003"):
        take(build_loader(config(some), DEPTH, 5), 20)
    Path(some, "shard-000001.tar").unlink()
    with pytest.raises(ThfmError, match="1 of 3 shards of source s0 are damaged, more than 5%: mend .*does not exist"):
        build_loader(config(some), DEPTH, 5)


class Flaky(MemoryFileSystem):
    """Fails two reads of three; counts what is asked."""

    protocol = "flaky"
    calls: list = []

    @classmethod
    def _strip_protocol(cls, path):
        return super()._strip_protocol(path.removeprefix("flaky://"))

    def cat_file(self, path, start=None, end=None, **kwargs):
        Flaky.calls.append((path, start, end))
        if len(Flaky.calls) % 3:
            raise ConnectionResetError("the network is tired")
        return super().cat_file(path, start, end, **kwargs)


def test_remote_reads_are_ranges_tried_again(root, monkeypatch):
    fsspec.register_implementation("flaky", Flaky, clobber=True)
    for path in Path(root).iterdir():
        with fsspec.open(f"memory://remote/{path.name}", "wb") as file:
            file.write(path.read_bytes())
    pauses = []
    monkeypatch.setattr("train.data.ranges.time.sleep", pauses.append)
    loader = build_loader(config("flaky://remote", retries=3), {"joints": ALL["joints"]}, 2)
    Flaky.calls.clear()
    pauses.clear()
    assert same(next(loader), next(build_loader(config(root), {"joints": ALL["joints"]}, 2)))
    sizes = {end - start for _, start, end in Flaky.calls}
    assert len(Flaky.calls) == 6 and all(size < 300_000 for size in sizes)  # one range a clip, at the third try
    assert len(pauses) == 4 and 0.25 <= pauses[0] <= 0.5 < pauses[1] <= 1
    assert not loader.damaged
    tired = build_loader(config("flaky://remote", retries=2, damaged_in_a_row=1), {"joints": ALL["joints"]}, 2)
    tired._config = tired._config.model_copy(update={"retries": 1})
    Flaky.calls.clear()
    with pytest.raises(ThfmError, match="tried 2 times, ConnectionResetError: the network is tired"):
        next(tired)


def test_partial_labels_and_weights(root, tmp_path):
    bare = write_set(tmp_path / "bare", count=4, first=100, fields=("matte",))
    settings = config(root, bare)
    loader = build_loader(settings, ALL, 4)
    batches = take(loader, 10)
    pairs = [(s, t) for b in batches for s, t in zip(b.sources, b.tasks, strict=True)]
    assert {t for s, t in pairs if s == "s1"} == {"generate"} and {t for s, t in pairs if s == "s0"} == set(ALL)
    assert abs(sum(s == "s0" for s, _ in pairs) - 20) <= 1


def test_requests_that_cannot_be_met_are_refused(root):
    def asked(*fields):
        return {"t": Request(fields, 1, nothing)}

    with pytest.raises(ThfmError, match="task t wants 'deepness', no field of a clip"):
        build_loader(config(root), asked("deepness"), 1)
    with pytest.raises(ThfmError, match="task t wants smplx"):
        build_loader(config(root), asked("smplx"), 1)
    with pytest.raises(ThfmError, match="optical flow, which holds from frame to frame"):
        build_loader(config(root, strides={1: 1, 2: 1}), asked("flow_forward"), 1)
    with pytest.raises(ThfmError, match="no clip has the fields of task t .semantics."):
        build_loader(config(root), asked("semantics"), 1)
