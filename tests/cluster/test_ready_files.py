"""The files of configs/cluster are what Ray, Slurm and Kubernetes expect, and start runs that begin."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from synth.config import load_config
from tests.conftest import ROOT

FILES = ROOT / "configs" / "cluster"


@pytest.mark.parametrize("name", ["aws-spot.yaml", "machines.yaml"])
def test_rays_launcher_takes_the_file(name: str) -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config

    validate_config(prepare_config(yaml.safe_load((FILES / name).read_text())))


def commands() -> list[tuple[str, str]]:
    """(file, command line) of every ``thfm-synth generate`` in the files and their page."""
    found = []
    for path in [*FILES.iterdir(), ROOT / "docs" / "cluster.md"]:
        text = re.sub(r"\n#? +", " ", path.read_text())
        found += [(path.name, line) for line in re.findall(r"thfm-synth generate (?:/thfm/)?(configs/[^'`\n]*)", text)]
    return found


def test_every_command_of_the_files_has_a_config_that_loads() -> None:
    assert {name for name, _ in commands()} >= {"aws-spot.yaml", "machines.yaml", "kuberay-rayjob.yaml"}
    for name, line in commands():
        config, *rest = shlex.split(line)
        loaded = load_config(ROOT / config, [word for word in rest if re.match(r"[a-z_.]+=", word)])
        assert "--out" in rest and loaded.cluster.address == "auto", name


def test_the_ray_job_names_the_installed_ray_and_its_drivers_node_makes_no_clip() -> None:
    pins = (ROOT / "requirements.lock").read_text()
    job = yaml.safe_load((FILES / "kuberay-rayjob.yaml").read_text())["spec"]
    assert f"\nray=={job['rayClusterSpec']['rayVersion']}\n" in pins
    assert job["rayClusterSpec"]["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"


def test_slurms_script_starts_raylets_and_a_run_and_is_queued_again_when_stopped(tmp_path: Path) -> None:
    """With a Slurm and a toolkit that write down what they are asked."""
    said = tmp_path / "said"
    for name, body in {
        "scontrol": f'case $1 in show) printf "n1\\nn2\\nn3\\n";; *) echo "scontrol $*" >> {said};; esac',
        "srun": f'echo "srun $*" >> {said}',
        "ray": "exit 0",
        "thfm-synth": f'echo "thfm-synth $* at $RAY_ADDRESS" >> {said}; kill -INT $PPID; sleep 1; exit 130',
    }.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{body}\n")
        (tmp_path / name).chmod(0o755)
    slurm = {
        "SLURM_JOB_ID": "77",
        "SLURM_JOB_NUM_NODES": "3",
        "SLURM_JOB_NODELIST": "n[1-3]",
        "SLURM_CPUS_PER_TASK": "8",
    }
    done = subprocess.run(
        ["bash", FILES / "slurm.sh", "configs/synth/default.yaml", "--out", "/shared/people"],
        env=os.environ | slurm | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "THFM_BIN": str(tmp_path)},
        capture_output=True, text=True, timeout=60, check=False, start_new_session=True,
    )  # fmt: skip
    assert done.returncode == 130, done.stderr
    lines = said.read_text().splitlines()
    assert any("-w n1" in line and "--head --port=20077 --num-cpus=8" in line for line in lines)
    assert any("--nodes=2" in line and "--exclude=n1" in line and "--address=n1:20077" in line for line in lines)
    assert "thfm-synth generate configs/synth/default.yaml --out /shared/people at n1:20077" in lines
    assert lines[-1] == "scontrol requeue 77"
