"""People are kept out of each other and of what stands around, at every time sample of a clip."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import trimesh

from synth.compiled import compiled
from synth.conventions import CANONICAL_EXTENT, ClipRejected
from synth.geometry import Mesh, used_vertices

GAP = 0.02  # metres kept free between any two surfaces, at least
_PATCH = 0.13  # metres across on the rest pose: what moves as one
_PIECE = 0.3  # metres across in the world at mid-clip: hair and skirts hang far from the skin that they belong to
_THINNED = 0.01  # metres that a surface may reach beyond the vertices that are looked at
_MOST_VERTICES = 5000  # of a mesh
_STEP, _FARTHEST = 0.06, 12.0  # metres
_DIRECTIONS = 24
_GRAIN = 0.05  # metres between points of stairs and stools
_CELL = 0.01  # metres: shifts as near to each other as that are one


class Obstacle(Protocol):
    """Something that stands still, such as a ``synth.props.obstacles.Box``."""

    def distance(self, points: np.ndarray) -> np.ndarray:
        """(N,) metres from points (N, 3) in the world to it, 0 inside."""


@dataclass(frozen=True)
class Balls:
    """A person who moves, as balls that hold the surface: ``centres`` (S, N, 3) and ``radii`` (S, N), metres."""

    centres: np.ndarray
    radii: np.ndarray

    @classmethod
    def around(cls, meshes: Sequence[Mesh], samples: int) -> Balls:
        """Balls around all vertices of a person's meshes at all time samples, and in what stands there for that person,
        such as a stool or a flight of stairs."""
        points, keys = [], []
        for mesh in meshes:
            if len(mesh.positions) == 1:
                solid = _filled(mesh)
                cell = np.floor(solid / _PIECE).astype(np.int64)
                keys.append(np.concatenate([np.full_like(cell, -100), cell], 1))
                points.append(np.broadcast_to(solid, (samples, *solid.shape)))
                continue
            used = used_vertices(mesh.faces)
            used = used[:: max(1, len(used) // _MOST_VERTICES)]
            there = np.broadcast_to(mesh.positions[:, used], (samples, len(used), 3))
            patch = np.nan_to_num(mesh.canonical[used] * CANONICAL_EXTENT, nan=-1.0) / _PATCH
            keys.append(np.floor(np.concatenate([patch, there[samples // 2] / _PIECE], 1)).astype(np.int64))
            points.append(there)
        _, group = np.unique(np.concatenate(keys), axis=0, return_inverse=True)
        return cls(*_enclosed(np.concatenate(points, 1), group.ravel(), int(group.max()) + 1))

    def reach(self) -> tuple[np.ndarray, np.ndarray]:
        """Least and largest (x, y) ever."""
        flat, radii = self.centres[..., :2], self.radii[..., None]
        return (flat - radii).min((0, 1)), (flat + radii).max((0, 1))

    def moved(self, shift: np.ndarray) -> Balls:
        """The same, shifted by (x, y) metres."""
        return Balls(self.centres + np.append(shift, 0.0), self.radii)


@compiled
def _enclosed(points, group, count):
    """Centres (S, count, 3) and radii (S, count) of balls round the groups of points (S, N, 3)."""
    samples = points.shape[0]
    centres, radii = np.empty((samples, count, 3)), np.empty((samples, count))
    low, high, most = np.empty((count, 3)), np.empty((count, 3)), np.empty(count)
    for s in range(samples):
        low[:], high[:], most[:] = np.inf, -np.inf, 0.0
        for i in range(len(group)):
            g = group[i]
            for k in range(3):
                low[g, k] = min(low[g, k], points[s, i, k])
                high[g, k] = max(high[g, k], points[s, i, k])
        centres[s] = (low + high) / 2
        for i in range(len(group)):
            g, away = group[i], 0.0
            for k in range(3):
                away += (points[s, i, k] - centres[s, g, k]) ** 2
            most[g] = max(most[g], away)
        radii[s] = np.sqrt(most) + _THINNED
    return centres, radii


def _filled(mesh: Mesh) -> np.ndarray:
    """(N, 3) points all over the surface of what stands on the floor, and below it."""
    points, _ = trimesh.remesh.subdivide_to_size(mesh.positions[0], mesh.faces, max_edge=_GRAIN, max_iter=20)
    points = np.unique(np.round(points / _GRAIN), axis=0) * _GRAIN
    levels = np.linspace(0.0, 1.0, 2 + int(points[:, 2].max() / (2 * _GRAIN)))
    return (points * np.stack([np.ones_like(levels), np.ones_like(levels), levels], 1)[:, None]).reshape(-1, 3)


@dataclass(frozen=True)
class _Pair:
    """One person who may be shifted, and another who stays."""

    one: Balls
    other: Balls

    @functools.cached_property
    def _between(self) -> float:
        """Metres between their places, whenever they are there."""
        low, high = zip(self.one.reach(), self.other.reach(), strict=True)
        return float(np.linalg.norm(np.maximum(np.maximum(low[0] - high[1], low[1] - high[0]), 0.0)))

    @functools.cached_property
    def _touching(self) -> tuple[np.ndarray, np.ndarray]:
        """Shifts that make them touch: within radii (M,) of centres (M, 2), of which no two share a cell."""
        one, other = self.one, self.other
        side = math.ceil(2 * (_FARTHEST + one.radii.max() + other.radii.max() + GAP) / _CELL) + 2
        largest = np.zeros(side * side, np.float32)
        for s in range(len(one.centres)):
            below = one.centres[s, :, None, 2] - other.centres[s, None, :, 2]
            near = one.radii[s, :, None] + other.radii[s, None] + GAP
            mine, theirs = np.nonzero(np.abs(below) < near)
            radii = np.sqrt(near[mine, theirs] ** 2 - below[mine, theirs] ** 2)
            cells = np.floor((other.centres[s, theirs, :2] - one.centres[s, mine, :2]) / _CELL).astype(int) + side // 2
            inside = ((cells >= 0) & (cells < side)).all(1)
            np.maximum.at(largest, cells[inside] @ (side, 1), radii[inside])
        (taken,) = np.nonzero(largest)
        centres = (np.stack(np.divmod(taken, side), 1) - side // 2 + 0.5) * _CELL
        return centres, largest[taken] + _CELL / math.sqrt(2)

    def clear(self, shift: np.ndarray) -> bool:
        if np.linalg.norm(shift) + GAP < self._between:
            return True
        centres, radii = self._touching
        return bool((np.linalg.norm(centres - shift, axis=1) >= radii).all())


def _shifts() -> np.ndarray:
    """(K, 2) ever longer ways to go, in all directions."""
    rings = np.arange(_STEP, _FARTHEST, _STEP)
    angle = 2 * np.pi * (np.arange(_DIRECTIONS)[None] + 0.5 * (np.arange(len(rings)) % 2)[:, None]) / _DIRECTIONS
    ways = rings[:, None, None] * np.stack([np.cos(angle), np.sin(angle)], -1)
    return np.concatenate([np.zeros((1, 2)), ways.reshape(-1, 2)])


def keep_apart(people: Sequence[Balls], obstacles: Sequence[Obstacle] = ()) -> np.ndarray:
    """The least shifts (P, 2) in metres, one person after the other, that leave all of them room at all times.

    Raises:
        ClipRejected: there is no room within 12 m.
    """
    out = np.zeros((len(people), 2))
    placed: list[Balls] = []
    ways = _shifts()
    for k, person in enumerate(people):
        pairs = [_Pair(person, other) for other in placed]
        points, reach = person.centres.reshape(-1, 3), person.radii.ravel() + GAP
        for way in ways:
            if all(pair.clear(way) for pair in pairs) and all(
                (thing.distance(points + np.append(way, 0.0)) >= reach).all() for thing in obstacles
            ):
                out[k] = way
                break
        else:
            raise ClipRejected([f"people: person {k + 1} finds no room within {_FARTHEST:g} m: ask for fewer people."])
        placed.append(person.moved(out[k]))
    return out
