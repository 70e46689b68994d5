"""Loose cloth over a clip: it hangs, lags and folds, and stays off the body. Deterministic, numpy and scipy alone.

Position-based dynamics in small steps (Macklin et al. 2019): the edges of the net and, softly, the folds across them
keep their lengths, and no vertex is farther from the waistband than cloth reaches (Kim et al. 2012). A vertex is drawn
to where skinning puts it, the more the less loose it is; what goes with the body is pinned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

STEPS_PER_SECOND = 240
LOOKS_PER_SECOND = 48  # at what lies nearest
ITERATIONS = 2
HANGING = 1.0  # seconds of hanging still before the first sample
GRAVITY = 9.81
BEND = 0.04  # stiffness of folds against that of edges
OVER = 1.4  # over-relaxation
PINNED, FREE = 1e6, 8.0  # pull to the skinned place for loose 0 and 1, 1/s2
STRETCHED = 1.02  # of the way along the cloth to the waistband
DRAG, HANGING_DRAG = 1.5, 6.0  # 1/s
MARGIN = 0.007  # metres between cloth and what is beneath
FLOOR = 0.004  # metres, the lowest that cloth hangs
REACH = 0.12  # metres: deeper inside, the nearest point says nothing
BESIDE = 0.035  # metres along the surface, beyond which the nearest point is not what cloth would touch
GRIP = 0.3  # share of sliding along the body that friction takes in a look's time


@dataclass(frozen=True, eq=False)
class Collider:
    """A surface that cloth stays off: ``positions`` (S, V, 3) world, ``faces`` (F, 3), of which the vertices
    ``used`` (n,) count."""

    positions: np.ndarray
    faces: np.ndarray
    used: np.ndarray


class _Obstacle:
    """Points and unit normals of all colliders, (S, n, 3) float32."""

    def __init__(self, colliders: list[Collider]):
        points, normals = [], []
        for c in colliders:
            touched = np.zeros(c.positions.shape[1], bool)
            touched[c.used] = True
            faces = c.faces[touched[c.faces].any(1)]
            size = (c.positions.shape[1], len(faces))
            columns = np.repeat(np.arange(len(faces)), 3)
            around = sp.csr_matrix((np.ones(faces.size, np.float32), (faces.ravel(), columns)), size)[c.used]
            points.append(c.positions[:, c.used])
            normals.append(np.stack([around @ np.cross(*_sides(v[faces])) for v in c.positions]))
        self.points, self.normals = np.concatenate(points, 1), np.concatenate(normals, 1)
        self.normals /= np.maximum(np.linalg.norm(self.normals, axis=2, keepdims=True), 1e-12)


def _sides(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]


def _springs(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Edges (n, 2) of triangles, and pairs (m, 2) of vertices that face each other across an edge."""
    sides = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    across = np.concatenate([faces[:, 2], faces[:, 0], faces[:, 1]])
    edges, owner = np.unique(np.sort(sides, axis=1), axis=0, return_inverse=True)
    order = np.argsort(owner.ravel(), kind="stable")
    owner, across = owner.ravel()[order], across[order]
    same = np.flatnonzero(owner[1:] == owner[:-1])
    return edges, np.stack([across[same], across[same + 1]], 1)


def drape(
    rest: np.ndarray, faces: np.ndarray, loose: np.ndarray, skinned: np.ndarray, colliders: list[Collider], fps: float
) -> np.ndarray:
    """Let the loose part of a garment move by itself.

    Args:
        rest: (V, 3) metres, the cloth as it is cut, in whatever axes.
        loose: (V,) in [0, 1].
        skinned: (S, V, 3) world, z up: where skinning puts it, sample by sample.
        colliders: over the same samples.

    Returns: (S, V, 3) float32.
    """
    moving = loose > 0
    part = np.flatnonzero(moving[faces].any(1))
    if not len(part):
        return skinned
    used, index = np.unique(faces[part], return_inverse=True)
    out = np.array(skinned, np.float32)
    out[:, used] = _simulate(
        rest[used].astype(np.float64), index.reshape(-1, 3), loose[used].astype(np.float64), skinned[:, used],
        _Obstacle(colliders), fps,
    )  # fmt: skip
    return out


def _between(samples: np.ndarray, time: float, which=slice(None)) -> np.ndarray:
    """Float64 values at a fractional sample of (S, n, 3), of the points ``which``."""
    first = min(int(time), len(samples) - 1)
    second = min(first + 1, len(samples) - 1)
    start = samples[first][which].astype(np.float64)
    return start + (time - first) * (samples[second][which] - start)


class _Net:
    """The constraints of a net and what one pass over them does."""

    def __init__(self, rest: np.ndarray, faces: np.ndarray, loose: np.ndarray):
        edges, folds = _springs(faces)
        ends = np.concatenate([edges, folds])
        self.free = (loose > 0).astype(float)
        share = self.free[ends].sum(1)
        ends, share = ends[share > 0], share[share > 0]
        stiff = np.where(np.arange(len(ends)) < (self.free[edges].sum(1) > 0).sum(), 1.0, BEND)
        self.length = np.linalg.norm(rest[ends[:, 0]] - rest[ends[:, 1]], axis=1)
        shape = (len(ends), len(rest))
        rows = np.repeat(np.arange(len(ends)), 2)
        self.difference = sp.csr_matrix((np.tile([1.0, -1.0], len(ends)), (rows, ends.ravel())), shape)
        valence = np.maximum(np.bincount(ends.ravel(), np.repeat(stiff, 2), len(rest)), 1.0)
        spread = sp.diags(OVER * self.free / valence) @ self.difference.T @ sp.diags(stiff / share)
        self.spread = spread.tocsr()
        # the way along the cloth to what is pinned
        sides = np.linalg.norm(rest[edges[:, 0]] - rest[edges[:, 1]], axis=1)
        graph = sp.csr_matrix((sides, edges.T), (len(rest), len(rest)))
        pinned = np.flatnonzero(loose == 0)
        way, _, source = dijkstra(graph, False, pinned, min_only=True, return_predecessors=True)
        self.tied = np.flatnonzero((loose > 0) & np.isfinite(way))
        self.anchor, self.way = source[self.tied], STRETCHED * way[self.tied]

    def relax(self, x: np.ndarray) -> np.ndarray:
        span = self.difference @ x
        size = np.linalg.norm(span, axis=1)
        span *= ((self.length - size) / np.maximum(size, 1e-9))[:, None]
        return x + self.spread @ span

    def tie(self, x: np.ndarray) -> None:
        away = x[self.tied] - x[self.anchor]
        size = np.linalg.norm(away, axis=1)
        far = size > self.way
        x[self.tied[far]] -= ((1 - self.way / np.maximum(size, 1e-9))[:, None] * away)[far]


def _simulate(rest, faces, loose, skinned, obstacle: _Obstacle, fps: float) -> np.ndarray:
    net = _Net(rest, faces, loose)
    looks = max(round(LOOKS_PER_SECOND / fps), 1)
    substeps = max(round(STEPS_PER_SECOND / (fps * looks)), 1)
    step = 1.0 / (fps * looks * substeps)
    pull = np.exp(np.log(PINNED) + loose * (np.log(FREE) - np.log(PINNED))) * step**2
    pull = np.where(loose > 0, pull / (1 + pull), 1.0)[:, None]
    fall = np.array([0.0, 0.0, -GRAVITY]) * step**2
    grip = 1 - (1 - GRIP) ** (1 / substeps)
    candidates = np.flatnonzero(loose > 0)

    def look(x: np.ndarray, speed: np.ndarray, start: float, length: float, drag: float):
        """Positions and speeds after the steps of one look, which takes ``length`` samples from ``start`` on."""
        near = cKDTree(_between(obstacle.points, start)).query(x[candidates], distance_upper_bound=REACH)[1]
        found = near < obstacle.points.shape[1]
        close, near = candidates[found], near[found]
        at = _between(obstacle.points, start, near)
        for k in range(substeps):
            time = start + length * (k + 1) / substeps
            last, at, n = at, _between(obstacle.points, time, near), _between(obstacle.normals, time, near)
            new = x + step * (1 - drag * step) * speed + fall
            new += pull * (_between(skinned, time) - new)
            for _ in range(ITERATIONS):
                new = net.relax(new)
                net.tie(new)
                gap = new[close] - at
                height = (gap * n).sum(1)
                beside = np.linalg.norm(gap - height[:, None] * n, axis=1) > BESIDE
                depth = np.where(beside, 0.0, np.maximum(MARGIN - height, 0.0))
                new[close] += depth[:, None] * n
            new[candidates, 2] = np.maximum(new[candidates, 2], FLOOR)
            moved = new - x
            hit = depth > 0
            # what touches goes with the body along its normal, else being pushed out would throw it
            touching, normal, carried = close[hit], n[hit], (at - last)[hit]
            slide = moved[touching] - carried
            slide -= (slide * normal).sum(1, keepdims=True) * normal
            moved[touching] = carried + (1 - grip) * slide
            x, speed = new, moved / step
        return x, speed

    x = skinned[0].astype(np.float64)
    speed = np.zeros_like(x)
    for _ in range(round(HANGING * fps * looks)):
        x, speed = look(x, speed, 0.0, 0.0, HANGING_DRAG)
    if len(skinned) > 1:  # it comes along with the body
        speed = speed + (skinned[1] - skinned[0]).mean(0) * fps
    out = np.empty(skinned.shape, np.float32)
    out[0] = x
    for sample in range(1, len(skinned)):
        for k in range(looks):
            x, speed = look(x, speed, sample - 1 + k / looks, 1 / looks, DRAG)
        out[sample] = x
    return out
