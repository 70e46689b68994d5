"""Checkpoints are whole or not there, hold what was put in, and only those wanted are kept."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors import safe_open

from synth.conventions import ThfmError
from train.engine import checkpoint
from train.engine.checkpoint import Writer, complete_checkpoints, faults, load_state, load_tensors
from train.engine.pieces import read_pieces, write_pieces
from train.engine.randomness import random_kept, random_state, restore_random_state, seed_everything


def tensors(seed: int) -> dict[str, torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    return {
        "weights/a": torch.randn(5, 3, generator=random).T,  # not contiguous
        "moments/a/step": torch.tensor(float(seed)),
        "weights/b": torch.randn(4, generator=random).bfloat16(),
    }


def save(folder, steps, scores=None, **options) -> Writer:
    writer = Writer(folder, 0, 1, **{"keep_last": 2, "keep_best": 0, **options})
    for k, step in enumerate(steps):
        writer.begin(step)
        writer.save(step, tensors(step), {"step": step, "x": [0.1, None]}, scores[k] if scores else None)
    writer.wait()
    return writer


def test_what_comes_back_is_what_went_in(tmp_path):
    save(tmp_path, [7])
    (path,) = complete_checkpoints(tmp_path)
    assert path.name == "step-00000007" and faults(path) is None
    assert load_state(path) == {"step": 7, "x": [0.1, None]}
    wanted, read = tensors(7), {name: torch.zeros_like(t) for name, t in tensors(7).items()}
    load_tensors(path, read)
    for name, tensor in wanted.items():
        assert torch.equal(read[name], tensor) and read[name].dtype == tensor.dtype
    with safe_open(path / "state-00000-of-00001.safetensors", "pt") as file:  # the bare library reads it
        assert torch.equal(file.get_tensor("weights/a"), wanted["weights/a"])
    assert sorted(json.loads((path / "manifest.json").read_text())["files"]) == sorted(
        p.name for p in path.iterdir() if p.name != "manifest.json"
    )


def test_what_was_saved_is_the_moment_of_saving(tmp_path):
    writer, mine = Writer(tmp_path, 0, 1, 2, 0), tensors(1)
    writer.begin(1)
    writer.save(1, mine, {})
    for tensor in mine.values():
        tensor.zero_()  # training goes on while the thread writes
    writer.wait()
    read = {name: torch.zeros_like(t) for name, t in mine.items()}
    load_tensors(complete_checkpoints(tmp_path)[0], read)
    assert all(torch.equal(read[name], t) for name, t in tensors(1).items())


def test_the_last_and_the_best_are_kept(tmp_path):
    save(tmp_path, [1, 2, 3, 4, 5, 6], [0.5, 0.1, None, 0.2, 0.9, 0.8], keep_last=1, keep_best=2)
    assert [p.name[-1] for p in complete_checkpoints(tmp_path)] == ["2", "4", "6"]


@pytest.mark.parametrize("harm", ["cut", "flip", "gone", "no manifest", "cut manifest"])
def test_every_harm_is_noticed(tmp_path, harm):
    save(tmp_path, [1])
    (path,) = complete_checkpoints(tmp_path)
    file, manifest = path / "state-00000-of-00001.safetensors", path / "manifest.json"
    content = file.read_bytes()
    if harm == "cut":
        file.write_bytes(content[:-1])
    elif harm == "flip":
        file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif harm == "gone":
        file.unlink()
    elif harm == "no manifest":
        manifest.unlink()
    else:
        manifest.write_text(manifest.read_text()[:-9])
    parts = [faults(path, part, 3) for part in range(3)]  # three processes share the work
    assert any(parts) and (file.name in "".join(filter(None, parts)) or "manifest.json" in parts[0])


def test_a_failed_write_is_told_at_the_next_save_and_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    writer = save(tmp_path, [1])
    monkeypatch.setattr(checkpoint, "write_pieces", full)
    writer.begin(2)
    writer.save(2, tensors(2), {})
    with pytest.raises(ThfmError, match="could not be written .*No space left on device.*is the disk full"):
        writer.begin(3)
    assert [p.name for p in complete_checkpoints(tmp_path)] == ["step-00000001"]


def test_another_model_is_refused(tmp_path):
    save(tmp_path, [1])
    (path,) = complete_checkpoints(tmp_path)
    with pytest.raises(ThfmError, match="weights/c is missing in the checkpoint"):
        load_tensors(path, tensors(1) | {"weights/c": torch.zeros(1)})
    with pytest.raises(ThfmError, match=r"weights/b has shape \[4\] in the checkpoint, but \[5\] in the model"):
        load_tensors(path, tensors(1) | {"weights/b": torch.zeros(5)})


def test_slices_of_any_sizes_make_the_whole(tmp_path):
    whole = torch.randn(10, 2)
    for k, (start, stop) in enumerate([(0, 3), (3, 6), (6, 9), (9, 10)]):
        write_pieces(tmp_path / f"{k}.safetensors", {"w": (whole[start:stop].clone(), start, [10, 2])})
    read = {"w": torch.zeros(10, 2)}
    read_pieces(sorted(tmp_path.iterdir()), read)
    assert torch.equal(read["w"], whole)
    with pytest.raises(ThfmError, match="w has 7 of 10 rows"):
        read_pieces(sorted(tmp_path.iterdir())[:2] + sorted(tmp_path.iterdir())[3:], read)


def test_randomness_goes_on_where_it_stopped():
    import random

    import numpy as np

    seed_everything(3, 1)
    state = json.loads(json.dumps(random_state()))
    first = (random.random(), np.random.rand(), np.random.randn(), torch.rand(2).tolist())
    restore_random_state(state)
    with random_kept():
        torch.rand(5)
    assert (random.random(), np.random.rand(), np.random.randn(), torch.rand(2).tolist()) == first
