"""Whether bodies stay out of each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial import cKDTree

from synth.labels.scene import vertex_normals
from synth.qa.clip import BodyTrack
from synth.qa.config import QaConfig
from synth.qa.verdict import Measure

_NEIGHBOURS = 3


def sunk(points: np.ndarray, vertices: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """How deep points (N, 3) lie inside a closed surface of vertices (V, 3) with normals (V, 3), metres; 0 outside.

    A point is inside where it lies behind the tangent planes of all three vertices that are nearest to it; its depth is
    the distance to the nearest.
    """
    distance, index = cKDTree(vertices).query(points, k=_NEIGHBOURS)
    height = np.einsum("nkc,nkc->nk", points[:, None] - vertices[index], normals[index])
    return np.where((height < 0).all(1), distance[:, 0], 0.0)


def penetration(bodies: Sequence[BodyTrack], t: int) -> float:
    """The depth of the deepest vertex of any body inside another one in frame ``t``, metres; 0 if all are apart."""
    return deepest(bodies, t)[0]


def deepest(bodies: Sequence[BodyTrack], t: int) -> tuple[float, tuple[int, int]]:
    """``penetration``, and the numbers, from 1, of the two people."""
    worlds = [body.vertices[t].astype(np.float64) for body in bodies]
    used = [np.unique(body.faces) for body in bodies]
    boxes = [(w[u].min(0), w[u].max(0)) for w, u in zip(worlds, used, strict=True)]
    found, pair = 0.0, (1, 1)
    for a in range(len(bodies)):
        for b in range(len(bodies)):
            low, high = np.maximum(boxes[a][0], boxes[b][0]), np.minimum(boxes[a][1], boxes[b][1])
            if a == b or (low > high).any():
                continue
            mine = worlds[a][used[a]]
            mine = mine[((mine >= low) & (mine <= high)).all(1)]
            if len(mine):
                normals = vertex_normals(worlds[b], bodies[b].faces)[used[b]]
                depth = float(sunk(mine, worlds[b][used[b]], normals).max())
                if depth > found:
                    found, pair = depth, (a + 1, b + 1)
    return found, pair


def check_apart(bodies: Sequence[BodyTrack], frames: int, config: QaConfig) -> list[Measure]:
    """Nobody sinks into somebody else."""
    found = [deepest(bodies, t) for t in range(frames)]
    values, pairs = np.array([depth for depth, _ in found]), np.array([pair for _, pair in found])
    return [
        Measure("people_apart", "a body sinks into another by", values, config.people_metres, unit="m",
                where="body", people=pairs)
    ]  # fmt: skip
