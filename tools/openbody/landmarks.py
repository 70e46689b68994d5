"""The 51 + 17 face landmarks of iBUG-68, placed on features of MakeHuman's base mesh.

Eyes and the inner lips come from the openings that an eye in front of the face sees between the lids and the lips, the
jaw line from the outline of the face without ears and neck, nose and outer lips from the vertices that form their
ridges and borders, brows from the median of the community's CC0 brow meshes. The right side mirrors the left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from openbody.frontview import front_hits, grid
from openbody.layout import triangles
from openbody.sources import BaseMesh, Sources

# Base mesh vertices of the left side (x > 0) and the middle.
NOSE_TIP, SUBNASALE, NOSTRIL, ALA = 297, 343, 7054, 7119
LIP_TOP, CUPID, UPPER_SIDE, CORNER = 466, 7217, 7208, 7162
LIP_BOTTOM, LOWER_INNER, LOWER_OUTER = 492, 7235, 7166
# Centre line of the left brow from the nose outwards, (x, y) in metres on the base mesh.
BROW = np.array([[11.0, 738.0], [22.0, 740.3], [33.0, 743.2], [44.5, 743.4], [54.5, 739.4]]) * 1e-3
LID_STEP, OPENING_GRID = 5e-4, 4e-4
JAW_POINTS, JAW_STEP, JAW_DROP = 17, 1e-3, 0.015
CONTOUR_ROWS = 79  # smplx looks the contour up by the yaw of the head; see ``dynamic_table``


@dataclass(frozen=True)
class Spots:
    """Points on triangles: ``faces`` (n,) int64 and ``barycentrics`` (n, 3) float64."""

    faces: np.ndarray
    barycentrics: np.ndarray


def _flip(points: np.ndarray) -> np.ndarray:
    return points * [-1.0, 1.0]


class _Face:
    """The base mesh seen from the front."""

    def __init__(self, sources: Sources):
        self.base: BaseMesh = sources.base
        self.mirror = sources.mirror
        self.triangles, _, self.group = triangles(sources)
        self._head = np.flatnonzero(self.base.vertices[self.triangles][:, :, 1].min(1) > 0.56)

    def see(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Front hits with triangle numbers of the whole body."""
        hit, weights, depth = front_hits(np.asarray(points), self.base.vertices, self.triangles[self._head])
        return np.where(hit >= 0, self._head[hit], -1), weights, depth

    def xy(self, vertex: int) -> np.ndarray:
        return self.base.vertices[vertex, :2]

    def opening(self, x: tuple[float, float], y: tuple[float, float]) -> np.ndarray:
        """(n, 2) grid points inside a window where something behind the skin is seen."""
        points, _ = grid(x, y, OPENING_GRID)
        hit, _, _ = self.see(points)
        return points[(hit >= 0) & (self.group[hit] != 0)]

    def spots(self, points: np.ndarray) -> Spots:
        """The skin at (n, 2) points."""
        hit, weights, _ = self.see(points)
        if (hit < 0).any() or (self.group[hit] != 0).any():
            raise RuntimeError(f"landmarks off the skin at {np.asarray(points)[(hit < 0) | (self.group[hit] != 0)]}")
        return Spots(hit, weights)


def _rim(opening: np.ndarray, share: float, up: bool) -> np.ndarray:
    """The skin just outside an opening, above or below it, ``share`` of the way from its inner to its outer end."""
    x = opening[:, 0].min() + share * np.ptp(opening[:, 0])
    column = opening[np.abs(opening[:, 0] - x) < 0.6 * OPENING_GRID]
    return np.array([x, column[:, 1].max() + LID_STEP if up else column[:, 1].min() - LID_STEP])


def _eye(face: _Face) -> list[np.ndarray]:
    """Left eye: inner corner, upper inner, upper outer, outer corner, lower outer, lower inner."""
    centre = face.base.vertices[face.base.groups["helper-l-eye"]].mean(0)
    opening = face.opening((centre[0] - 0.03, centre[0] + 0.03), (centre[1] - 0.02, centre[1] + 0.02))
    inner, outer = (opening[opening[:, 0].argmin()], opening[opening[:, 0].argmax()])
    step = np.array([LID_STEP, 0.0])
    return [
        inner - step,
        _rim(opening, 0.35, True),
        _rim(opening, 0.68, True),
        outer + step,
        _rim(opening, 0.68, False),
        _rim(opening, 0.35, False),
    ]


def _inner_lips(face: _Face) -> list[np.ndarray]:
    """Corner, upper side, top, lower side and bottom of the left half of the gap between the lips."""
    y = face.xy(CORNER)[1]
    gap = face.opening((0.0, 0.05), (y - 0.006, y + 0.006))
    corner = gap[gap[:, 0].argmax()] + [1e-3, 0.0]
    middle = np.array([0.0, 1.0])
    sides, tops = ([_rim(gap, share, up) for up in (True, False)] for share in (0.5, 0.0))
    return [corner, sides[0], tops[0] * middle, sides[1], tops[1] * middle]


def _jaw(face: _Face) -> np.ndarray:
    """(9, 2) from beside the left ear at eye level down to the chin, evenly along the outline of the face."""
    centre = np.array([0.0, face.base.vertices[face.base.groups["helper-l-eye"]].mean(0)[1]])
    rim = []
    for angle in np.radians(np.linspace(0.0, -90.0, 46)):
        # start outside nose and lips, whose overhangs look like edges too
        radii = np.arange(0.06 + 0.038 * np.sin(angle) ** 2, 0.14, JAW_STEP)
        ray = centre + radii[:, None] * [np.cos(angle), np.sin(angle)]
        hit, _, depth = face.see(ray)
        corner = face.base.vertices[face.triangles[hit]]
        normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
        facing = normal[:, 2] / np.linalg.norm(normal, axis=1)
        deep = np.where(hit < 0, -1.0, depth)
        lost = (hit < 0) | (np.diff(deep, prepend=deep[0]) < -JAW_DROP)  # the neck lies far behind the jaw's edge
        ends = np.flatnonzero(lost | ((facing < 0.2) & (depth < 0.09)))
        rim.append(ray[max(ends[0] - 1, 0)])
    rim = np.array(rim)
    kernel = np.ones(5) / 5
    rim = np.stack([np.convolve(np.pad(rim[:, k], 2, mode="edge"), kernel, "valid") for k in (0, 1)], 1)
    rim[-1, 0] = 0.0  # the chin
    along = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(rim, axis=0), axis=1))]
    even = np.linspace(0.0, along[-1], JAW_POINTS // 2 + 1)
    return np.stack([np.interp(even, along, rim[:, k]) for k in (0, 1)], 1)


def _nose_bridge(face: _Face) -> list[np.ndarray]:
    """Root to just above the tip, down the middle; the root is the deepest point between the eyes."""
    eye = face.base.vertices[face.base.groups["helper-l-eye"]].mean(0)
    ys = np.arange(eye[1] - 0.005, eye[1] + 0.018, 5e-4)
    root = ys[face.see(np.stack([np.full(len(ys), 1e-4), ys], 1))[2].argmin()]
    tip = face.xy(NOSE_TIP)[1]
    return [np.array([0.0, root + share * (tip - root)]) for share in (0.0, 1 / 3, 2 / 3, 1.0)]


def static_spots(sources: Sources) -> Spots:
    """The 51 landmarks without the jaw, in the order of smplx's joint names."""
    face = _Face(sources)
    eye, lips, xy = _eye(face), _inner_lips(face), face.xy
    left_nose = [xy(NOSTRIL), xy(ALA)]
    upper = [xy(CUPID), xy(UPPER_SIDE), xy(CORNER)]
    lower = [xy(LOWER_INNER), xy(LOWER_OUTER)]
    corner, upper_lip, top, lower_lip, bottom = lips
    points = [
        *(_flip(p) for p in BROW[::-1]),
        *BROW,
        *_nose_bridge(face),
        *(_flip(p) for p in left_nose[::-1]),
        xy(SUBNASALE),
        *left_nose,
        *(_flip(eye[k]) for k in (3, 2, 1, 0, 5, 4)),
        *eye,
        *(_flip(p) for p in upper[::-1]),
        xy(LIP_TOP),
        *upper,
        *lower[::-1],
        xy(LIP_BOTTOM),
        *(_flip(p) for p in lower),
        *(_flip(corner), _flip(upper_lip), top, upper_lip, corner, lower_lip, bottom, _flip(lower_lip)),
    ]
    return face.spots(np.array(points))


def contour_spots(sources: Sources) -> Spots:
    """The 17 points of the jaw line, from the right ear over the chin to the left ear."""
    face = _Face(sources)
    left = _jaw(face)
    return face.spots(np.concatenate([_flip(left[:-1]), left[::-1]]))


def dynamic_table(contour: Spots) -> tuple[np.ndarray, np.ndarray]:
    """(79, 17) faces and (79, 17, 3) barycentrics, the same in every row.

    smplx picks the row by the yaw of the whole chain from the root, which tells nothing about the camera once bodies
    stand in a world of their own. So the contour is anchored to the jaw: the same skin whatever the pose.
    """
    return np.tile(contour.faces, (CONTOUR_ROWS, 1)), np.tile(contour.barycentrics, (CONTOUR_ROWS, 1, 1))
