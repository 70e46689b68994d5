"""How near a run comes to the limit: what more workers bring, what is done beside colour, how long workers idle.

    python tools/benchmark_workers.py
    python tools/benchmark_workers.py --workers 1 4 8 spec.video.frames=81 clips=32

Makes the same data set once with each number of workers, one thread each.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_SMALL = ["clips=8", "spec.video.frames=9", "spec.video.width=416", "spec.video.height=240"]


def generate(config: str, overrides: list[str], workers: int) -> dict:
    """Summary of a run."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "synth.cli", "generate", config, "--out", str(Path(folder, "set")), "--json"]
        done = subprocess.run(
            [*command, *overrides, f"cluster.workers={workers}"], cwd=ROOT, capture_output=True, text=True
        )
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", default="configs/synth/default.yaml")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", default=_SMALL)
    args = parser.parse_args()
    first = None
    for workers in args.workers:
        run = generate(args.config, args.overrides, workers)
        stages, made = run["stage_seconds"], run["made"]
        per_hour = 3600 * made / run["working_seconds"]
        first = first or per_hour
        print(f"{workers} workers: {per_hour:.1f} clips an hour ({per_hour / first:.2f} x), {made} clips")
        rest = sum(stages.values()) - stages["colour"]
        print(f"  beside colour ({stages['colour'] / made:.1f} s a clip): {100 * rest / stages['colour']:.1f} % on top")
        print("   " + ", ".join(f"{name} {100 * s / stages['colour']:.1f}" for name, s in stages.items()))
        clips = sum(run["clip_seconds"]) + sum(run["ahead_seconds"])
        unstaged = clips - sum(stages.values())
        print(f"  between stages and for rejected draws: {100 * unstaged / clips:.1f} % of their time")
        capacity = workers * run["working_seconds"]
        busy = clips + run["start_seconds"]
        print(
            f"  idle: {100 * (1 - busy / capacity):.1f} %, {run['start_seconds'] / max(1, run['starts']):.1f} s a start"
        )


if __name__ == "__main__":
    main()
