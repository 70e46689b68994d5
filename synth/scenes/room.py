"""A room: walls, floor and ceiling round all that moves, with windows, doors, skirting, furniture and lamps."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from synth.conventions import Semantic
from synth.geometry import Lamp, Material
from synth.props.obstacles import Box
from synth.props.shape import PropAsset
from synth.scenes.fittings import door, framed_picture, window
from synth.scenes.furnish import furnish
from synth.scenes.lamps import shining
from synth.scenes.meshing import Quads, surface, wall_with_openings
from synth.scenes.stage import Limits, Stage, Surroundings
from synth.spec.light import blackbody
from synth.spec.model import LightSpec
from synth.spec.scenes.model import RoomScene

_HEAD = 0.25  # metres over heads and cameras
_OVERLAP = 0.1  # walls go on behind floor and ceiling: no light and no ray slips through their edges
_THICK = 3.0  # of walls as obstacles: nothing stands beyond them
_SKIRTING = (0.015, 0.09)


@dataclass
class Wall:
    """One side of the room: its left end (3,) as seen from inside, its direction (3,), the way in (3,), its length."""

    origin: np.ndarray
    along: np.ndarray
    inward: np.ndarray
    length: float
    taken: list[tuple[float, float]] = field(default_factory=list)  # spans that windows, doors and pictures have
    gaps: list[tuple[float, float]] = field(default_factory=list)  # spans of doors and windows that reach the floor

    def place(self, rng: np.random.Generator, width: float, margin: float = 0.25) -> float | None:
        """Where along the wall something so wide finds room, or None; the span is taken."""
        if self.length < width + 2 * margin:
            return None
        for _ in range(12):
            left = float(rng.uniform(margin, self.length - width - margin))
            if all(left > b + margin or left + width < a - margin for a, b in self.taken):
                self.taken.append((left, left + width))
                return left
        return None


def _walls(low: np.ndarray, high: np.ndarray, axes: np.ndarray) -> list[Wall]:
    corners = [(low[0], high[1]), (high[0], high[1]), (high[0], low[1]), (low[0], low[1])]
    points = [np.append(np.array(c) @ axes, 0.0) for c in corners]
    out = []
    for here, there in zip(points, [*points[1:], points[0]], strict=True):
        way = there - here
        length = float(np.linalg.norm(way))
        along = way / length
        out.append(Wall(here, along, np.cross(along, (0.0, 0.0, 1.0)), length))
    return out


def build_room(spec: RoomScene, light: LightSpec, stage: Stage, assets: dict[str, PropAsset]) -> Surroundings:
    """The room as meshes, its lamps, and what stands in it."""
    rng = np.random.Generator(np.random.PCG64(spec.seed))
    c, s = np.cos(spec.yaw), np.sin(spec.yaw)
    axes = np.array([[c, s], [-s, c]])
    flat = stage.moving[:, :2] @ axes.T
    low = flat.min(0) - spec.space - spec.extra[:2]
    high = flat.max(0) + spec.space + spec.extra[2:]
    height = max(spec.height, float(stage.moving[:, 2].max()) + _HEAD)
    walls = _walls(low, high, axes)
    quads, lamps, facts = Quads(), [], {"kind": "room", "windows": 0, "size": [round(float(x), 2) for x in high - low]}
    trim = Material("plain", tint=spec.trim, roughness=0.45)
    obstacles: list[Box] = []
    for _ in range(spec.doors):
        wall = walls[int(rng.integers(4))]
        width = float(rng.uniform(0.8, 1.0))
        left = wall.place(rng, width)
        if left is not None:
            wall.gaps.append((left, left + width))
            door(quads, wall, left, width, min(2.05, height - 0.2), trim)
            at = wall.origin + (left + width / 2) * wall.along + 0.4 * wall.inward
            obstacles.append(Box(at[:2], np.array([width / 2, 0.4]), 2.1, float(np.arctan2(*wall.along[1::-1]))))
    openings: dict[int, list] = {k: [] for k in range(4)}
    for _ in range(spec.windows):
        number = int(rng.integers(4))
        wall, width = walls[number], float(rng.uniform(0.8, 2.0))
        left = wall.place(rng, width)
        if left is not None:
            sill = float(rng.choice([0.1, 0.8, 0.9, 1.0]))
            hole = (left, left + width, sill, min(height - 0.15, float(rng.uniform(2.1, 2.5))))
            openings[number].append(hole)
            if sill < 2 * _SKIRTING[1]:
                wall.gaps.append(hole[:2])
            lamps.append(window(quads, wall, hole, trim))
            facts["windows"] += 1
    look = surface(spec.walls)
    for wall, holes in zip(walls, openings.values(), strict=True):
        start = wall.origin - _OVERLAP * wall.along
        shifted = [(a + _OVERLAP, b + _OVERLAP, bottom, top) for a, b, bottom, top in holes]
        wall_with_openings(
            quads, start, wall.along, wall.length + 2 * _OVERLAP, -_OVERLAP, height + _OVERLAP, shifted, look
        )
        _skirt(quads, wall, trim)
        middle = wall.origin + wall.length / 2 * wall.along - _THICK / 2 * wall.inward
        obstacles.append(Box(middle[:2], np.array([wall.length / 2 + _THICK, _THICK / 2]), 9.0,
                             float(np.arctan2(*wall.along[1::-1]))))  # fmt: skip
    for _ in range(spec.pictures):
        wall = walls[int(rng.integers(4))]
        width = float(rng.uniform(0.3, 1.0))
        left = wall.place(rng, width, 0.15)
        if left is not None:
            framed_picture(quads, wall, left, width, rng, trim)
    _floor_and_ceiling(quads, low, high, axes, height, spec)
    lit = spec.lit or light.time == "night" or not lamps  # without a window nothing else lights the room
    full = 1.0 if light.time == "night" or not lamps else 0.5
    lamps += _ceiling_lamps(quads, rng, spec, light.kelvin, full if lit else 0.0, stage, low, high, axes, height)
    furniture, boxes, names = furnish(spec.furniture, assets, stage, obstacles, lambda size: _against(rng, walls, size))
    facts["things"] = names
    limits = Limits(axes, np.append(low + 0.2, 0.2), np.append(high - 0.2, height - 0.3))
    return Surroundings((quads.mesh("room"), *furniture), tuple(lamps), (*obstacles, *boxes), facts, limits)


def _against(rng: np.random.Generator, walls: list[Wall], size: np.ndarray) -> tuple[np.ndarray, float]:
    """A place with the back to a wall."""
    wall = walls[int(rng.integers(4))]
    along = float(rng.uniform(0.0, max(wall.length - size[0], 0.0))) + size[0] / 2
    at = wall.origin + along * wall.along + (size[1] / 2 + 0.06) * wall.inward
    return at[:2], float(np.arctan2(wall.inward[1], wall.inward[0]) + np.pi / 2)


def _skirt(quads: Quads, wall: Wall, trim: Material) -> None:
    """Skirting, but for where doors and windows that reach the floor are."""
    depth, top = _SKIRTING
    edges = [0.0, *(x for span in sorted(wall.gaps) for x in span), wall.length]
    axes = np.stack([wall.along, -wall.inward, [0.0, 0.0, 1.0]])
    for left, right in zip(edges[::2], edges[1::2], strict=True):
        quads.box((left, -depth, -0.01), (right, 0.001, top), trim, Semantic.WALL, axes, wall.origin)


def _floor_and_ceiling(quads: Quads, low, high, axes, height: float, spec: RoomScene) -> None:
    low, high = low - _OVERLAP, high + _OVERLAP
    corner, x, y = (np.append(v, 0.0) for v in (low @ axes, (high - low)[0] * axes[0], (high - low)[1] * axes[1]))
    quads.panel(corner, x, y, surface(spec.floor), Semantic.GROUND)
    quads.panel(corner + y + [0, 0, height], x, -y, surface(spec.ceiling), Semantic.WALL)


def _ceiling_lamps(quads, rng, spec: RoomScene, kelvin, full, stage: Stage, low, high, axes, height) -> list[Lamp]:
    """Flat panels or globes that share out ``full`` strength; those that are off, at 0, are there all the same."""
    lit = full > 0
    middle, across = stage.middle, np.eye(3)
    across[:2, :2] = axes
    out = []
    for k in range(spec.lamps):
        spread = 0.0 if spec.lamps == 1 else 1.3
        at = np.clip(middle[:2] @ axes.T + rng.normal(0.0, spread, 2), low + 0.4, np.maximum(high - 0.4, low + 0.4))
        panel, width = (spec.seed + k) % 2 == 0, float(rng.uniform(0.3, 0.7))
        half, drop = (width / 2, 0.05) if panel else (0.12, 0.24)
        colour = blackbody(kelvin)
        glow = Material("glow" if lit else "plain", tint=colour if lit else (0.8, 0.8, 0.78), roughness=0.4,
                        settings={"strength": 6.0} if lit else {})  # fmt: skip
        place = np.append(at @ axes, height)
        quads.box((-half, -half, -drop), (half, half, 0.01), glow, Semantic.PROP, across, place)
        if lit:
            under = place - [0.0, 0.0, drop + 0.02]
            target = np.array([under[0], under[1], middle[2]]) if panel else middle
            share = float(rng.uniform(0.5, 1.0)) * full / spec.lamps
            size = (width, width) if panel else (0.2, 0.2)
            out.append(shining("area" if panel else "point", under, target, size, share, kelvin))
    return out
