"""Loose cloth over a clip: it hangs, lags and folds, and stays off the body. Deterministic.

Position-based dynamics in small steps (Macklin et al. 2019): the edges of the net and, softly, the folds across them
keep their lengths, and no vertex is farther from the waistband than cloth reaches (Kim et al. 2012). A vertex is drawn
to where skinning puts it, the more the less loose it is; what goes with the body is pinned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import dijkstra

from synth.bodies.boxtree import BoxTree
from synth.bodies.surface import vertex_normals
from synth.compiled import compiled

STEPS_PER_SECOND = 240
LOOKS_PER_SECOND = 24  # at what lies nearest
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
GRIP = 0.5  # share of sliding along the body that friction takes in a look's time


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
            points.append(c.positions[:, c.used])
            normals.append(np.stack([vertex_normals(v, c.faces)[c.used] for v in c.positions]).astype(np.float32))
        self.points, self.normals = np.concatenate(points, 1), np.concatenate(normals, 1)


def _springs(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Edges (n, 2) of triangles, and pairs (m, 2) of vertices that face each other across an edge."""
    sides = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    across = np.concatenate([faces[:, 2], faces[:, 0], faces[:, 1]])
    number = int(faces.max()) + 1
    edges, owner = np.unique(np.sort(sides, axis=1).astype(np.int64) @ (number, 1), return_inverse=True)
    edges = np.stack(np.divmod(edges, number), 1)
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


class _Net:
    """The constraints of a net: pairs ``ends`` (n, 2) of vertices, their ``length`` (n,) and stiffness (n,) a free end;
    the ``ease`` (V,) with which vertices give way; ``tied`` (m,) vertices, their ``anchor`` and the ``way`` to it."""

    def __init__(self, rest: np.ndarray, faces: np.ndarray, loose: np.ndarray):
        edges, folds = _springs(faces)
        ends = np.concatenate([edges, folds])
        free = (loose > 0).astype(float)
        share = free[ends].sum(1)
        ends, share = ends[share > 0], share[share > 0]
        stiff = np.where(np.arange(len(ends)) < (free[edges].sum(1) > 0).sum(), 1.0, BEND)
        self.ends = ends.astype(np.int64)
        self.length = np.linalg.norm(rest[ends[:, 0]] - rest[ends[:, 1]], axis=1)
        self.stiff = stiff / share
        self.ease = OVER * free / np.maximum(np.bincount(ends.ravel(), np.repeat(stiff, 2), len(rest)), 1.0)
        # the way along the cloth to what is pinned
        sides = np.linalg.norm(rest[edges[:, 0]] - rest[edges[:, 1]], axis=1)
        graph = sp.csr_matrix((sides, edges.T), (len(rest), len(rest)))
        pinned = np.flatnonzero(loose == 0)
        way, _, source = dijkstra(graph, False, pinned, min_only=True, return_predecessors=True)
        self.tied = np.flatnonzero((loose > 0) & np.isfinite(way))
        self.anchor, self.way = source[self.tied].astype(np.int64), STRETCHED * way[self.tied]


def _between(samples: np.ndarray, time: float) -> np.ndarray:
    """Float64 values at a fractional sample of (S, n, 3)."""
    first = min(int(time), len(samples) - 1)
    second = min(first + 1, len(samples) - 1)
    start = samples[first].astype(np.float64)
    return start + (time - first) * (samples[second] - start)


@compiled
def _spot(samples, time, i):
    """Row ``i`` of what ``_between`` says."""
    first = min(int(time), len(samples) - 1)
    second = min(first + 1, len(samples) - 1)
    share, a, b = time - first, samples[first, i], samples[second, i]
    return (
        a[0] + share * (np.float64(b[0]) - a[0]),
        a[1] + share * (np.float64(b[1]) - a[1]),
        a[2] + share * (np.float64(b[2]) - a[2]),
    )


@compiled
def _relax(x, push, ends, length, stiff, ease):
    """One pass over all pairs at once; ``push`` is scratch (V, 3)."""
    push[:] = 0.0
    for e in range(len(ends)):
        a, b = ends[e]
        s0, s1, s2 = x[a, 0] - x[b, 0], x[a, 1] - x[b, 1], x[a, 2] - x[b, 2]
        size = np.sqrt(s0 * s0 + s1 * s1 + s2 * s2)
        pull = stiff[e] * (length[e] - size) / max(size, 1e-9)
        s0, s1, s2 = pull * s0, pull * s1, pull * s2
        push[a, 0] += s0
        push[a, 1] += s1
        push[a, 2] += s2
        push[b, 0] -= s0
        push[b, 1] -= s1
        push[b, 2] -= s2
    for i in range(len(x)):
        for k in range(3):
            x[i, k] += ease[i] * push[i, k]


@compiled
def _tie(x, tied, anchor, way):
    for j in range(len(tied)):
        i, a = tied[j], anchor[j]
        s0, s1, s2 = x[i, 0] - x[a, 0], x[i, 1] - x[a, 1], x[i, 2] - x[a, 2]
        size = np.sqrt(s0 * s0 + s1 * s1 + s2 * s2)
        if size > way[j]:
            back = 1.0 - way[j] / size
            x[i, 0] -= back * s0
            x[i, 1] -= back * s1
            x[i, 2] -= back * s2


@compiled
def _steps(
    x, speed, start, length, count, step, drag, grip, skinned, pull, close, near, points, normals,
    ends, rest_length, stiff, ease, tied, anchor, way, candidates,
):  # fmt: skip
    """Positions and speeds after ``count`` steps over ``length`` samples from ``start`` on; vertices ``close`` (n,)
    stay off the obstacle's points ``near`` (n,)."""
    push, touches = np.empty(x.shape), np.zeros(len(close), np.bool_)
    for k in range(count):
        time, before = start + length * (k + 1) / count, start + length * k / count
        new = x + step * (1 - drag * step) * speed
        for i in range(len(x)):
            new[i, 2] -= GRAVITY * step**2
            aim = _spot(skinned, time, i)
            for c in range(3):
                new[i, c] += pull[i] * (aim[c] - new[i, c])
        for _ in range(ITERATIONS):
            _relax(new, push, ends, rest_length, stiff, ease)
            _tie(new, tied, anchor, way)
            for j in range(len(close)):
                i, at, n = close[j], _spot(points, time, near[j]), _spot(normals, time, near[j])
                g0, g1, g2 = new[i, 0] - at[0], new[i, 1] - at[1], new[i, 2] - at[2]
                height = g0 * n[0] + g1 * n[1] + g2 * n[2]
                b0, b1, b2 = g0 - height * n[0], g1 - height * n[1], g2 - height * n[2]
                touches[j] = height < MARGIN and b0 * b0 + b1 * b1 + b2 * b2 <= BESIDE**2
                if touches[j]:
                    for c in range(3):
                        new[i, c] += (MARGIN - height) * n[c]
        for i in candidates:
            new[i, 2] = max(new[i, 2], FLOOR)
        moved = new - x
        for j in range(len(close)):
            # what touches goes with the body along its normal, else being pushed out would throw it
            if touches[j]:
                i, n = close[j], _spot(normals, time, near[j])
                at, last = _spot(points, time, near[j]), _spot(points, before, near[j])
                carried = (at[0] - last[0], at[1] - last[1], at[2] - last[2])
                s0, s1, s2 = moved[i, 0] - carried[0], moved[i, 1] - carried[1], moved[i, 2] - carried[2]
                along = s0 * n[0] + s1 * n[1] + s2 * n[2]
                slide = (s0 - along * n[0], s1 - along * n[1], s2 - along * n[2])
                for c in range(3):
                    moved[i, c] = carried[c] + (1 - grip) * slide[c]
        x, speed = new, moved / step
    return x, speed


def _simulate(rest, faces, loose, skinned, obstacle: _Obstacle, fps: float) -> np.ndarray:
    net = _Net(rest, faces, loose)
    looks = max(round(LOOKS_PER_SECOND / fps), 1)
    substeps = max(round(STEPS_PER_SECOND / (fps * looks)), 1)
    step = 1.0 / (fps * looks * substeps)
    pull = np.exp(np.log(PINNED) + loose * (np.log(FREE) - np.log(PINNED))) * step**2
    pull = np.where(loose > 0, pull / (1 + pull), 1.0)
    grip = 1 - (1 - GRIP) ** (1 / substeps)
    candidates = np.flatnonzero(loose > 0)
    skinned = np.ascontiguousarray(skinned, np.float32)
    each = np.arange(obstacle.points.shape[1])
    tree = BoxTree(obstacle.points[0], np.stack([each] * 3, 1))
    guess = np.full(len(candidates), -1)

    def look(x: np.ndarray, speed: np.ndarray, start: float, length: float, drag: float):
        """Positions and speeds after the steps of one look, which takes ``length`` samples from ``start`` on."""
        here = tree.moved(_between(obstacle.points, start))
        point = here.nearest(x[candidates], guess, REACH)[0]
        found = np.flatnonzero(point >= 0)
        guess[found] = point[found]
        return _steps(
            x, speed, start, length, substeps, step, drag, grip, skinned, pull, candidates[found], guess[found],
            obstacle.points, obstacle.normals, net.ends, net.length, net.stiff, net.ease, net.tied, net.anchor,
            net.way, candidates,
        )  # fmt: skip

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
