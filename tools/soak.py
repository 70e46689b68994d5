"""Makes a data set while killing what makes it, at random; it must end valid, and as one left alone, to the byte.

    python tools/soak.py --minutes 60
    python tools/soak.py --minutes 5 --every 10 render.samples=1

Whenever the run has ended, it is started again. Every so often something happens to it: its renderer, its Ray worker
or its raylet is killed, its driver is killed, Ctrl-C is pressed, its renderer stands still for a while. When the time
is over it is left in peace. Each round makes a data set of another seed, until the time is over.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "configs" / "synth" / "tiny.yaml"
COMMAND = [sys.executable, "-m", "synth.cli"]


def family(driver: int) -> dict[int, str]:
    """Process id -> command of all that a process has started."""
    parents, titles = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            titles[int(folder.name)] = (folder / "cmdline").read_bytes().decode(errors="replace")
    found = {driver}
    while new := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= new
    return {pid: titles.get(pid, "") for pid in found - {driver}}


def _kill_one(driver: int, name: str) -> bool:
    victims = [pid for pid, title in family(driver).items() if name in title]
    if victims:
        with suppress(ProcessLookupError):
            os.kill(random.choice(victims), signal.SIGKILL)
    return bool(victims)


def _stand_still(driver: int) -> bool:
    victims = [pid for pid, title in family(driver).items() if "synth.cluster.child" in title]
    for pid in victims[:1]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            time.sleep(5)
            os.kill(pid, signal.SIGCONT)
    return bool(victims)


def _signal_driver(driver: int, number: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(driver, number)
    return True


EVENTS = {
    "renderer killed": lambda driver: _kill_one(driver, "synth.cluster.child"),
    "Ray worker killed": lambda driver: _kill_one(driver, "ray::make_and_stage"),
    "Ray worker that draws killed": lambda driver: _kill_one(driver, "ray::draw_ahead"),
    "raylet killed": lambda driver: _kill_one(driver, "raylet/raylet"),
    "renderer stopped for 5 s": _stand_still,
    "driver killed": lambda driver: _signal_driver(driver, signal.SIGKILL),
    "Ctrl-C": lambda driver: _signal_driver(driver, signal.SIGINT),
}


def disturbed(arguments: list[str], end: float, every: float) -> Counter[str]:
    """Run the command again and again until it succeeds; until ``end`` things happen to it. Returns what did."""
    happened: Counter[str] = Counter()
    while True:
        with open(os.devnull, "w") as nowhere:
            run = subprocess.Popen(
                [*COMMAND, *arguments], cwd=ROOT, stdout=nowhere, stderr=nowhere, start_new_session=True
            )
        happened["started"] += 1
        following = time.monotonic() + random.expovariate(1 / every)
        while run.poll() is None:
            time.sleep(0.2)
            if following < time.monotonic() < end:
                name = random.choice(list(EVENTS))
                if EVENTS[name](run.pid):
                    happened[name] += 1
                following = time.monotonic() + random.expovariate(1 / every)
        if run.returncode == 0:
            return happened
        if run.returncode not in (1, 3, 130, -signal.SIGKILL):
            raise SystemExit(f"the run ended with exit code {run.returncode}")
        if time.monotonic() > end + 3600:
            raise SystemExit("the run does not come to its end, though it is left in peace")


def compared(one: Path, other: Path) -> list[str]:
    """Names of the files of two data sets that differ."""
    names = {p.name for folder in (one, other) for p in folder.iterdir() if p.is_file()}
    _, differ, missing = filecmp.cmpfiles(one, other, sorted(names), shallow=False)
    return differ + missing


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--every", type=float, default=20, help="seconds between two events, on average")
    parser.add_argument("--clips", type=int, default=12, help="of each round")
    parser.add_argument("--out", type=Path, default=Path("out/soak"))
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="of configs/synth/tiny.yaml")
    args = parser.parse_args()
    end, round_, total = time.monotonic() + 60 * args.minutes, 0, Counter()
    while not round_ or time.monotonic() < end:
        round_ += 1
        seed = random.randrange(10**6)
        spoiled, whole = (args.out / f"{seed}-{name}" for name in ("disturbed", "whole"))
        options = [f"clips={args.clips}", f"seed={seed}", *args.overrides]
        happened = disturbed(["generate", str(CONFIG), "--out", str(spoiled), *options], end, args.every)
        subprocess.run([*COMMAND, "generate", str(CONFIG), "--out", str(whole), *options], cwd=ROOT, check=True)
        differ = compared(spoiled, whole)
        total += happened
        print(
            f"round {round_}, seed {seed}: {dict(happened)}; " + (f"DIFFER: {differ}" if differ else "same"), flush=True
        )
        if differ or subprocess.run([*COMMAND, "validate", str(spoiled)], cwd=ROOT, check=False).returncode:
            raise SystemExit(1)
    print(f"{round_} data sets, {sum(total.values())} events: {dict(total)}. All valid, all the same to the byte.")


if __name__ == "__main__":
    main()
