"""Workers do not outlive a trainer that was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.conftest import ROOT, environment
from tests.train.data.sets import write_set

TRAINER = """
import sys
from train.data import DataConfig, Request, build_loader
from tests.train.data.test_loader import nothing

if __name__ == "__main__":
    config = DataConfig(sources=[{"url": sys.argv[1]}], lengths=[{"frames": 5}], sizes=[(48, 64)], workers=2)
    loader = build_loader(config, {"none": Request((), 1, nothing)}, 2)
    next(loader)
    print("ready", flush=True)
    sys.stdin.read()
"""


def processes(mark: str) -> list[int]:
    """Processes whose environment holds ``mark``."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def test_a_killed_trainer_takes_its_workers_along(tmp_path: Path) -> None:
    root, script, mark = (
        write_set(tmp_path / "set", count=4),
        tmp_path / "trainer.py",
        f"MARK_{tmp_path.name}_{os.getpid()}",
    )
    script.write_text(TRAINER)
    trainer = subprocess.Popen(
        [sys.executable, str(script), root],
        env=environment() | {mark: "1"}, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert trainer.stdout.readline() == "ready\n"
        assert len(processes(mark)) >= 3  # itself and two workers
        trainer.send_signal(signal.SIGKILL)
        trainer.wait()
        deadline = time.monotonic() + 60
        while processes(mark) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert not processes(mark)
    finally:
        for process in processes(mark):
            os.kill(process, signal.SIGKILL)
