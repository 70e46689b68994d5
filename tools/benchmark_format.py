"""What the format costs: bytes, encoding, decoding and worst error of every member, for clips rendered here and now.

python tools/benchmark_format.py                                   # two clips of 9 frames of 832 x 480
python tools/benchmark_format.py --clips 1 --frames 3 --size 416x240 --samples 4

Prints the table of docs/format.md. The worst errors are over the pixels that have a value; times are of one thread, and
include the checks and checksums of writing and the conversion to floats of reading.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from synth.config import load_config
from synth.make import make_clip
from synth.shards import FIELDS, Clip, encode_clip

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Cost:
    """Of one field of one clip; ``size`` in bytes, ``encode`` and ``decode`` in seconds."""

    size: int
    encode: float
    decode: float
    error: float


def error(name: str, before: np.ndarray, after: np.ndarray) -> float:
    """The worst, in the unit of ``unit``; of rgb the mean square."""
    before, after = np.asarray(before, np.float64), np.asarray(after, np.float64)
    if name == "rgb":
        return float(((before - after) ** 2).mean())
    known = np.isfinite(before)
    if not np.array_equal(known, np.isfinite(after)):
        return float("inf")
    if name == "normals":
        cosine = (before * after).sum(-1) / np.linalg.norm(before, axis=-1) / np.linalg.norm(after, axis=-1)
        return float(np.degrees(np.arccos(np.clip(cosine[known.all(-1)], -1, 1))).max(initial=0))
    gap = np.abs(before - after)[known]
    return float((gap / np.abs(before[known]) if name == "depth" else gap).max(initial=0))


def shown(name: str, worst: float) -> str:
    """An error with its unit."""
    if name == "rgb":
        return f"PSNR {10 * np.log10(255**2 / worst):.1f} dB"
    unit = {"depth": " relative", "normals": " degree"}.get(name, " px" if name.startswith("flow") else "")
    return f"{worst:.2g}{unit}"


def costs(fields: Mapping, key: str) -> dict[str, Cost]:
    """Every per-pixel field, stored alone and read back."""
    found = {}
    for name, field in FIELDS.items():
        if name not in fields or "H" not in field.shape:
            continue
        start = time.perf_counter()
        members = encode_clip(key, fields["fps"], {name: fields[name]}, {})
        encoded = time.perf_counter()
        after = Clip(key, members).frames(name)
        decoded = time.perf_counter()
        worst = error(name, fields[name], after)
        found[name] = Cost(len(members[field.member]), encoded - start, decoded - encoded, worst)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=2)
    parser.add_argument("--frames", type=int, default=9)
    parser.add_argument("--size", default="832x480", help="WIDTHxHEIGHT")
    parser.add_argument("--samples", type=int, default=16)
    args = parser.parse_args()
    width, height = args.size.split("x")
    video = {"frames": args.frames, "width": width, "height": height}
    overrides = [f"spec.video.{name}={value}" for name, value in video.items()]
    config = load_config(ROOT / "configs/synth/default.yaml", [*overrides, f"render.samples={args.samples}"])
    found: dict[str, list[Cost]] = {}
    with tempfile.TemporaryDirectory() as logs:
        for index in range(args.clips):
            clip, _ = make_clip(config, index, Path(logs))
            for name, cost in costs(clip.fields, clip.key).items():
                found.setdefault(name, []).append(cost)
    frames = args.clips * args.frames
    print("| member | kB a frame | encode, ms | decode, ms | measured worst error |\n| --- | --- | --- | --- | --- |")
    total = np.zeros(3)
    for name, all_costs in found.items():
        sums = np.array([[c.size / 1e3, 1e3 * c.encode, 1e3 * c.decode] for c in all_costs]).sum(0) / frames
        total += sums
        errors = [c.error for c in all_costs]
        worst = shown(name, float(np.mean(errors)) if name == "rgb" else max(errors))
        print(f"| {name} | {sums[0]:.0f} | {sums[1]:.0f} | {sums[2]:.0f} | {worst} |")
    print(f"| all | {total[0]:.0f} | {total[1]:.0f} | {total[2]:.0f} | {81 * total[0] / 1e3:.0f} MB for 81 frames |")


if __name__ == "__main__":
    main()
