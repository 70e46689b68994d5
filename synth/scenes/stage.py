"""What a scene is built round: the room that people take, where cameras are, and what they must see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from synth.geometry import Cameras, Lamp, Mesh
from synth.props.obstacles import Box, cell_reach, swept_cells

_EYES, _SPOTS, _STEPS = 7, 100, 24
_CAMERA_GAP = 0.4  # metres


@dataclass(frozen=True)
class Stage:
    """People and cameras of a clip, in the world.

    Attributes:
        cells, reach: what people visit over the clip, and how much farther they may extend (see ``obstacles``).
        eyes: (S, 3) where cameras are, all time samples.
        sight: (N, 3) points on lines between cameras and people.
        corners: (S, 4, 3) directions to the frame's corners, z forward of length 1.
        ahead: (2,) unit vector from the middle camera to the people, on the floor.
    """

    cells: np.ndarray
    reach: float
    eyes: np.ndarray
    sight: np.ndarray
    corners: np.ndarray
    ahead: np.ndarray

    @classmethod
    def of(cls, people: Sequence[Mesh], cameras: Cameras, size: tuple[int, int]) -> Stage:
        """The stage of people, given by all their meshes, and cameras with pictures of a size in pixels."""
        cells = swept_cells(people)
        pose = cameras.world_to_camera
        eyes = -np.einsum("sji,sj->si", pose[:, :3, :3], pose[:, :3, 3])
        some = eyes[np.unique(np.linspace(0, len(eyes) - 1, _EYES).astype(int))]
        spots = cells[:: max(1, len(cells) // _SPOTS)]
        way = np.linspace(0.0, 1.0, _STEPS)[:, None]
        sight = np.concatenate([(eye + way * (spot - eye)) for eye in some for spot in spots])
        width, height = size
        # A pane wider than the frame: lenses that distort see farther.
        pixels = np.array([[x, y, 1.0] for x in (-0.1 * width, 1.1 * width) for y in (-0.1 * height, 1.1 * height)])
        rays = np.einsum("sij,nj->sni", np.linalg.inv(cameras.intrinsics), pixels)
        corners = np.einsum("sji,snj->sni", pose[:, :3, :3], rays)
        middle = (cells.min(0) + cells.max(0))[:2] / 2
        ahead = middle - eyes[len(eyes) // 2, :2]
        if np.linalg.norm(ahead) < 0.05:  # straight from above
            ahead = pose[len(eyes) // 2, 1, :2]
        return cls(cells, cell_reach(people), eyes, sight, corners, ahead / max(np.linalg.norm(ahead), 1e-9))

    @property
    def moving(self) -> np.ndarray:
        """(N, 3) all points that must be free: people's and cameras'."""
        return np.concatenate([self.cells, self.eyes])

    @property
    def middle(self) -> np.ndarray:
        """(3,) the middle of the place that people take."""
        return (self.cells.min(0) + self.cells.max(0)) / 2

    def clear(self, box: Box, boxes: Sequence[Box], gap: float = 0.05) -> bool:
        """Whether a thing in ``box`` touches nobody, keeps off cameras and other boxes, and hides no people."""
        return (
            all(box.apart(other, gap) for other in boxes)
            and self.aside(box)
            and box.distance(self.cells).min() > self.reach + 0.02
        )

    def aside(self, box: Box) -> bool:
        """Whether a thing in ``box`` keeps off cameras and their view of people."""
        return box.distance(self.eyes).min() > _CAMERA_GAP and box.distance(self.sight).min() > 0.05


@dataclass(frozen=True)
class Limits:
    """An upright box within which lamps hang: horizontal axes (2, 2), one a row, and two corners (3,) along them."""

    axes: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def keep(self, point: np.ndarray) -> np.ndarray:
        """The point (3,) of the box that is next to ``point`` (3,)."""
        local = np.clip(np.append(self.axes @ point[:2], point[2]), self.low, self.high)
        return np.append(local[:2] @ self.axes, local[2])


ANYWHERE = Limits(np.eye(2), np.array([-np.inf, -np.inf, 0.2]), np.full(3, np.inf))


@dataclass(frozen=True)
class Surroundings:
    """A scene that is built.

    Attributes:
        meshes, lamps: of it. boxes: what stands in the way of props. facts: what it holds, JSON-able.
        limits: where further lamps may hang.
    """

    meshes: tuple[Mesh, ...]
    lamps: tuple[Lamp, ...] = ()
    boxes: tuple[Box, ...] = ()
    facts: dict = field(default_factory=dict)
    limits: Limits = ANYWHERE
