"""The loop on Ray's workers is the loop."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import ROOT, environment
from tests.train.engine.runs import curve, train, write_config


def test_ray_workers_learn_what_launched_processes_do(figures, tmp_path):
    config = write_config(tmp_path / "config.yaml", *figures, steps=2)
    command = [sys.executable, "-m", "train.cli", "fit", config, "--out", tmp_path / "run", "--ray-workers", "2"]
    done = subprocess.run(
        list(map(str, command)), cwd=ROOT, env=environment() | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True,
        timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert train(config, tmp_path / "other", world=2) == [0, 0]
    assert curve(tmp_path / "run") == curve(tmp_path / "other")
