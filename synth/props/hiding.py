"""How much of a person the props hide, measured on small depth pictures while places are searched."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from synth.compiled import compiled
from synth.conventions import Part
from synth.geometry import Cameras, Mesh

_CELLS = 128  # along the longer side of the picture
_SAMPLES = 13  # moments that are looked at
_NEAR = 0.05  # metres


@dataclass(frozen=True)
class View:
    """What the cameras see at a few moments.

    Attributes:
        samples: (S,) time samples; shape: rows and columns of the pictures; scale: cells per pixel.
        people: (S, P, h, w) float64, planar depth of each person, inf where there is none.
        heads: (S, P, h, w) bool, cells of a person that show the head.
        hidden: (S, P, h, w) bool, cells of a person that props placed so far hide.
        covered: (S, h, w) bool, cells in which a placed prop is nearer than all people, or there are none.
    """

    cameras: Cameras
    samples: np.ndarray
    shape: tuple[int, int]
    scale: float
    people: np.ndarray
    heads: np.ndarray
    hidden: np.ndarray
    covered: np.ndarray

    @classmethod
    def of(cls, people: list[list[Mesh]], cameras: Cameras, width: int, height: int) -> View:
        """The view of people, each given by the meshes of body and clothes."""
        scale = _CELLS / max(width, height)
        shape = (max(round(height * scale), 1), max(round(width * scale), 1))
        count = len(cameras.world_to_camera)
        samples = np.unique(np.linspace(min(1, count - 1), max(count - 2, 0), _SAMPLES).astype(int))
        head, rest = np.full((2, len(samples), len(people), *shape), np.inf)
        for p, meshes in enumerate(people):
            for mesh in meshes:
                for pictures, chosen in ((head, mesh.part == Part.HEAD), (rest, mesh.part != Part.HEAD)):
                    faces = mesh.faces[mesh.shown & chosen]
                    for k, s in enumerate(samples if len(faces) else ()):
                        here = mesh.positions[min(s, len(mesh.positions) - 1)]
                        seen = picture(here, faces, cameras, s, shape, scale)
                        np.minimum(pictures[k, p], seen, out=pictures[k, p])
        nothing = np.zeros(head.shape, bool)
        return cls(cameras, samples, shape, scale, np.minimum(head, rest), head < rest, nothing, nothing.any(1))

    def with_prop(self, positions: np.ndarray, faces: np.ndarray) -> View:
        """The view with one more prop: ``positions`` (T+2 or 1, V, 3) in the world, faces (F, 3)."""
        hidden, covered = self.hidden.copy(), self.covered.copy()
        for k, sample in enumerate(self.samples):
            prop = picture(
                positions[min(sample, len(positions) - 1)], faces, self.cameras, sample, self.shape, self.scale
            )
            hidden[k] |= prop < self.people[k]
            covered[k] |= prop < self.people[k].min(0, initial=np.inf)
        hidden &= np.isfinite(self.people)
        return replace(self, hidden=hidden, covered=covered)

    def hidden_shares(self) -> np.ndarray:
        """(S, P) share of each person's cells that is hidden; 0 while out of sight."""
        return self.hidden.sum((2, 3)) / np.maximum(np.isfinite(self.people).sum((2, 3)), 1)

    def mean_hidden(self) -> np.ndarray:
        """(P,) the same, averaged over the moments at which each is in sight; 0 for those who never are."""
        in_sight = np.isfinite(self.people).any((2, 3)).sum(0)
        return self.hidden_shares().sum(0) / np.maximum(in_sight, 1)

    def hidden_heads(self) -> np.ndarray:
        """(P,) share of the cells of each person's head, over all moments, that is hidden; 0 for heads out of sight."""
        return (self.hidden & self.heads).sum((0, 2, 3)) / np.maximum(self.heads.sum((0, 2, 3)), 1)

    def fits(self, hides_most: float, hides_head: float, fills_most: float) -> bool:
        """Whether at no moment props hide more of a person or fill more of the picture than this, nor on average more
        of a head."""
        return bool(
            self.hidden_shares().max(initial=0.0) <= hides_most
            and self.hidden_heads().max(initial=0.0) <= hides_head
            and self.covered.mean((1, 2)).max(initial=0.0) <= fills_most
        )


def picture(
    positions: np.ndarray, faces: np.ndarray, cameras: Cameras, sample: int, shape: tuple[int, int], scale: float
) -> np.ndarray:
    """(h, w) float64 planar depth of triangles at the centres of cells, inf where none is.

    Triangles that reach behind the camera are left out.
    """
    pose, k = cameras.world_to_camera[sample], cameras.intrinsics[sample]
    camera = np.asarray(positions, np.float64) @ pose[:3, :3].T + pose[:3, 3]
    with np.errstate(divide="ignore", invalid="ignore"):
        cells = (camera @ k.T)[:, :2] / camera[:, 2:] * scale - 0.5  # whole numbers are centres
    faces = faces[(camera[faces, 2] > _NEAR).all(1)]
    return _drawn(cells, 1.0 / camera[:, 2], np.ascontiguousarray(faces, np.int64), shape)


@compiled
def _drawn(cells, inverse, faces, shape):
    """(h, w) depth of triangles, given (V, 2) where vertices are in the picture and (V,) one over their depth."""
    out = np.full(shape, np.inf)
    for a, b, c in faces:
        ax, ay, bx, by, cx, cy = cells[a, 0], cells[a, 1], cells[b, 0], cells[b, 1], cells[c, 0], cells[c, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        left, right = max(np.ceil(min(ax, bx, cx)), 0.0), min(np.floor(max(ax, bx, cx)), shape[1] - 1.0)
        top, bottom = max(np.ceil(min(ay, by, cy)), 0.0), min(np.floor(max(ay, by, cy)), shape[0] - 1.0)
        if area == 0.0 or left > right or top > bottom:
            continue
        for row in range(int(top), int(bottom) + 1):
            for column in range(int(left), int(right) + 1):
                u = ((bx - column) * (cy - row) - (by - row) * (cx - column)) / area
                v = ((cx - column) * (ay - row) - (cy - row) * (ax - column)) / area
                w = 1.0 - u - v
                if u >= 0.0 and v >= 0.0 and w >= 0.0:
                    depth = 1.0 / (u * inverse[a] + v * inverse[b] + w * inverse[c])
                    out[row, column] = min(out[row, column], depth)
    return out
