"""What labels cost next to colour: seconds a frame by stage, for a few clips of one configuration.

python tools/benchmark_labels.py --clips 3 --frames 6 --size 832x480 --samples 16
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from synth.config import load_config
from synth.make import make_clip

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=3)
    parser.add_argument("--frames", type=int, default=6)
    parser.add_argument("--size", default="832x480", help="WIDTHxHEIGHT")
    parser.add_argument("--samples", type=int, default=16)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--no-denoise", action="store_true")
    args = parser.parse_args()
    width, height = args.size.split("x")
    config = load_config(
        ROOT / "configs/synth/default.yaml",
        [
            f"spec.video.frames={args.frames}",
            f"spec.video.width={width}",
            f"spec.video.height={height}",
            f"render.samples={args.samples}",
            f"render.threads={args.threads}",
            f"render.denoise={str(not args.no_denoise).lower()}",
        ],
    )
    rows: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as logs:
        for index in range(args.clips):
            clip, _ = make_clip(config, index, Path(logs))
            for stage, seconds in clip.seconds.items():
                rows.setdefault(stage, []).append(seconds / args.frames)
    median = {stage: statistics.median(values) for stage, values in rows.items()}
    print(f"{args.clips} clips of {args.frames} frames, {args.size}, {args.samples} samples, {args.threads} threads")
    for stage, seconds in median.items():
        print(f"{stage:>12}  {seconds:8.3f} s a frame")
    labels = median["visibility"] + median["labels"]
    print(f"labels cost {100 * labels / median['colour']:.1f} % of colour")


if __name__ == "__main__":
    main()
