"""Acclaim ASF (skeleton) + AMC (motion) files, as the CMU motion capture database has them -> ``SkeletonClip``.

In an ASF each bone has a direction and length in world axes at rest and an ``axis``: the Euler angles of the frame in
which its degrees of freedom turn. With C the rotation of that frame and M the frame's rotation from the AMC, the bone
turns by C M C^-1 relative to its parent. ``XYZ`` means first about x, then y, then z (fixed axes). A bone's joint is
its beginning, the end of its parent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from synth.bodies.skeleton import SkeletonClip, make_clip
from synth.conventions import ThfmError

CMU_FPS = 120.0
_DOFS = ("tx", "ty", "tz", "rx", "ry", "rz", "l")


@dataclass
class _Bone:
    name: str
    direction: np.ndarray = field(default_factory=lambda: np.zeros(3))
    length: float = 0.0
    axis: np.ndarray = field(default_factory=lambda: np.eye(3))
    order: str = "xyz"
    dof: list[str] = field(default_factory=list)
    parent: str | None = None


def read_asf_amc(
    path: str | Path,
    asf: str | Path | None = None,
    fps: float = CMU_FPS,
    up: str | None = None,
    metres_per_unit: float | None = None,
) -> SkeletonClip:
    """Read an AMC file with its skeleton ``asf``.

    The ASF is by default the one beside it with the same name or subject number (02_01.amc -> 02.asf), or the only one
    in the folder. An AMC does not say its frame rate; CMU's is 120. ``up`` and ``metres_per_unit`` as in
    ``make_clip``. Raises ThfmError naming file and line.
    """
    path = Path(path)
    bones, degrees = _parse_asf(Path(asf) if asf is not None else _find_asf(path))
    poses = _parse_amc(path, bones)
    factor = 1.0 if degrees else 180.0 / np.pi
    joints, parents, rest, positions, rotations = _forward(bones, poses, factor)
    return make_clip(
        name=path.stem,
        source=str(path),
        fps=fps,
        joints=joints,
        parents=parents,
        positions=positions,
        rotations=rotations,
        rest=rest,
        up=up,
        metres_per_unit=metres_per_unit,
    )


def _find_asf(amc: Path) -> Path:
    if not amc.is_file():
        raise ThfmError(f"{amc} cannot be read (no such file); check the path")
    candidates = sorted(p for p in amc.parent.iterdir() if p.suffix.lower() == ".asf")
    for stem in (amc.stem, amc.stem.split("_")[0]):
        for candidate in candidates:
            if candidate.stem == stem:
                return candidate
    if len(candidates) == 1:
        return candidates[0]
    raise ThfmError(f"{amc} needs its skeleton: put the .asf file beside it, for instance {amc.stem.split('_')[0]}.asf")


def _read_lines(path: Path) -> list[tuple[int, list[str]]]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ThfmError(f"{path} cannot be read ({error.strerror}); check the path") from error
    rows = ((n, line.split("#")[0].split()) for n, line in enumerate(text.splitlines(), start=1))
    return [(n, words) for n, words in rows if words]


def _floats(path: Path, number: int, words: list[str]) -> np.ndarray:
    try:
        values = np.array([float(w) for w in words])
    except ValueError:
        values = np.array([np.nan])
    if not np.isfinite(values).all():
        raise ThfmError(f"{path}, line {number}: '{' '.join(words)}' should be finite numbers; the file is damaged")
    return values


def _fixed_axes(order: str, angles: np.ndarray) -> np.ndarray:
    """Rotation matrices of degrees about fixed axes, the first letter of ``order`` first."""
    return Rotation.from_euler(order.lower(), angles, degrees=True).as_matrix().reshape(*angles.shape[:-1], 3, 3)


def _parse_asf(path: Path) -> tuple[dict[str, _Bone], bool]:
    root = _Bone("root", dof=["tx", "ty", "tz", "rx", "ry", "rz"])
    bones = {"root": root}
    degrees, section, bone = True, "", None
    axis: list[tuple[_Bone, int, np.ndarray]] = []
    for number, words in _read_lines(path):
        key = words[0].lower()
        if key.startswith(":"):
            section = key
        elif section == ":units" and key == "angle":
            degrees = words[1].lower().startswith("deg")
        elif section == ":root":
            if key == "order":
                root.dof = [w.lower() for w in words[1:]]
            elif key == "axis":
                root.order = words[1].lower()
            elif key == "orientation":
                axis.append((root, number, _floats(path, number, words[1:4])))
        elif section == ":bonedata":
            if key == "begin":
                bone = _Bone("")
            elif key == "end" and bone is not None:
                bones[bone.name] = bone
            elif bone is None:
                raise ThfmError(f"{path}, line {number}: '{' '.join(words)}' outside begin ... end of a bone")
            elif key == "name":
                bone.name = words[1]
            elif key == "direction":
                bone.direction = _floats(path, number, words[1:4])
            elif key == "length":
                bone.length = float(_floats(path, number, words[1:2])[0])
            elif key == "axis":
                bone.order = words[4].lower() if len(words) > 4 else "xyz"
                axis.append((bone, number, _floats(path, number, words[1:4])))
            elif key == "dof":
                bone.dof = [w.lower() for w in words[1:]]
        elif section == ":hierarchy" and key not in ("begin", "end"):
            for child in words[1:]:
                if child not in bones or words[0] not in bones:
                    raise ThfmError(f"{path}, line {number}: '{' '.join(words)}' names a bone that has no bone data")
                bones[child].parent = words[0]
    for owner, number, angles in axis:
        if sorted(owner.order) != ["x", "y", "z"] or len(angles) != 3:
            raise ThfmError(f"{path}, line {number}: an axis needs three angles and an order such as XYZ")
        owner.axis = _fixed_axes(owner.order, angles if degrees else np.degrees(angles))
    for item in bones.values():
        if not set(item.dof) <= set(_DOFS):
            raise ThfmError(f"{path}: bone {item.name} has unknown degrees of freedom {' '.join(item.dof)}")
    if len(bones) == 1 or any(b.parent is None for b in bones.values() if b is not root):
        raise ThfmError(f"{path} is not a complete ASF skeleton (bones without hierarchy); copy the file again")
    return bones, degrees


def _parse_amc(path: Path, bones: dict[str, _Bone]) -> dict[str, np.ndarray]:
    """Channel values (T, dofs) of every bone that the file moves."""
    rows: dict[str, list[np.ndarray]] = {}
    frames, inside = 0, False
    for number, words in _read_lines(path):
        if words[0].startswith(":"):
            continue
        if len(words) == 1 and words[0].isdigit():
            frames, inside = frames + 1, True
            continue
        if not inside:
            continue
        bone = bones.get(words[0])
        if bone is None:
            raise ThfmError(f"{path}, line {number}: bone '{words[0]}' is not in the skeleton; give the matching .asf")
        values = _floats(path, number, words[1:])
        if len(values) != len(bone.dof):
            raise ThfmError(
                f"{path}, line {number}: {len(values)} values for {len(bone.dof)} degrees of freedom of {bone.name}; "
                "the file is cut short or belongs to another .asf"
            )
        rows.setdefault(bone.name, []).append(values)
    if frames == 0:
        raise ThfmError(f"{path} holds no frames; copy the file again")
    short = [name for name, values in rows.items() if len(values) != frames]
    if short or "root" not in rows:
        raise ThfmError(f"{path} is cut short in its last frame ({frames}); remove that frame or copy the file again")
    return {name: np.array(values) for name, values in rows.items()}


def _forward(bones: dict[str, _Bone], poses: dict[str, np.ndarray], factor: float):
    """Joints at the bones' beginnings, with an extra joint "<bone>_end" where a chain ends."""
    order = ["root"]
    for name in order:
        order.extend(b.name for b in bones.values() if b.parent == name)
    index = {name: i for i, name in enumerate(order)}
    leaves = [n for n in order if n != "root" and not any(b.parent == n for b in bones.values())]
    joints = order + [f"{n}_end" for n in leaves]
    parents = [-1 if n == "root" else index[bones[n].parent] for n in order] + [index[n] for n in leaves]

    frames = len(poses["root"])
    rest = np.zeros((len(joints), 3))
    positions = np.zeros((frames, len(joints), 3))
    rotations = np.zeros((frames, len(joints), 3, 3))
    for j, name in enumerate(joints):
        bone = bones[name] if j < len(order) else None
        if name == "root":
            values = poses["root"]
            channels = bone.dof
            for axis, channel in enumerate(("tx", "ty", "tz")):
                if channel in channels:
                    positions[:, j, axis] = values[:, channels.index(channel)]
            rotations[:, j] = _bone_rotation(bone, values, factor, frames)
            continue
        start = bones[joints[parents[j]]]
        vector = start.direction * start.length  # zero for the root: its children begin where it is
        rest[j] = rest[parents[j]] + vector
        turn = rotations[:, parents[j]]
        positions[:, j] = positions[:, parents[j]] + turn @ vector
        rotations[:, j] = turn if bone is None else turn @ _bone_rotation(bone, poses.get(name), factor, frames)
    return joints, parents, rest, positions, rotations


def _bone_rotation(bone: _Bone, values: np.ndarray | None, factor: float, frames: int) -> np.ndarray:
    if values is None or not any(d.startswith("r") for d in bone.dof):
        return np.broadcast_to(np.eye(3), (frames, 3, 3))
    turns = [(d[1], i) for i, d in enumerate(bone.dof) if d.startswith("r")]
    angles = values[:, [i for _, i in turns]] * factor
    moved = _fixed_axes("".join(letter for letter, _ in turns), angles)
    return bone.axis @ moved @ bone.axis.T
