"""``thfm-train convert`` as a user types it, and how much memory it takes."""

import subprocess
import sys

import numpy as np
from typer.testing import CliRunner

from tests.conftest import ROOT, environment
from tests.train.convert import checkpoint
from train.cli import app


def run(*arguments):
    return CliRunner().invoke(app, ["convert", *map(str, arguments)])


def test_there_and_back(tmp_path):
    npz = checkpoint.write(tmp_path / "release", checkpoint.to_bfloat16(checkpoint.tree()))
    done = run("genception", tmp_path / "release", tmp_path / "ours")
    assert done.exit_code == 0 and done.stdout == f"{tmp_path / 'ours'}: bfloat16, depth, normals\n", done.stderr
    done = run("genception", tmp_path / "ours", tmp_path / "back")
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / "back" / npz.name).read_bytes() == npz.read_bytes()
    (tmp_path / "run").mkdir()
    (tmp_path / "ours").rename(tmp_path / "run" / "final")  # as training leaves it: predict takes RUN, and so does this
    done = run("genception", tmp_path / "run", tmp_path / "again")
    assert done.exit_code == 0 and (tmp_path / "again" / npz.name).read_bytes() == npz.read_bytes(), done.stderr


def test_errors_are_one_line_and_help_has_examples(tmp_path):
    done = run("genception", tmp_path / "nowhere", tmp_path / "out")
    assert done.exit_code == 1 and done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    checkpoint.write(tmp_path / "release", checkpoint.tree(), prompts=())
    for wrong, words in (("--prompt=depth", "write TASK=FILE"), ("--dtype=float16", "write float32 or bfloat16")):
        done = run("genception", tmp_path / "release", tmp_path / "out", wrong)
        assert done.exit_code == 1 and words in done.stderr and not (tmp_path / "out").exists()
    done = run("genception", "--help")
    assert done.exit_code == 0 and "Examples" in done.stdout


PROGRAM = """
import sys
from pathlib import Path
from train.inference.genception import to_folder
from train.inference.genception_back import to_release
from train.inference.genception_source import find_source

def peak():
    line = next(x for x in Path("/proc/self/status").read_text().splitlines() if x.startswith("VmHWM"))
    return int(line.split()[1]) // 1024

small, release, ours, back = map(Path, sys.argv[1:])
to_folder(find_source(small), small / "ours", {})
to_release(small / "ours", small / "back")
before = peak()
to_folder(find_source(release), ours, {})
to_release(ours, back)
print(before, peak())
"""


def test_memory_is_that_of_a_block_not_of_the_checkpoint(tmp_path):
    """24 blocks of 8 MB: 200 MB there and 200 MB back, in a few blocks of memory."""
    sizes = {"layers": 24, "width": 384, "ffn": 1024}
    members = {name: np.zeros(shape, np.float32) for name, shape in checkpoint.listing(**sizes).items()}
    config = {"attention_head_dim": 24, "height": 32, "width": 48}
    npz = checkpoint.write(tmp_path / "large", members, config)
    checkpoint.write(tmp_path / "small", checkpoint.tree())
    folders = [tmp_path / name for name in ("small", "large", "ours", "back")]
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM, *folders], env=environment(), cwd=ROOT, capture_output=True, text=True
    )
    assert found.returncode == 0, found.stderr
    before, after = map(int, found.stdout.split())
    size = npz.stat().st_size >> 20
    print(f"{size} MB: {before} MB, then {after} MB")
    assert size > 180 and after - before < 60
    assert (tmp_path / "back" / npz.name).read_bytes() == npz.read_bytes()
