"""Seeing a mesh through a camera: which triangle each pixel's centre shows. Numpy alone; a second for a scan."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

_NEAR = 1e-3  # metres; triangles that come nearer to the camera are left out
_FRAGMENTS = 2_000_000  # pixels of triangles' boxes looked at at a time


class Seen(NamedTuple):
    """What pixels show; N of them show anything.

    Attributes:
        pixels: (N, 2) rows and columns.
        faces: (N,) number of the triangle.
        weights: (N, 3) of its corners at the point that is seen.
        depth: (N,) z.
    """

    pixels: np.ndarray
    faces: np.ndarray
    weights: np.ndarray
    depth: np.ndarray


def see(points: np.ndarray, image: np.ndarray, faces: np.ndarray, height: int, width: int) -> Seen:
    """The nearest triangle at the centre of each pixel; a centre is index + 0.5.

    Args:
        points: (V, 3) camera axes. image: (V, 2) their places in the picture, pixels; lines are taken as straight.
        faces: (F, 3).
    """
    z = points[:, 2]
    corners = image[faces].astype(np.float64)  # F, 3, 2
    low = np.ceil(corners.min(1) - 0.5)
    high = np.floor(corners.max(1) - 0.5)
    low, high = np.maximum(low, 0), np.minimum(high, (width - 1, height - 1))
    size = high - low + 1
    good = (z[faces] > _NEAR).all(1) & (size > 0).all(1) & np.isfinite(corners).all((1, 2))
    depth = np.full(height * width, np.inf)
    face = np.full(height * width, -1, np.int64)
    side = np.where(good, size.max(1), 0)
    edge = 1
    while (side > edge // 2).any():
        chosen = np.flatnonzero((side > edge // 2) & (side <= edge))
        for start in range(0, len(chosen), step := max(1, _FRAGMENTS // edge**2)):
            _paint(chosen[start : start + step], edge, corners, 1 / z[faces], low, high, width, depth, face)
        edge *= 2
    flat = np.flatnonzero(face >= 0)
    rows, columns = np.divmod(flat, width)
    found = face[flat]
    inverse = 1 / z[faces[found]]
    shares = _shares(corners[found], np.stack([columns + 0.5, rows + 0.5], -1)) * inverse
    return Seen(np.stack([rows, columns], -1), found, shares / shares.sum(1, keepdims=True), depth[flat])


def _paint(chosen, edge, corners, inverse, low, high, width, depth, face) -> None:
    """Lay triangles whose boxes are at most ``edge`` wide over the picture so far."""
    offsets = np.stack(np.meshgrid(np.arange(edge), np.arange(edge)), -1).reshape(-1, 2)
    place = low[chosen][:, None] + offsets  # n, edge^2, 2: columns, rows
    which, cell = np.nonzero((place <= high[chosen][:, None]).all(-1))
    place = place[which, cell]
    number = chosen[which]
    shares = _shares(corners[number], place + 0.5)
    inside = (shares >= 0).all(1)
    number, place, shares = number[inside], place[inside], shares[inside]
    z = 1 / (shares * inverse[number]).sum(1)
    pixel = (place[:, 1] * width + place[:, 0]).astype(np.int64)
    order = np.lexsort((number, z, pixel))
    pixel, z, number = pixel[order], z[order], number[order]
    first = np.flatnonzero(np.diff(pixel, prepend=-1))
    pixel, z, number = pixel[first], z[first], number[first]
    nearer = z < depth[pixel]
    depth[pixel[nearer]], face[pixel[nearer]] = z[nearer], number[nearer]


def _shares(corners: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(n, 3) shares in the picture of the corners (n, 3, 2) at points (n, 2); -1 in triangles without an area."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]

    def area(p, q, r):
        return (q[:, 0] - p[:, 0]) * (r[:, 1] - p[:, 1]) - (q[:, 1] - p[:, 1]) * (r[:, 0] - p[:, 0])

    whole = area(a, b, c)
    parts = np.stack([area(points, b, c), area(a, points, c), area(a, b, points)], -1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole[:, None] == 0, -1, parts / whole[:, None])


def vertex_normals(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(V, 3) unit normals: of the triangles around, weighted by area; 0 where there is none."""
    a, b, c = (points[faces[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    total = np.zeros_like(points, dtype=np.float64)
    for k in range(3):
        np.add.at(total, faces[:, k], normal)
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return np.where(length > 0, total / np.maximum(length, 1e-30), 0)


def project(points: np.ndarray, intrinsics: np.ndarray, distortion: np.ndarray | None = None) -> np.ndarray:
    """Points (V, 3) in camera axes -> pixels (V, 2); distortion k1 k2 p1 p2 k3 as OpenCV has it."""
    with np.errstate(invalid="ignore", divide="ignore"):
        x, y = points[:, 0] / points[:, 2], points[:, 1] / points[:, 2]
    if distortion is not None and np.any(distortion):
        k1, k2, p1, p2, k3 = np.resize(np.append(np.ravel(distortion), np.zeros(5)), 5)
        r = x * x + y * y
        bend = 1 + r * (k1 + r * (k2 + r * k3))
        x, y = (
            x * bend + 2 * p1 * x * y + p2 * (r + 2 * x * x),
            y * bend + p1 * (r + 2 * y * y) + 2 * p2 * x * y,
        )
    return np.stack([x, y, np.ones_like(x)], -1) @ np.asarray(intrinsics)[:2].T
