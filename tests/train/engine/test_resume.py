"""A run that was killed or told to stop goes on as if nothing had happened, to the bit."""

from __future__ import annotations

import random
import signal

import pytest
from safetensors.torch import load_file

from tests.train.engine.runs import curve, log_of, train, write_config

STEPS = 12


@pytest.fixture(scope="module")
def whole(figures, tmp_path_factory):
    """(config, run) of a run that nothing disturbed; losses are logged over windows that no checkpoint ends."""
    folder = tmp_path_factory.mktemp("whole")
    options = {"steps": STEPS, "checkpoint_every": 4, "log_every": 3, "validate_every": 5}
    config = write_config(folder / "config.yaml", *figures, **options)
    assert train(config, folder / "run") == [0]
    return config, folder / "run"


def same_result(run, whole) -> None:
    assert curve(run) == curve(whole)
    for name in ("transformer/diffusion_pytorch_model.safetensors", "tokens/model.safetensors"):
        assert (run / "final" / name).read_bytes() == (whole / "final" / name).read_bytes()


def test_killed_at_a_random_step(whole, tmp_path):
    config, run = whole
    step = random.randint(5, STEPS)
    assert train(config, tmp_path / "run", sabotage=(step, signal.SIGKILL)) == [-signal.SIGKILL]
    assert train(config, tmp_path / "run", mode="resume") == [0], f"killed in step {step}"
    same_result(tmp_path / "run", run)


def test_killed_while_writing_a_checkpoint(whole, tmp_path):
    config, run = whole
    assert train(config, tmp_path / "run", sabotage=(8, "kill while writing")) == [-signal.SIGKILL]
    assert [p.name for p in sorted((tmp_path / "run/checkpoints").iterdir())][:2] == [
        ".unfinished-00000008",
        "step-00000004",
    ]
    assert train(config, tmp_path / "run") == [0]
    same_result(tmp_path / "run", run)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_told_to_stop_it_finishes_the_step_saves_and_leaves(whole, tmp_path, number, code):
    config, run = whole
    assert train(config, tmp_path / "run", sabotage=(7, number)) == [code]
    assert (tmp_path / "run/checkpoints/step-00000007/manifest.json").exists()
    assert train(config, tmp_path / "run", mode="resume") == [0]
    same_result(tmp_path / "run", run)


def test_a_damaged_checkpoint_is_passed_over(whole, tmp_path):
    config, run = whole
    assert train(config, tmp_path / "run", sabotage=(11, signal.SIGKILL)) == [-signal.SIGKILL]
    newest = tmp_path / "run/checkpoints/step-00000008"
    path = next(newest.glob("*.safetensors"))
    content = bytearray(path.read_bytes())
    content[-50] ^= 1
    path.write_bytes(content)
    assert train(config, tmp_path / "run") == [0]
    log = log_of(tmp_path / "run").read_text()
    assert "step-00000008 is passed over: state-00000-of-00001.safetensors has another checksum" in log
    same_result(tmp_path / "run", run)


def test_a_finished_run_is_left_alone_and_can_be_prolonged(whole, tmp_path):
    config, run = whole
    assert train(config, tmp_path / "run", ["engine.steps=4"]) == [0]
    assert train(config, tmp_path / "run", ["engine.steps=4"]) == [0]
    assert [line["step"] for line in curve(tmp_path / "run")] == [3, 4, 4]
    assert train(config, tmp_path / "run") == [0]
    assert load_file(tmp_path / "run/final/tokens/model.safetensors").keys()
    assert curve(tmp_path / "run")[-1]["step"] == STEPS
    assert train(config, tmp_path / "run", ["engine.optimiser.lr=0.1"]) == [1]
    assert "was begun with engine.optimiser.lr=0.001, now it is 0.1" in log_of(tmp_path / "run").read_text()
    assert train(config, tmp_path / "new", mode="resume") == [1]
    assert "holds no checkpoint to resume from" in log_of(tmp_path / "new").read_text()
