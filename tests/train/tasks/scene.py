"""Labels of a small clip in closed form: upright egg-shaped people walk before a floor and a sky.

Not a picture of anything that the code under test computes: a place for labels that have edges, holes, several people,
every part and class, and that move.
"""

from __future__ import annotations

import numpy as np

from synth.conventions import JOINT_NAMES, PART_NAMES, SEMANTIC_NAMES, Visibility

FPS = 24.0
_RADII = np.array([0.3, 0.9, 0.2])  # of a person, metres, camera axes


def make_labels(people: int = 2, frames: int = 9, height: int = 64, width: int = 96, seed: int = 0) -> dict:
    """Fields of a clip with ``size`` and ``fps``; person 0 is the nearest and the largest."""
    rng = np.random.default_rng(seed)
    focal = 0.9 * height
    columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    rays = np.stack([(columns - width / 2) / focal, (rows - height / 2) / focal, np.ones_like(rows)], -1)
    shape = (frames, height, width)
    out = {
        "depth": np.full(shape, np.nan, np.float32),
        "normals": np.full((*shape, 3), np.nan, np.float32),
        "surface": np.full((*shape, 3), np.nan, np.float32),
        "instances": np.zeros(shape, np.uint8),
        "parts": np.zeros(shape, np.uint8),
        "semantics": np.zeros(shape, np.uint8),
        "joints3d": np.zeros((people, frames, len(JOINT_NAMES), 3), np.float32),
    }
    floor = rays[..., 1] > 0.02
    with np.errstate(divide="ignore"):
        ground = np.where(floor, 1.0 / rays[..., 1], np.nan)  # 1 m below the camera
    skeleton = rng.uniform(-0.95, 0.95, (people, len(JOINT_NAMES), 3)) * _RADII
    skeleton[:, 0] = 0
    for t in range(frames):
        out["depth"][t], out["semantics"][t][floor] = ground, 18
        out["normals"][t][floor] = (0, 1, 0)
        for k in range(people):
            centre = np.array([-0.5 + 0.9 * k + 0.03 * t, 0.1, 2.6 + 0.7 * k - 0.01 * t * (1 - k)])
            a = np.square(rays / _RADII).sum(-1)
            b = (rays / _RADII) @ (centre / _RADII)
            root = b**2 - a * (np.square(centre / _RADII).sum() - 1)
            depth = (b - np.sqrt(np.maximum(root, 0))) / a
            hit = (root > 0) & ~(out["depth"][t] < depth)
            place = (rays[hit] * depth[hit][:, None] - centre) / _RADII  # on the unit sphere
            normal = place / _RADII
            out["depth"][t][hit], out["instances"][t][hit] = depth[hit], k + 1
            out["normals"][t][hit] = normal / np.linalg.norm(normal, axis=-1, keepdims=True) * (1, -1, -1)
            out["surface"][t][hit] = 0.5 + place * (0.25, -0.35, 0.06)
            turn = (np.arctan2(place[:, 1], place[:, 0]) / (2 * np.pi) + 0.5 + 0.01 * t) % 1
            out["parts"][t][hit] = 1 + (turn * 17).astype(int) % (len(PART_NAMES) - 1)
            out["semantics"][t][hit] = 1 + ((place[:, 1] + 1) * 8).astype(int) % (len(SEMANTIC_NAMES) - 4)
            out["joints3d"][k, t] = skeleton[k] * (1 + 0.02 * np.sin(t)) + centre
    joints = out["joints3d"].astype(np.float64)
    points = joints[..., :2] / joints[..., 2:] * focal + (width / 2, height / 2)
    inside = ((points >= 0) & (points < (width, height))).all(-1)
    out["keypoints2d"] = points.astype(np.float32)
    out["visibility"] = np.where(inside, int(Visibility.IN_FRAME), 0).astype(np.uint8)
    near = np.abs(np.linspace(-1, 1, 5)[:, None] ** 2 + np.linspace(-1, 1, 5)[None] ** 2)
    kernel = np.exp(-near)
    padded = np.pad((out["instances"] > 0).astype(float), ((0, 0), (2, 2), (2, 2)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (5, 5), (1, 2))
    out["matte"] = np.einsum("thwij,ij->thw", windows, kernel / kernel.sum()).astype(np.float32)
    return {**out, "size": np.array([height, width]), "fps": np.array(FPS)}


def decoded(task, answer: np.ndarray, labels: dict) -> dict[str, np.ndarray]:
    """The answer of either kind of task as labels."""
    return task.decode(answer, *map(int, labels["size"])) if task.sparse else task.decode(answer)


def metrics(task, answer: np.ndarray, labels: dict) -> dict[str, float]:
    """The metrics of an answer on one clip."""
    return task.summarise(task.measure(decoded(task, answer, labels), labels))
