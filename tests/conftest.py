"""What tests of several rooms share: the command line as a user runs it, and one small data set made by it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

# A shell that runs tests in the background lets them, and all that they start, ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parents[1]
TINY = ROOT / "configs" / "synth" / "tiny.yaml"
# The least that still shows every label: 3 clothed clips in two shards.
SMALLER = ("spec.video.frames=2", "spec.video.width=64", "spec.video.height=64", "render.samples=1")


def environment() -> dict[str, str]:
    """The environment of a command: this checkout, and no caller's Ray cluster."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("RAY_")}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def thfm_synth(*arguments: object) -> list[str]:
    """The command line of ``thfm-synth`` in this Python."""
    return [sys.executable, "-m", "synth.cli", *map(str, arguments)]


def run_synth(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run ``thfm-synth`` to its end; output as text."""
    return subprocess.run(
        thfm_synth(*arguments), env=environment(), cwd=ROOT, capture_output=True, text=True, timeout=900, check=False
    )


@pytest.fixture(scope="session")
def tiny_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of 3 clips, 2 frames of 64 x 64, made by the real command on all cores. Copy it to change it."""
    out = tmp_path_factory.mktemp("tiny") / "dataset"
    done = run_synth("generate", TINY, "--out", out, *SMALLER)
    assert done.returncode == 0, done.stderr
    return out
