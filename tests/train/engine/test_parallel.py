"""Several processes learn what one would, copied (DDP) or sharded (FSDP2), and hand checkpoints on to one another."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from tests.conftest import ROOT, environment
from tests.train.engine.runs import curve, log_of, train, write_config

STEPS = 6


@pytest.fixture(scope="module")
def alone(figures, tmp_path_factory):
    """(config, run) of one process that adds up two batches a step, of a dense and a sparse task mixed."""
    folder = tmp_path_factory.mktemp("alone")
    config = write_config(folder / "config.yaml", *figures, steps=STEPS, validate_every=3)
    assert train(config, folder / "run", ["engine.accumulation=2"]) == [0]
    return config, folder / "run"


def assert_same(run: Path, other: Path, tolerance: float = 2e-4) -> None:
    """Equal curves and weights up to rounding, which Adam's first steps make larger where a gradient is about 0."""
    assert len(curve(run)) == len(curve(other)) == STEPS + 2
    for ours, theirs in zip(curve(run), curve(other), strict=True):
        assert ours.keys() == theirs.keys()
        for name, value in ours.items():
            assert value == pytest.approx(theirs[name], rel=tolerance, abs=tolerance), (ours["step"], name)
    for name in ("transformer/diffusion_pytorch_model.safetensors", "tokens/model.safetensors"):
        ours, theirs = load_file(run / "final" / name), load_file(other / "final" / name)
        assert ours.keys() == theirs.keys()
        for key, tensor in ours.items():
            np.testing.assert_allclose(tensor, theirs[key], rtol=1e-3, atol=1e-4, err_msg=key)


@pytest.mark.parametrize("fsdp", ["false", "true"])
def test_two_processes_equal_one_with_twice_the_accumulation(alone, tmp_path, fsdp):
    config, run = alone
    assert train(config, tmp_path / "run", [f"engine.fsdp={fsdp}"], world=2) == [0, 0], log_of(
        tmp_path / "run"
    ).read_text()
    assert_same(tmp_path / "run", run)


@pytest.mark.parametrize("kind", ["full", "lora"])
def test_of_sharded_processes_the_first_alone_reads_weights(alone, tmp_path, kind):
    config, run = alone
    for machine in ("others", "last"):
        shutil.copytree(run / "final", tmp_path / machine / "pretrained")
    next((tmp_path / "last/pretrained/transformer").glob("*.safetensors")).unlink()
    changes = ["model.init=null", f"engine.train={kind}"]
    path = tmp_path / "others/pretrained"
    assert train(config, tmp_path / "one", [*changes, f"model.path={path}", "engine.accumulation=2"]) == [0]
    sharded = [*changes, "model.path=pretrained", "engine.fsdp=true"]
    codes = train(config, tmp_path / "two", sharded, world=2, sabotage=(0, "own machine"))
    assert codes == [0, 0], log_of(tmp_path / "two").read_text()
    assert_same(tmp_path / "two", tmp_path / "one")


def test_accumulation_within_processes_exchanges_gradients_once(figures, tmp_path):
    config = write_config(tmp_path / "config.yaml", *figures, {"tasks.keypoints2d.ratio": 0}, steps=2)
    assert train(config, tmp_path / "one", ["engine.accumulation=4"]) == [0]
    for fsdp in ("false", "true"):
        run = tmp_path / f"two-{fsdp}"
        assert train(config, run, ["engine.accumulation=2", f"engine.fsdp={fsdp}"], world=2) == [0, 0]
        for ours, theirs in zip(curve(run)[:2], curve(tmp_path / "one")[:2], strict=True):
            assert ours["gradient_norm"] == pytest.approx(theirs["gradient_norm"], rel=1e-4)


def test_a_sharded_run_is_resumed_by_one_process_and_by_copies(alone, tmp_path):
    config, run = alone
    half = [f"engine.steps={STEPS // 2}"]
    assert train(config, tmp_path / "run", [*half, "engine.fsdp=true"], world=2) == [0, 0]
    files = sorted(p.name for p in (tmp_path / "run/checkpoints/step-00000003").iterdir())
    assert files == [
        "manifest.json", "state-00000-of-00002.safetensors", "state-00001-of-00002.safetensors", "state.json"
    ]  # fmt: skip
    assert train(config, tmp_path / "run", mode="resume", world=2) == [0, 0], log_of(tmp_path / "run").read_text()
    assert_same(tmp_path / "run", run)
    assert "set engine.accumulation to keep them" not in log_of(tmp_path / "run").read_text()
    assert train(config, tmp_path / "run", [f"engine.steps={STEPS + 1}"], mode="resume") == [0]
    assert (
        "a step had 4 clips (processes x batch_size x accumulation) until now, and has 2"
        in log_of(tmp_path / "run").read_text()
    )


def test_machines_with_other_shards_are_refused(figures, tmp_path):
    for machine, clips in zip(("others", "last"), figures, strict=True):
        (tmp_path / machine).mkdir()
        (tmp_path / machine / "clips").symlink_to(clips)
    config = write_config(tmp_path / "config.yaml", Path("clips"), figures[1], steps=STEPS)
    codes = train(config, tmp_path / "run", sabotage=(0, "own machine"), world=2)
    assert codes[0] == 1 and codes[1]  # the second may lose its group to the first one's end
    assert "the processes see different shards" in log_of(tmp_path / "run").read_text()


def test_accelerate_launches_the_command(figures, tmp_path):
    config = write_config(
        tmp_path / "config.yaml", *figures, {"tasks.keypoints2d.ratio": 0}, steps=STEPS, validate_every=3
    )
    assert train(config, tmp_path / "alone", ["engine.accumulation=2"]) == [0]
    launch = [
        sys.executable,
        "-m",
        "accelerate.commands.launch",
        "--multi_gpu",
        "--num_processes=2",
        "--num_machines=1",
    ]
    command = [
        *launch,
        "--num_processes=2",
        "--mixed_precision=no",
        "--dynamo_backend=no",
        "-m",
        "train.cli",
        "fit",
        config,
    ]
    command += ["--out", tmp_path / "run", f"engine.steps={STEPS}"]
    done = subprocess.run(
        list(map(str, command)), cwd=ROOT, env=environment() | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True,
        timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("done: ") == 1, "only the first process speaks"
    assert_same(tmp_path / "run", tmp_path / "alone")
