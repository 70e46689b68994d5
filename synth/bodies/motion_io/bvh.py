"""BVH (Biovision hierarchy) files -> ``SkeletonClip``.

Format: a HIERARCHY of joints with an OFFSET from the parent and CHANNELS; then MOTION with one line of channel values
per frame. Rotation channels are degrees about the joint's local axes, applied in the order in which they are listed
(intrinsic). Position channels replace the offset. All rest rotations are the identity.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from synth.bodies.skeleton import SkeletonClip, make_clip
from synth.conventions import ThfmError

_CHANNELS = {f"{axis}{kind}" for axis in "xyz" for kind in ("position", "rotation")}


@dataclass
class _Node:
    name: str
    parent: int
    offset: tuple[float, ...] = (0.0, 0.0, 0.0)
    channels: list[str] = field(default_factory=list)


def read_bvh(path: str | Path, up: str | None = None, metres_per_unit: float | None = None) -> SkeletonClip:
    """Read a BVH file; ``up`` and ``metres_per_unit`` as in ``make_clip``. Raises ThfmError naming file and line."""
    path = Path(path)
    nodes, values, frame_time = _parse(path)
    positions, rotations = _forward(nodes, values)
    rest, _ = _forward(nodes, None)
    if frame_time <= 0:
        raise ThfmError(f"{path}: 'Frame Time' is {frame_time}; it must be positive, correct it in the file")
    return make_clip(
        name=path.stem,
        source=str(path),
        fps=_nice_fps(1.0 / frame_time),
        joints=[n.name for n in nodes],
        parents=[n.parent for n in nodes],
        positions=positions,
        rotations=rotations,
        rest=rest[0],
        up=up,
        metres_per_unit=metres_per_unit,
    )


def _nice_fps(fps: float) -> float:
    """Frame times are printed with few digits: .0083333 means 120 fps."""
    return float(round(fps)) if abs(fps - round(fps)) < 2e-3 * fps else fps


def _parse(path: Path) -> tuple[list[_Node], np.ndarray, float]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ThfmError(f"{path} cannot be read ({error.strerror}); check the path") from error
    lines = text.splitlines()
    start = next((i for i, line in enumerate(lines) if line.strip().upper() == "MOTION"), None)
    if start is None or not lines or lines[0].strip().upper() != "HIERARCHY":
        raise ThfmError(f"{path} is not a BVH file with HIERARCHY and MOTION sections, or it is cut short")
    nodes = _parse_hierarchy(path, lines[1:start])
    return nodes, *_parse_motion(path, lines, start, sum(len(n.channels) for n in nodes))


def _parse_hierarchy(path: Path, lines: list[str]) -> list[_Node]:
    nodes: list[_Node] = []
    stack: list[int] = []
    for number, line in enumerate(lines, start=2):
        words = line.replace("{", " { ").replace("}", " } ").split()
        while words:
            word = words.pop(0).upper()
            if word in ("ROOT", "JOINT", "END"):
                parent = stack[-1] if stack else -1
                label = " ".join(w for w in words if w not in "{}") or f"joint{len(nodes)}"
                nodes.append(_Node(f"{nodes[parent].name}_end" if word == "END" and nodes else label, parent))
                words = [w for w in words if w in "{}"]
            elif word == "{" and nodes:
                stack.append(len(nodes) - 1)
            elif word == "}" and stack:
                stack.pop()
            elif word == "OFFSET" and nodes and stack:
                nodes[stack[-1]].offset = _numbers(path, number, words[:3], 3)
                words = words[3:]
            elif word == "CHANNELS" and nodes and stack:
                channels = [w.lower() for w in words[1:]]
                if not words or words[0] != str(len(channels)) or not set(channels) <= _CHANNELS:
                    raise ThfmError(f"{path}, line {number}: cannot read '{line.strip()}' as CHANNELS n name ...")
                nodes[stack[-1]].channels = channels
                words = []
            else:
                raise ThfmError(f"{path}, line {number}: '{line.strip()}' does not belong in a BVH hierarchy")
    if stack or not nodes:
        raise ThfmError(f"{path}: the hierarchy ends before its braces close; the file is damaged, export it again")
    return nodes


def _numbers(path: Path, number: int, words: list[str], count: int) -> tuple[float, ...]:
    try:
        values = tuple(float(w) for w in words)
    except ValueError:
        values = ()
    if len(values) != count:
        raise ThfmError(f"{path}, line {number}: expected {count} numbers, found '{' '.join(words)}'")
    return values


def _parse_motion(path: Path, lines: list[str], start: int, channels: int) -> tuple[np.ndarray, float]:
    head = {}
    row = start + 1
    while row < len(lines) and len(head) < 2:
        key, _, value = lines[row].partition(":")
        if key.strip():
            head[key.strip().lower()] = _numbers(path, row + 1, value.split(), 1)[0]
        row += 1
    if set(head) != {"frames", "frame time"}:
        raise ThfmError(f"{path}, line {start + 2}: expected 'Frames:' and 'Frame Time:'; the file is damaged")
    count = int(head["frames"])
    rows = [(i, line) for i, line in enumerate(lines[row:], start=row + 1) if line.strip()]
    if len(rows) < count or count < 1:
        raise ThfmError(f"{path} promises {count} frames but holds {len(rows)}; it is cut short, copy it again")
    values = np.empty((count, channels))
    for k, (number, line) in enumerate(rows[:count]):
        words = line.split()
        if len(words) != channels:
            raise ThfmError(
                f"{path}, line {number}: {len(words)} values for {channels} channels; the file is damaged there"
            )
        try:
            values[k] = words
        except ValueError as error:
            raise ThfmError(f"{path}, line {number}: {error}; the file is damaged there") from error
    if not np.isfinite(values).all():
        bad = int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])
        raise ThfmError(f"{path}, line {rows[bad][0]}: values are not finite; repair or cut the file there")
    return values, head["frame time"]


def _forward(nodes: list[_Node], values: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """World positions (T,J,3) and rotations (T,J,3,3) of the frames, or of the rest pose (T=1) without values."""
    frames = 1 if values is None else len(values)
    positions = np.empty((frames, len(nodes), 3))
    rotations = np.empty((frames, len(nodes), 3, 3))
    column = 0
    for j, node in enumerate(nodes):
        offset = np.tile(np.asarray(node.offset, dtype=np.float64), (frames, 1))
        local = np.broadcast_to(np.eye(3), (frames, 3, 3))
        if values is not None and node.channels:
            block = values[:, column : column + len(node.channels)]
            column += len(node.channels)
            turns = [i for i, c in enumerate(node.channels) if c.endswith("rotation")]
            if turns:
                order = "".join(node.channels[i][0] for i in turns).upper()
                angles = block[:, turns]
                local = Rotation.from_euler(order, angles, degrees=True).as_matrix().reshape(frames, 3, 3)
            moved = [(i, "xyz".index(c[0])) for i, c in enumerate(node.channels) if c.endswith("position")]
            # Exporters that write position channels for every joint but leave them empty mean the offset.
            if node.parent < 0 or any(block[:, i].any() for i, _ in moved):
                for i, axis in moved:
                    offset[:, axis] = block[:, i]
        if node.parent < 0:
            positions[:, j], rotations[:, j] = offset, local
        else:
            parent = rotations[:, node.parent]
            positions[:, j] = positions[:, node.parent] + (parent @ offset[..., None])[..., 0]
            rotations[:, j] = parent @ local
    return positions, rotations
