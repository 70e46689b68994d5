"""Runs of ``thfm-synth generate`` in the background, and eyes on what they do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.conftest import ROOT, SMALLER, TINY, thfm_synth
from tests.conftest import environment as usual

PATIENCE = 300.0  # seconds
FAULTS = {"PYTHONPATH": f"{ROOT / 'tests' / 'cluster' / 'faults'}{os.pathsep}{ROOT}"}  # see sitecustomize.py there


def arguments(out: Path | str, *overrides: str) -> tuple[object, ...]:
    """Of the command that makes the data set of the ``tiny_dataset`` fixture, or a variation of it."""
    return "generate", TINY, "--out", out, *SMALLER, *overrides


@contextmanager
def started(out: Path, *overrides: str, environment: dict[str, str] | None = None) -> Iterator[subprocess.Popen]:
    """A run in a process group of its own, as a terminal would start it; killed when the block ends.

    Args:
        environment: on top of the usual one.
    """
    with open(out.with_suffix(".log"), "ab") as sink:
        process = subprocess.Popen(
            thfm_synth(*arguments(out, *overrides)),
            env=usual() | (environment or {}), cwd=ROOT, stdout=sink, stderr=sink, start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def finished(
    out: Path | str, *overrides: str, environment: dict[str, str] | None = None, before: Sequence[str] = ()
) -> tuple[int, str]:
    """A run from its start to its end: exit code, and what it said. ``before`` is a command that runs commands."""
    command = [*before, *thfm_synth(*arguments(out, *overrides))]
    done = subprocess.run(
        command, env=usual() | (environment or {}), cwd=ROOT, capture_output=True, text=True, timeout=900, check=False
    )
    return done.returncode, done.stdout + done.stderr


def report(out: Path) -> dict:
    """What the last run says that it did."""
    return json.loads((out / "logs" / "report.json").read_text())


def wait_for(condition: Callable[[], object], process: subprocess.Popen) -> None:
    """Until ``condition`` holds; an error if the run ends before."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None, "the run ended too early"
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.05)


def kept_clips(out: Path) -> set[str]:
    """Keys that are staged."""
    return {p.stem for p in (out / ".staging").glob("*.tar")}


def rendered_frames(out: Path, key: str) -> int:
    """Colour frames that Blender has begun for a clip, over all runs, by its log."""
    log = out / "logs" / f"{key}.log"
    return log.read_text(errors="replace").count("colour.exr") if log.is_file() else 0


def _processes() -> tuple[dict[int, int], dict[int, str]]:
    """Parent and title of every process."""
    parents, titles = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            pid = int(folder.name)
            parents[pid] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            titles[pid] = (folder / "cmdline").read_bytes().decode(errors="replace")
        except (OSError, ValueError):
            continue
    return parents, titles


def below(driver: int) -> dict[int, str]:
    """Process ids and titles of all that a run has started."""
    parents, titles = _processes()
    family = {driver}
    while new := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= new
    return {pid: titles.get(pid, "") for pid in family - {driver}}


def clip_workers(driver: int, task: str = "make_and_stage") -> list[int]:
    """Process ids of the Ray workers of a run that are making a clip now, or are at another task."""
    return [pid for pid, title in below(driver).items() if title.startswith(f"ray::{task}")]


def renderers(driver: int) -> list[int]:
    """Process ids of those in which its clips are made."""
    return [pid for pid, title in below(driver).items() if "synth.cluster.child" in title]


def cut_power(process: subprocess.Popen) -> None:
    """End a run and all that it has started, as a failing machine would."""
    family = below(process.pid)
    process.kill()
    for pid in family:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
    end = time.monotonic() + PATIENCE
    while any(Path(f"/proc/{pid}/exe").exists() for pid in family) and time.monotonic() < end:
        time.sleep(0.05)


def contents(out: Path) -> dict[str, bytes]:
    """Everything that a data set consists of, by name: manifest, shards, their records."""
    return {p.name: p.read_bytes() for p in sorted(out.iterdir()) if p.is_file()}
