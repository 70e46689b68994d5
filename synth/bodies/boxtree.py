"""Nearest points on triangles that move: a tree of boxes that keeps its shape while the boxes follow the vertices.

Points and vertices may have coordinates beyond the three of space. A triangle's point nearest to another is the one
nearest in space; its further coordinates are interpolated there and count when triangles are compared.
"""

from __future__ import annotations

import copy

import numpy as np

from synth.compiled import compiled

_LEAF = 4  # triangles in the smallest boxes
_DEEPEST = 64


class BoxTree:
    """A tree of boxes round the triangles ``faces`` (F, 3) of ``vertices`` (V, D >= 3), at least one triangle."""

    def __init__(self, vertices: np.ndarray, faces: np.ndarray):
        self.faces = np.ascontiguousarray(faces, np.int64)
        self.vertices = np.ascontiguousarray(vertices, np.float64)
        corners = self.vertices[self.faces]
        self._order, self._first, self._count, self._left = _split(corners.min(1) + corners.max(1))
        self._boxes = self._fitted()

    def moved(self, vertices: np.ndarray) -> BoxTree:
        """The tree round the same triangles with their vertices (V, D) elsewhere, for a small part of the price."""
        out = copy.copy(self)
        out.vertices = np.ascontiguousarray(vertices, np.float64)
        out._boxes = out._fitted()
        return out

    def _fitted(self) -> np.ndarray:
        return _fit(self._order, self._first, self._count, self._left, self.faces, self.vertices)

    def nearest(
        self, points: np.ndarray, guess: np.ndarray | None = None, within: float = np.inf
    ) -> tuple[np.ndarray, np.ndarray]:
        """Triangles (N,) int64 nearest to points (N, D), and (N, 3) float64 barycentric coordinates of the places.

        Args:
            guess: (N,) triangles that are likely near; they save time and change nothing but which of two equals wins.
            within: triangles that are not nearer than that are not looked for; -1 stands for them.
        """
        points = np.ascontiguousarray(points, np.float64)
        guess = np.full(len(points), -1) if guess is None else np.ascontiguousarray(guess, np.int64)
        return _search(
            points, guess, self._order, self._first, self._count, self._left, self._boxes, self.faces, self.vertices,
            within,
        )  # fmt: skip


def closest_on_triangles(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(N, 3) barycentric coordinates of the points of triangles (N, 3, 3) nearest to points (N, 3)."""
    return _closest_each(
        np.ascontiguousarray(points, np.float64), np.ascontiguousarray(triangles, float).reshape(-1, 3)
    )


@compiled
def _split(middles):
    """The boxes: triangles are ``order[first : first + count]``, halves ``left`` (-1: none) and the next one."""
    n = len(middles)
    order = np.arange(n)
    most = 4 * (n // _LEAF) + 3
    first, count, left = np.zeros(most, np.int64), np.zeros(most, np.int64), np.full(most, -1)
    count[0] = n
    used = 1
    node = 0
    while node < used:
        a, c = first[node], count[node]
        if c > _LEAF:
            mine = order[a : a + c].copy()
            axis, widest = 0, -1.0
            for d in range(middles.shape[1]):
                low, high = np.inf, -np.inf
                for i in mine:
                    low, high = min(low, middles[i, d]), max(high, middles[i, d])
                if high - low > widest:
                    axis, widest = d, high - low
            key = np.empty(c)
            for i in range(c):
                key[i] = middles[mine[i], axis]
            order[a : a + c] = mine[np.argsort(key, kind="mergesort")]
            left[node] = used
            first[used], count[used] = a, c // 2
            first[used + 1], count[used + 1] = a + c // 2, c - c // 2
            used += 2
        node += 1
    return order, first[:used].copy(), count[:used].copy(), left[:used].copy()


@compiled
def _fit(order, first, count, left, faces, vertices):
    """(B, 2, D) lowest and highest corners of the boxes."""
    size = vertices.shape[1]
    boxes = np.empty((len(first), 2, size))
    for node in range(len(first) - 1, -1, -1):  # halves come after wholes
        half = left[node]
        for k in range(size):
            if half >= 0:
                boxes[node, 0, k] = min(boxes[half, 0, k], boxes[half + 1, 0, k])
                boxes[node, 1, k] = max(boxes[half, 1, k], boxes[half + 1, 1, k])
            else:
                low, high = np.inf, -np.inf
                for i in range(first[node], first[node] + count[node]):
                    for c in range(3):
                        value = vertices[faces[order[i], c], k]
                        low, high = min(low, value), max(high, value)
                boxes[node, 0, k], boxes[node, 1, k] = low, high
    return boxes


@compiled
def _closest(px, py, pz, vertices, a, b, c):
    """Weights of ``b`` and ``c`` at the point of a triangle of ``vertices`` nearest to p (Ericson 2005, 5.1.5)."""
    if a == b and a == c:
        return 0.0, 0.0
    ax, ay, az = vertices[a, 0], vertices[a, 1], vertices[a, 2]
    bx, by, bz = vertices[b, 0], vertices[b, 1], vertices[b, 2]
    cx, cy, cz = vertices[c, 0], vertices[c, 1], vertices[c, 2]
    ux, uy, uz, vx, vy, vz = bx - ax, by - ay, bz - az, cx - ax, cy - ay, cz - az
    d1 = ux * (px - ax) + uy * (py - ay) + uz * (pz - az)
    d2 = vx * (px - ax) + vy * (py - ay) + vz * (pz - az)
    if d1 <= 0.0 and d2 <= 0.0:
        return 0.0, 0.0
    d3 = ux * (px - bx) + uy * (py - by) + uz * (pz - bz)
    d4 = vx * (px - bx) + vy * (py - by) + vz * (pz - bz)
    if d3 >= 0.0 and d4 <= d3:
        return 1.0, 0.0
    side_c = d1 * d4 - d3 * d2
    if side_c <= 0.0 and d1 >= 0.0 and d3 <= 0.0:
        return (d1 / (d1 - d3) if d1 > d3 else 0.0), 0.0
    d5 = ux * (px - cx) + uy * (py - cy) + uz * (pz - cz)
    d6 = vx * (px - cx) + vy * (py - cy) + vz * (pz - cz)
    if d6 >= 0.0 and d5 <= d6:
        return 0.0, 1.0
    side_b = d5 * d2 - d1 * d6
    if side_b <= 0.0 and d2 >= 0.0 and d6 <= 0.0:
        return 0.0, (d2 / (d2 - d6) if d2 > d6 else 0.0)
    side_a, span = d3 * d6 - d5 * d4, (d4 - d3) + (d5 - d6)
    if side_a <= 0.0 and d4 >= d3 and d5 >= d6:
        w = (d4 - d3) / span if span > 0.0 else 0.0
        return 1.0 - w, w
    return side_b / (side_a + side_b + side_c), side_c / (side_a + side_b + side_c)


@compiled
def _closest_each(points, corners):
    out = np.empty((len(points), 3))
    for i in range(len(points)):
        v, w = _closest(points[i, 0], points[i, 1], points[i, 2], corners, 3 * i, 3 * i + 1, 3 * i + 2)
        out[i, 0], out[i, 1], out[i, 2] = max(1.0 - v - w, 0.0), v, w
    return out


@compiled
def _on(points, i, faces, f, vertices):
    """Where point ``i`` is nearest to face ``f``, and the square of how far."""
    a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
    v, w = _closest(points[i, 0], points[i, 1], points[i, 2], vertices, a, b, c)
    away = 0.0
    for k in range(points.shape[1]):
        gap = (1.0 - v - w) * vertices[a, k] + v * vertices[b, k] + w * vertices[c, k] - points[i, k]
        away += gap * gap
    return v, w, away


@compiled
def _outside(points, i, boxes, node, most):
    """The square of how far point ``i`` is from a box; some number above ``most`` where it is more than that."""
    away = 0.0
    for k in range(points.shape[1]):
        gap = max(boxes[node, 0, k] - points[i, k], points[i, k] - boxes[node, 1, k], 0.0)
        away += gap * gap
        if away > most:
            break
    return away


@compiled
def _search(points, guess, order, first, count, left, boxes, faces, vertices, within):
    face, bary = np.empty(len(points), np.int64), np.zeros((len(points), 3))
    todo, gaps = np.empty(_DEEPEST, np.int64), np.empty(_DEEPEST)
    last = 0
    for i in range(len(points)):
        if guess[i] >= 0:  # else the last point's face, as points come in some order
            last = guess[i]
        best = last
        v, w, least = _on(points, i, faces, best, vertices)
        if least >= within * within:
            best, least = -1, within * within
        todo[0], gaps[0], top = 0, 0.0, 1
        while top:
            top -= 1
            node = todo[top]
            if gaps[top] >= least:
                continue
            half = left[node]
            if half < 0:
                for k in range(first[node], first[node] + count[node]):
                    v2, w2, away = _on(points, i, faces, order[k], vertices)
                    if away < least:
                        v, w, least, best = v2, w2, away, order[k]
                continue
            a, b = _outside(points, i, boxes, half, least), _outside(points, i, boxes, half + 1, least)
            far = half if a > b else half + 1
            if max(a, b) < least:
                todo[top], gaps[top] = far, max(a, b)
                top += 1
            if min(a, b) < least:
                todo[top], gaps[top] = 2 * half + 1 - far, min(a, b)
                top += 1
        face[i] = best
        if best >= 0:
            last = best
            bary[i, 0], bary[i, 1], bary[i, 2] = max(1.0 - v - w, 0.0), v, w
    return face, bary
