"""One frame of each of many clips, side by side: what a config looks like.

Renders the clips with a single frame each (and every other setting of the config), into --work, where a second run goes
on; writes the wall, and each frame in full size beside the shards.

python tools/clip_wall.py configs/synth/default.yaml docs/images/default.jpg --work out/wall
python tools/clip_wall.py configs/synth/crowd.yaml out/crowd.jpg --work out/crowd --clips 16 --columns 4
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from synth.shards import read_clips  # noqa: E402

_GAP, _PAPER = 4, (250, 250, 248)


def frames(work: Path) -> list[Path]:
    """The first frame of every clip of a data set as PNG files, in order of keys."""
    folder = work / "frames"
    folder.mkdir(exist_ok=True)
    paths = []
    for clip in read_clips(str(work)):
        paths.append(folder / f"{clip.key}.png")
        Image.fromarray(clip.rgb[0]).save(paths[-1])
    return sorted(paths)


def wall(paths: list[Path], columns: int, width: int) -> Image.Image:
    """Pictures of any shape in cells of 16:9, ``width`` pixels wide, row by row."""
    height = round(width * 9 / 16)
    rows = -(-len(paths) // columns)
    sheet = Image.new("RGB", (columns * (width + _GAP) + _GAP, rows * (height + _GAP) + _GAP), _PAPER)
    for number, path in enumerate(paths):
        picture = Image.open(path)
        picture.thumbnail((width, height), Image.Resampling.LANCZOS)
        x = _GAP + (number % columns) * (width + _GAP) + (width - picture.width) // 2
        y = _GAP + (number // columns) * (height + _GAP) + (height - picture.height) // 2
        sheet.paste(picture, (x, y))
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("out", type=Path, help="a .jpg or .png")
    parser.add_argument("--work", type=Path, required=True, help="folder for the shards and the frames")
    parser.add_argument("--clips", type=int, default=64)
    parser.add_argument("--columns", type=int, default=8)
    parser.add_argument("--cell", type=int, default=240, help="width of a cell in pixels")
    parser.add_argument("overrides", nargs="*", metavar="key=value")
    args = parser.parse_intermixed_args()
    command = [sys.executable, "-m", "synth.cli", "generate", args.config, "--out", args.work, f"clips={args.clips}",
               "spec.video.frames=1", *args.overrides]  # fmt: skip
    done = subprocess.run(list(map(str, command)), cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    wall(frames(args.work), args.columns, args.cell).save(args.out, quality=88)
    print(args.out)


if __name__ == "__main__":
    main()
