"""Is ``thfm-synth plan`` right? Plans a small job, does it, and prints what was foretold beside what it took.

python tools/check_plan.py
python tools/check_plan.py --config configs/synth/quickstart.yaml --sample 4 clips=12
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def synth(*arguments: str) -> list[dict]:
    """Run a command of thfm-synth; the lines of JSON that it prints."""
    done = subprocess.run([sys.executable, "-m", "synth.cli", *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", default="configs/synth/tiny.yaml")
    parser.add_argument("--sample", type=int, default=8)
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", default=["clips=40"])
    args = parser.parse_args()
    told = synth("plan", args.config, *args.overrides, "--sample", str(args.sample), "--json")[-1]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "set")
        took = synth("generate", args.config, *args.overrides, "--out", str(out), "--json")[-1]
    busy = (sum(took["clip_seconds"]) + sum(took["ahead_seconds"]) + took["start_seconds"]) / 3600
    for name, foretold, true in (
        ("seconds", told["seconds"], took["seconds"]),
        ("core-hours", told["core_hours"], busy),
        ("bytes", told["bytes"], took["bytes"]),
    ):
        off = 100 * (foretold / true - 1)
        print(f"{name:>10}  foretold {foretold:.4g} ± {100 * told['error']:.0f} %, took {true:.4g}: {off:+.0f} %")


if __name__ == "__main__":
    main()
