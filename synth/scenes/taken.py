"""Where a scene file leaves no room for props: what stands there, where no floor is, and what people cannot walk to."""

from __future__ import annotations

import numpy as np
import trimesh
from scipy import ndimage

from synth.props.obstacles import Box

CELL = 0.2  # metres
_LOW, _HIGH = 0.05, 2.2  # metres over the floor between which things stand in the way
_EVERY = 0.0025  # square metres of a surface for which a point stands


def spread(triangles: np.ndarray, every: float) -> tuple[np.ndarray, np.ndarray]:
    """Points (N, 3) all over triangles (F, 3, 3), a triangle's first one and one per ``every`` m2, and its number."""
    rng = np.random.Generator(np.random.PCG64(0))
    count = np.maximum(np.ceil(trimesh.triangles.area(triangles) / every).astype(int), 1)
    face = np.repeat(np.arange(len(triangles)), count)
    return np.einsum("nk,nkc->nc", rng.dirichlet((1.0, 1.0, 1.0), len(face)), triangles[face]), face


def _within(triangles: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Triangles (F, 3, 3) cut off at the sides of a box, given by two corners (3,)."""
    there = (triangles.max(1) >= low).all(1) & (triangles.min(1) <= high).all(1)
    triangles = triangles[there]
    for axis in np.eye(3):
        for way, corner in ((axis, low), (-axis, high)):
            faces = np.arange(3 * len(triangles)).reshape(-1, 3)
            points, faces, _ = trimesh.intersections.slice_faces_plane(triangles.reshape(-1, 3), faces, way, corner)
            triangles = points[faces]
    return triangles


def taken_boxes(triangles: np.ndarray, people: np.ndarray, low: np.ndarray, high: np.ndarray) -> list[Box]:
    """Boxes along x and y that together cover the part of a rectangle in which nothing can be put.

    Args:
        triangles: (F, 3, 3) all surfaces; the floor is z = 0.
        people: (M, 3) where people are. low, high: (2,) corners of the rectangle.
    """
    shape = np.maximum(np.ceil((high - low) / CELL).astype(int), 1)
    near = _within(triangles, np.append(low, -_LOW), np.append(high, _HIGH))
    points = spread(near, _EVERY)[0]

    def cells(some: np.ndarray) -> np.ndarray:
        place = np.floor((some[:, :2] - low) / CELL).astype(int)
        found = np.zeros(shape, bool)
        inside = ((place >= 0) & (place < shape)).all(1)
        found[tuple(place[inside].T)] = True
        return found

    height = points[:, 2]
    free = cells(points[height <= _LOW]) & ~cells(points[height > _LOW])
    parts, _ = ndimage.label(free)
    walked = np.unique(parts[cells(people) & free])
    spans = _rectangles(~np.isin(parts, walked[walked > 0]))
    return [Box(low + CELL * (a + b) / 2, CELL * (b - a) / 2, _HIGH, 0.0) for a, b in np.array(spans).reshape(-1, 2, 2)]


def _rectangles(mask: np.ndarray) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Rectangles that cover a mask (X, Y) exactly, each by its first cell and the one past its last."""
    done: list = []
    growing: dict[tuple[int, int], int] = {}  # runs along y, by where they begin along x
    for x, row in enumerate([*mask, np.zeros(mask.shape[1], bool)]):
        ends = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(np.int8), [0]])))
        runs = list(zip(ends[::2].tolist(), ends[1::2].tolist(), strict=True))
        done += [((since, a), (x, b)) for (a, b), since in growing.items() if (a, b) not in runs]
        growing = {run: growing.get(run, x) for run in runs}
    return done
