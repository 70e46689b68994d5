"""A data set of cut-out figures: discs of head, body and limbs that move over a sloping wall, with exact labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from synth.conventions import JOINT_NAMES, Part, Semantic, Visibility
from synth.shards import build_manifest, encode_clip, write_shard

JOINTS = len(JOINT_NAMES)
_BODY = {  # joint: (x, y) of a figure one unit high about its pelvis, y down
    "pelvis": (0, 0), "head": (0, -0.42), "nose": (0, -0.4), "neck": (0, -0.3), "spine3": (0, -0.2),
    "left_shoulder": (0.12, -0.28), "right_shoulder": (-0.12, -0.28), "left_elbow": (0.2, -0.12),
    "right_elbow": (-0.2, -0.12), "left_wrist": (0.24, 0.02), "right_wrist": (-0.24, 0.02), "left_hip": (0.07, 0.02),
    "right_hip": (-0.07, 0.02), "left_knee": (0.09, 0.25), "right_knee": (-0.09, 0.25), "left_ankle": (0.1, 0.46),
    "right_ankle": (-0.1, 0.46),
}  # fmt: skip
_DISCS = [
    ("head", 0.1, Part.HEAD, Semantic.HAIR), ("spine3", 0.13, Part.CHEST, Semantic.UPPER_GARMENT),
    ("pelvis", 0.12, Part.HIPS, Semantic.LOWER_GARMENT), ("left_elbow", 0.06, Part.LEFT_UPPER_ARM, Semantic.SKIN),
    ("right_elbow", 0.06, Part.RIGHT_UPPER_ARM, Semantic.SKIN), ("left_wrist", 0.05, Part.LEFT_HAND, Semantic.SKIN),
    ("right_wrist", 0.05, Part.RIGHT_HAND, Semantic.SKIN), ("left_knee", 0.08, Part.LEFT_THIGH, Semantic.LOWER_GARMENT),
    ("right_knee", 0.08, Part.RIGHT_THIGH, Semantic.LOWER_GARMENT), 
    ("left_ankle", 0.06, Part.LEFT_FOOT, Semantic.SHOES), ("right_ankle", 0.06, Part.RIGHT_FOOT, Semantic.SHOES),
]  # fmt: skip


def figure_clip(seed: int, frames: int = 5, size: int = 64) -> dict:
    """All map fields of a clip, its joints and cameras; one figure, 2 to 3 metres away."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:size, :size] + 0.5
    shape = (frames, size, size)
    focal, distance = 1.2 * size, rng.uniform(2, 3)
    wall = 4 + rng.uniform(-1, 1) * columns / size + rng.uniform(-1, 1) * rows / size
    depth = np.broadcast_to(wall, shape).astype(np.float32).copy()
    normals = np.zeros((*shape, 3), np.float32)
    normals[..., 2] = 1
    colour = rng.uniform(40, 200, 3) + rng.uniform(-40, 40, (1, 1, 3)) * (rows / size)[..., None]
    rgb = np.broadcast_to(colour, (*shape, 3)).copy()
    surface = np.full((*shape, 3), np.nan, np.float32)
    parts, semantics = np.zeros(shape, np.uint8), np.full(shape, Semantic.WALL, np.uint8)
    points = np.zeros((1, frames, JOINTS, 2), np.float32)
    height = size * rng.uniform(0.6, 0.85)
    start, speed = size * rng.uniform(0.4, 0.6, 2), size * rng.uniform(-0.03, 0.03, 2)
    clothes = {kind: rng.uniform(0, 255, 3) for kind in Semantic}
    pose = {name: np.array(at) + rng.uniform(-0.04, 0.04, 2) for name, at in _BODY.items()}
    for t in range(frames):
        centre = start + speed * t
        points[0, t] = centre + height * pose["pelvis"]
        for name, at in pose.items():
            points[0, t, JOINT_NAMES.index(name)] = centre + height * at
        for name, radius, part, semantic in _DISCS:
            x, y = points[0, t, JOINT_NAMES.index(name)]
            dx, dy = (columns - x) / (height * radius), (rows - y) / (height * radius)
            inside = dx**2 + dy**2 < 1
            bulge = np.sqrt(np.clip(1 - dx**2 - dy**2, 0, 1))
            depth[t][inside] = (distance - 0.3 * radius * bulge)[inside]
            normals[t][inside] = np.stack([dx, -dy, bulge], -1)[inside]
            surface[t][inside] = np.stack([(dx + part) / 20 % 1, (dy + 1) / 2, bulge], -1)[inside]
            parts[t][inside], semantics[t][inside] = part, semantic
            rgb[t][inside] = (clothes[semantic] * (0.6 + 0.4 * bulge[..., None]))[inside]
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    person = parts > 0
    intrinsics = np.array([[focal, 0, size / 2], [0, focal, size / 2], [0, 0, 1]])
    joints = np.concatenate([(points - size / 2) / focal * distance, np.full((1, frames, JOINTS, 1), distance)], -1)
    inside = ((points >= 0) & (points < size)).all(-1)
    return {
        "rgb": np.clip(rgb, 0, 255).astype(np.uint8),
        "depth": depth,
        "normals": normals,
        "matte": person.astype(np.float32),
        "instances": person.astype(np.uint8),
        "parts": parts,
        "semantics": semantics,
        "surface": np.clip(surface, 0, 1),
        "intrinsics": np.broadcast_to(intrinsics, (frames, 3, 3)).copy(),
        "world_to_camera": np.broadcast_to(np.eye(4), (frames, 4, 4)).copy(),
        "joints3d": joints.astype(np.float32),
        "keypoints2d": points,
        "visibility": np.where(inside, int(Visibility.IN_FRAME), 0).astype(np.uint8),
    }


def write_figures(root: Path, clips: int, per_shard: int = 4, frames: int = 5, size: int = 64, first: int = 0) -> Path:
    """A data set of figures; ``first`` is the seed of the first clip."""
    numbers = range(first, first + clips)
    for shard in range(0, clips, per_shard):
        encoded = (
            (
                f"{k:06d}",
                encode_clip(f"{k:06d}", 24.0, figure_clip(k, frames, size), {"caption": f"figure {k} at a wall"}),
            )
            for k in numbers[shard : shard + per_shard]
        )
        write_shard(root, f"shard-{shard // per_shard:06d}", encoded)
    build_manifest(root, {"figures": clips})
    return root
