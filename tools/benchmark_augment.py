"""What augmentation costs: processor milliseconds a frame of every part alone, and of the shipped settings on average.

python tools/benchmark_augment.py --frames 9 --size 832x480 --clips 40
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from synth.conventions import JOINT_NAMES
from train.data import Sample
from train.data.augment import AugmentConfig, centre_fit, colour, fit

COLOUR = ("gaussian", "motion", "spectrum", "tone", "noise", "saturation", "resample", "jpeg", "video")
MAPS = {
    "depth": (np.float32, ()), "normals": (np.float32, (3,)), "matte": (np.float32, ()), "instances": (np.uint8, ()),
    "parts": (np.uint8, ()), "semantics": (np.uint8, ()), "surface": (np.float32, (3,)),
    "flow_forward": (np.float32, (2,)), "flow_backward": (np.float32, (2,)),
}  # fmt: skip


def moving_texture(frames: int, height: int, width: int) -> np.ndarray:
    """(T, H, W, 3) uint8: sharp edges, fine texture and slow gradients that move, so that codecs have work to do."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    grain = np.random.default_rng(0).normal(0, 12, (height, width + frames * 4, 3))
    clip = np.empty((frames, height, width, 3), np.uint8)
    for t in range(frames):
        slow = np.stack([columns / width * 120, rows / height * 120, (rows + columns) % 97], -1)
        tiles = 60.0 * ((((columns + 4 * t) // 40 + rows // 40) % 2)[..., None])
        clip[t] = np.clip(40 + slow + tiles + grain[:, 4 * t : 4 * t + width], 0, 255)
    return clip


def milliseconds(work: Callable[[int], object], frames: int, repeats: int) -> float:
    """Mean processor milliseconds a frame of ``work(repeat)``, after one call to warm up."""
    work(0)
    start = time.process_time()
    for repeat in range(repeats):
        work(repeat)
    return (time.process_time() - start) / repeats / frames * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=9)
    parser.add_argument("--size", default="832x480", help="WIDTHxHEIGHT")
    parser.add_argument("--clips", type=int, default=40, help="clips that the average is over")
    parser.add_argument("--repeats", type=int, default=4, help="repeats of every part")
    args = parser.parse_args()
    width, height = map(int, args.size.split("x"))
    rgb = moving_texture(args.frames, height, width)
    none = {name: {"chance": 0} for name in COLOUR}

    print(f"{args.frames} frames of {args.size}, processor milliseconds a frame, one thread")
    for name in COLOUR:
        only = AugmentConfig.model_validate(none | {name: {"chance": 1}, "colour": 1})
        cost = milliseconds(lambda k, c=only: colour(rgb, np.random.default_rng(k), c), args.frames, args.repeats)
        print(f"{name:>14}  {cost:6.2f}")
    shipped = AugmentConfig()
    cost = milliseconds(lambda k: colour(rgb, np.random.default_rng(k), shipped), args.frames, args.clips)
    print(f"{'colour':>14}  {cost:6.2f}  mean of {args.clips} clips with the shipped settings")

    rng = np.random.default_rng(0)
    labels = {
        name: (rng.random((args.frames, height, width, *tail), np.float32) * 4).astype(dtype)
        for name, (dtype, tail) in MAPS.items()
    }
    points = rng.random((2, args.frames, len(JOINT_NAMES), 2)).astype(np.float32) * (width, height)
    labels["keypoints2d"] = points.astype(np.float32)
    labels["visibility"] = np.ones(points.shape[:3], np.uint8)

    def sample(*names: str) -> Sample:
        return Sample("clip", "benchmark", "", "", 24.0, rgb, {name: labels[name] for name in names})

    for names in ((), *((name,) for name in MAPS), ("keypoints2d", "visibility")):
        given = sample(*names)
        cost = milliseconds(
            lambda k, s=given: fit(s, height, width, np.random.default_rng(k), shipped), args.frames, args.repeats
        )
        print(f"{'fit':>14}  {cost:6.2f}  rgb {' '.join(names)}")
    for size in ((height, width), (height // 2, width // 2)):
        cost = milliseconds(lambda k, s=size: centre_fit(sample("depth"), *s), args.frames, args.repeats)
        print(f"{'centre_fit':>14}  {cost:6.2f}  rgb depth -> {size[1]}x{size[0]}")


if __name__ == "__main__":
    main()
