"""Small data sets without pictures, whose people, cameras and visibility are known by construction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from synth import shards
from synth.bodies.config import assets_folder
from synth.bodies.model import load_body
from synth.conventions import JOINT_NAMES, Visibility

FRAMES, FPS, WIDTH, HEIGHT = 5, 10.0, 200, 100
FOCAL_MM = 50.0
MODELS = assets_folder() / "bodies"


def spec(motion: str = "walk_slow", **more: Any) -> dict[str, Any]:
    """The parts of a clip's spec that are counted."""
    person = {"gender": "female", "skin": "old_asian_female", "motion": {"name": motion, "then": []},
              "clothes": [{"name": "jeans_dark"}, {"name": "tee_white"}], "hair": {"name": "bob01"}}  # fmt: skip
    camera = {"move": "orbit", "framing": "full_body", "shake": None, "lens": {"f_stop": None, "k1": 0.0, "k2": 0.0}}
    return {"width": WIDTH, "height": HEIGHT, "people": [person], "camera": camera,
            "light": {"hdri": "city", "sun": None}, "ground": {"pattern": "tiles"}} | more  # fmt: skip


def clip(depth: float = 3.0, speed: float = 1.0, betas: tuple[float, ...] = (0,) * 10, knee: float = 0.5) -> dict:
    """Fields of a clip: a camera that goes sideways at ``speed`` m/s, at the height of a pelvis that stands still
    ``depth`` m ahead and faces it; a quarter of the joints is visible, another hidden by the body, by others, outside.
    """
    joints = len(JOINT_NAMES)
    k = np.diag([FOCAL_MM / 36 * WIDTH] * 2 + [1.0])
    k[:2, 2] = WIDTH / 2, HEIGHT / 2
    pose = np.tile(np.array([[1, 0, 0, 0], [0, 0, -1, 1], [0, 1, 0, depth], [0, 0, 0, 1]], float), (FRAMES, 1, 1))
    pose[:, 0, 3] = -speed * np.arange(FRAMES) / FPS  # the camera stands at (x, -depth, 1) and looks along y
    world = np.zeros((joints, 3))
    world[:, 2] = 1.0
    world[JOINT_NAMES.index("left_hip"), 0], world[JOINT_NAMES.index("right_hip"), 0] = 0.1, -0.1
    camera = np.stack([world @ m[:3, :3].T + m[:3, 3] for m in pose])
    flags = (Visibility.IN_FRAME, Visibility.IN_FRAME | Visibility.SELF_OCCLUDED,
             Visibility.IN_FRAME | Visibility.OTHER_OCCLUDED, 0)  # fmt: skip
    body = np.zeros((FRAMES, 63), np.float32)
    body[:, 3 * (JOINT_NAMES.index("left_knee") - 1)] = knee
    person = {
        "betas": np.array(betas, np.float32), "body_pose": body, "gender": "female",
        "body_model": load_body(MODELS, "female").id,
    }  # fmt: skip
    points = np.tile(np.array([0.75 * WIDTH, 0.25 * HEIGHT], np.float32), (1, FRAMES, joints, 1))
    points[:, :, JOINT_NAMES.index("head"), 1] = 0.05 * HEIGHT
    points[:, :, JOINT_NAMES.index("left_foot"), 1] = 0.85 * HEIGHT
    return {
        "depth": np.ones((FRAMES, HEIGHT, WIDTH), np.float32),
        "intrinsics": np.tile(k, (FRAMES, 1, 1)), "world_to_camera": pose,
        "joints3d": camera[None].astype(np.float32), "keypoints2d": points,
        "visibility": np.tile(np.resize([int(f) for f in flags], joints).astype(np.uint8), (1, FRAMES, 1)),
        "smplx": [person],
    }  # fmt: skip


def write(root: Path | str, clips: list[tuple[dict, dict]], per_shard: int = 2, rejected: list | None = None) -> None:
    """A data set of (fields, meta) pairs, finished."""
    for start in range(0, len(clips), per_shard):
        members = [
            (f"{start + i:08d}", shards.encode_clip(f"{start + i:08d}", FPS, *one))
            for i, one in enumerate(clips[start : start + per_shard])
        ]
        shards.write_shard(root, f"shard-{start // per_shard:06d}", members, (rejected or []) if start == 0 else [])
    shards.build_manifest(root, {"bodies": {}})
