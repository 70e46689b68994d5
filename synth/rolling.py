"""A rolling shutter: the rows of a picture are read one after the other, while people and the camera move on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

_STEPS = 2  # leaves less than a hundredth of a pixel where flow is 30 pixels

Moving = Callable[[int], np.ndarray]
"""-1, 0 or 1, a frame as seen from another -> points (N, 3) then."""


def at_times(moving: Moving, times: np.ndarray) -> np.ndarray:
    """Values (N, ...) that go in straight lines from frame to frame, at ``times`` (N,) in frames, -1 to 1."""
    now = moving(0)
    if not times.any():
        return now
    away = np.abs(times).reshape(-1, *(1,) * (now.ndim - 1))
    later = (times > 0).reshape(away.shape)
    return now + away * (np.where(later, moving(1), moving(-1)) - now)


def known(readout: np.ndarray, t: int) -> bool:
    """Whether a stored clip of ``readout`` (T, 2) tells where people and camera are at every row of frame ``t``.

    It does not for the first and the last frame of a rolling shutter, of which a neighbour is missing: they are taken
    to stand still there.
    """
    return not np.any(readout[t]) or 0 < t < len(readout) - 1


@dataclass(frozen=True)
class Shutter:
    """The camera of one frame while the rows are read.

    Times are in frames from the frame's instant. Between frames, the camera's place moves in a straight line, and the
    camera turns about one axis.

    Attributes:
        poses: (3, 4, 4) world_to_camera a frame before, at the frame, and a frame after.
        readout: (2,) times at which the picture's top and bottom edge are read; zeros for a global shutter.
        height: of the picture, pixels.
    """

    poses: np.ndarray
    readout: np.ndarray
    height: int

    @classmethod
    def of_frame(cls, world_to_camera: np.ndarray, readout: np.ndarray, t: int, height: int) -> Shutter:
        """That of frame ``t`` of a stored clip, whose fields are (T, 4, 4) and (T, 2); see ``known``."""
        last = len(world_to_camera) - 1
        return cls(np.asarray(world_to_camera)[[max(t - 1, 0), t, min(t + 1, last)]], readout[t], height)

    @property
    def rolls(self) -> bool:
        return bool(np.any(self.readout))

    def times(self, rows: np.ndarray) -> np.ndarray:
        """When image points at heights ``rows`` (N,), in pixels from the top, are read, (N,); the edge's beyond it."""
        top, bottom = self.readout
        share = np.clip(np.nan_to_num(rows / self.height, nan=0.5), 0.0, 1.0)
        return top + share * (bottom - top)

    def turned(self, vectors: np.ndarray, times: np.ndarray, back: bool = False) -> np.ndarray:
        """World vectors (N, 3) in the axes of the camera at ``times`` (N,); the other way ``back``."""
        now = self.poses[1, :3, :3]
        if not times.any():
            return vectors @ (now if back else now.T)
        turns = Rotation.from_matrix(self.poses[[0, 2], :3, :3] @ now.T).as_rotvec()
        turn = Rotation.from_rotvec(np.abs(times)[:, None] * np.where(times[:, None] > 0, turns[1], turns[0]))
        return turn.apply(vectors, inverse=True) @ now if back else turn.apply(vectors @ now.T)

    def _eye(self, times: np.ndarray) -> np.ndarray:
        eyes = -np.einsum("kji,kj->ki", self.poses[:, :3, :3], self.poses[:, :3, 3])
        return at_times(lambda k: np.broadcast_to(eyes[1 + k], (len(times), 3)), times)

    def to_camera(self, moving: Moving, times: np.ndarray) -> np.ndarray:
        """World points as they are at ``times`` (N,), in the axes of the camera then, (N, 3), metres."""
        points = np.asarray(at_times(moving, times), np.float64)
        if not times.any():
            return points @ self.poses[1, :3, :3].T + self.poses[1, :3, 3]
        return self.turned(points - self._eye(times), times)

    def to_world(self, points: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Points (N, 3) in the axes of the camera at ``times`` (N,), in the world."""
        return self.turned(points, times, back=True) + self._eye(times)

    def exposed(self, see: Callable[[np.ndarray], np.ndarray], project: Callable, count: int) -> np.ndarray:
        """What ``see(times)`` (N, 3) gives in camera axes when the rows are read onto which ``project`` puts it.

        ``count`` is N. A point that moves along with the rows has no end of such moments: one is taken.
        """
        times = np.zeros(count)
        seen = see(times)
        if not self.rolls:
            return seen
        read = self.times(project(seen)[:, 1])
        before, read_before, times = times, read, read
        for _ in range(_STEPS):  # of the secant method, for the moment at which a point's row is read
            seen = see(times)
            read = self.times(project(seen)[:, 1])
            away = times - before
            slope = np.divide(read - read_before, away, out=np.zeros(count), where=np.abs(away) > 1e-9)
            before, read_before = times, read
            times = np.clip(times + (read - times) / np.maximum(1.0 - slope, 0.1), *sorted(self.readout))
        return see(times)

    def exposed_points(self, moving: Moving, project: Callable) -> np.ndarray:
        """World points in camera axes (N, 3), each when its row is read."""
        if self.rolls:
            around = [moving(step) for step in (-1, 0, 1)]
            return self.exposed(
                lambda times: self.to_camera(lambda step: around[step + 1], times), project, len(around[1])
            )
        return self.exposed(lambda times: self.to_camera(moving, times), project, len(moving(0)))
