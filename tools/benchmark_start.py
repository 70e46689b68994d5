"""How long a warm worker takes until it renders: seconds of a clip's geometry, by the number of its people.

    python tools/benchmark_start.py
    python tools/benchmark_start.py --config configs/synth/crowd.yaml --clips 20

One thread. Clips whose draw is turned down on the way count as well: their worker was busy with them.
"""

from __future__ import annotations

import os

from synth.threads import ONE_THREAD

os.environ.update(ONE_THREAD)  # before numpy and torch are imported

import argparse  # noqa: E402
import contextlib  # noqa: E402
import statistics  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from collections import defaultdict  # noqa: E402
from pathlib import Path  # noqa: E402

from synth.config import GenerateConfig, load_config  # noqa: E402
from synth.conventions import ClipRejected  # noqa: E402
from synth.make import clip_geometry, clip_spec  # noqa: E402


def seconds_of(config: GenerateConfig, index: int, log: Path) -> tuple[int, float]:
    """Number of people of a clip, and how long its first draw took."""
    spec = clip_spec(config, index)
    start = time.perf_counter()
    with contextlib.suppress(ClipRejected):
        clip_geometry(spec, config, log)
    return len(spec.people), time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", default="configs/synth/default.yaml")
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE")
    args = parser.parse_args()
    config = load_config(args.config, args.overrides)
    by_people: dict[int, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        seconds_of(config, 0, Path(folder, "log"))  # warms up: assets are read, loops compiled
        for index in range(args.clips):
            people, seconds = seconds_of(config, index, Path(folder, "log"))
            by_people[people].append(seconds)
    for people, found in sorted(by_people.items()):
        print(f"{people} people: median {statistics.median(found):.1f} s, most {max(found):.1f} s ({len(found)} clips)")
    everything = [s for found in by_people.values() for s in found]
    soon = sum(s <= 5.0 for s in everything) / len(everything)
    print(f"all: mean {statistics.mean(everything):.1f} s; {100 * soon:.0f} % within 5 s")


if __name__ == "__main__":
    main()
