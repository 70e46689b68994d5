"""How long a warm worker takes until the first frame of a clip is rendered, by the number of its people: with the draw
that another worker has ready for it, as in a run, and when it has to draw first.

    python tools/benchmark_start.py
    python tools/benchmark_start.py --config configs/synth/crowd.yaml --clips 20

One thread. Draws that are turned down on the way count as well: their worker was busy with them.
"""

from __future__ import annotations

import os

from synth.threads import ONE_THREAD

os.environ.update(ONE_THREAD)  # before numpy and torch are imported

import argparse  # noqa: E402
import pickle  # noqa: E402
import statistics  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from collections import defaultdict  # noqa: E402
from pathlib import Path  # noqa: E402

from synth.cluster.drawn import packed, unpacked  # noqa: E402
from synth.config import GenerateConfig, load_config  # noqa: E402
from synth.conventions import ClipRejected  # noqa: E402
from synth.make import clip_spec, draw_clip, make_clip  # noqa: E402


class Begun(Exception):
    """The first frame is there."""


def _stop_at_first_frame(stage: str, frames: int) -> None:
    raise Begun


def seconds_of(config: GenerateConfig, index: int, logs: Path) -> tuple[int, float, float]:
    """Number of people of a clip, and seconds until its first frame: drawn ahead, and drawn by the same worker."""
    start = time.perf_counter()
    draw = draw_clip(config, index, logs)
    drawing = time.perf_counter() - start
    sent = pickle.dumps(packed(draw, config.bodies.assets), pickle.HIGHEST_PROTOCOL)
    start = time.perf_counter()
    try:
        draw = unpacked(pickle.loads(sent), config.bodies.assets)
        make_clip(config, index, logs, _stop_at_first_frame, draw)
    except Begun:
        rest = time.perf_counter() - start
    return len(clip_spec(config, index, len(draw.rejected)).people), rest, drawing + rest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", default="configs/synth/default.yaml")
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE")
    args = parser.parse_args()
    config = load_config(args.config, args.overrides)
    by_people: dict[int, list[tuple[float, float]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        seconds_of(config, 0, Path(folder))  # warms up: assets are read, loops compiled
        for index in range(args.clips):
            try:
                people, *seconds = seconds_of(config, index, Path(folder))
            except ClipRejected:
                continue
            by_people[people].append(seconds)
    for people, found in sorted(by_people.items()):
        print(f"{people} people ({len(found)} clips): " + _told(found))
    everything = [seconds for found in by_people.values() for seconds in found]
    print("all: " + _told(everything))
    soon = [sum(s <= 5.0 for s in column) / len(everything) for column in zip(*everything, strict=True)]
    print(f"within 5 s: {100 * soon[0]:.0f} % drawn ahead, {100 * soon[1]:.0f} % not")


def _told(found: list[tuple[float, float]]) -> str:
    ahead, alone = zip(*found, strict=True)
    return "; ".join(
        f"{how} median {statistics.median(s):.1f} s, mean {statistics.mean(s):.1f}, most {max(s):.1f}"
        for how, s in (("drawn ahead", ahead), ("not", alone))
    )


if __name__ == "__main__":
    main()
