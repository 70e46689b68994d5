"""Random clips with the awkward values that real ones have: NaN, infinity, extremes, odd sizes."""

from __future__ import annotations

import numpy as np

from synth.conventions import JOINT_NAMES, PART_NAMES, SEMANTIC_NAMES


def random_clip(seed: int = 0, frames: int = 5, height: int = 50, width: int = 70, people: int = 2) -> dict:
    """All fields of a clip, every value independent noise except ``rgb``, which is smooth like a picture."""
    rng = np.random.default_rng(seed)
    shape = (frames, height, width)

    def holes(array: np.ndarray) -> np.ndarray:
        array = array.astype(np.float32)
        array[rng.random(shape) < 0.2] = np.nan
        return array

    depth = holes(np.exp(rng.uniform(np.log(0.05), np.log(900), shape)))
    depth[0, 0, 0] = np.inf
    normals = rng.normal(size=(*shape, 3))
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    special = np.concatenate([np.eye(3), -np.eye(3), [[0, 0.6, -0.8], [-0.6, 0, -0.8]]])[:width]
    normals = holes(normals)
    normals[0, 1, : len(special)] = special
    surface = holes(rng.random((*shape, 3)))
    surface[0, 0, :2] = [[0, 0, 0], [1, 1, 1]]
    flow = [holes(rng.normal(size=(*shape, 2)) * 10 ** rng.uniform(-3, 3, (*shape, 1))) for _ in range(2)]
    flow[0][0, 0, :3] = [[0, 0], [2047.9, -2047.9], [np.inf, 1]]
    matte = rng.random(shape).astype(np.float32)
    matte[0, 0, :2] = 0, 1
    rows, columns = np.mgrid[:height, :width]
    waves = [np.sin(rows / a + t) + np.cos(columns / b) for t in range(frames) for a, b in ((9, 7), (5, 11), (8, 8))]
    rgb = np.stack(waves).reshape(frames, 3, height, width).transpose(0, 2, 3, 1) * 60 + 127
    joints = len(JOINT_NAMES)
    person = {
        "betas": rng.normal(size=10).astype(np.float32),
        "global_orient": rng.normal(size=(frames, 3)).astype(np.float32),
        "transl": rng.normal(size=(frames, 3)),
        "gender": "female",
        "model": "open-body-1",
    }
    return {
        "rgb": rgb.astype(np.uint8),
        "depth": depth,
        "normals": normals,
        "matte": matte,
        "instances": rng.integers(0, people + 1, shape, dtype=np.uint8),
        "parts": rng.integers(0, len(PART_NAMES), shape, dtype=np.uint8),
        "semantics": rng.integers(0, len(SEMANTIC_NAMES), shape, dtype=np.uint8),
        "surface": surface,
        "flow_forward": flow[0],
        "flow_backward": flow[1],
        "intrinsics": rng.normal(size=(frames, 3, 3)),
        "distortion": rng.normal(size=(frames, 5)),
        "readout": np.sort(rng.uniform(-0.5, 0.5, (frames, 2))),
        "world_to_camera": rng.normal(size=(frames, 4, 4)),
        "joints3d": rng.normal(size=(people, frames, joints, 3)).astype(np.float32),
        "keypoints2d": rng.normal(size=(people, frames, joints, 2)).astype(np.float32),
        "visibility": rng.integers(0, 8, (people, frames, joints), dtype=np.uint8),
        "smplx": [person | {"betas": person["betas"] + k} for k in range(people)],
    }
