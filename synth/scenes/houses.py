"""House fronts with windows and doors in them."""

from __future__ import annotations

import numpy as np

from synth.conventions import Semantic
from synth.geometry import Material
from synth.scenes.meshing import Quads, surface, wall_with_openings
from synth.spec.scenes.model import SurfaceSpec

_DEEP = 8.0  # metres of a house behind its front
_RECESS = 0.14
_BAR = 0.06
_GLASS = Material("plain", tint=(0.015, 0.02, 0.025), roughness=0.04)
_ROOF = Material("plain", tint=(0.12, 0.06, 0.045), roughness=0.9)
_LIT = Material("glow", tint=(1.0, 0.72, 0.4), settings={"strength": 0.3})


def _pane(quads: Quads, axes: np.ndarray, at: np.ndarray, hole, trim: Material, glass: Material, door: bool) -> None:
    """Jambs, glass and bars of an opening (from, to, bottom, top)."""
    left, right, bottom, top = hole
    along, back, _ = axes
    corner = at + left * along + [0, 0, bottom]
    side, up, deep = (right - left) * along, np.array([0.0, 0.0, top - bottom]), _RECESS * back
    for origin, a, b in ((corner, deep, up), (corner + side + deep, -deep, up), (corner + deep, -deep, side),
                         (corner + up, deep, side)):  # fmt: skip
        quads.panel(origin, a, b, trim, Semantic.WALL)
    quads.panel(corner + deep, side, up, glass, Semantic.WALL)
    front = 0.7 * deep
    bars = [(left, left + _BAR), (right - _BAR, right)]
    if right - left > 0.8 and not door:
        bars.append(((left + right - _BAR) / 2, (left + right + _BAR) / 2))
    for a, b in bars:
        quads.panel(at + a * along + front + [0, 0, bottom], (b - a) * along, up, trim, Semantic.WALL)
    for z in (bottom, top - _BAR, *([] if door else [bottom + 0.62 * (top - bottom)])):
        quads.panel(at + left * along + 0.99 * front + [0, 0, z], side, [0, 0, _BAR], trim, Semantic.WALL)
    if not door and bottom > 0.4:
        quads.box((left - 0.06, -0.08, bottom - 0.06), (right + 0.06, 0.02, bottom), trim, Semantic.WALL, axes, at)


def house(
    quads: Quads, rng: np.random.Generator, at, along, width: float, storeys: int, front: SurfaceSpec, trim: Material,
    night: bool,
) -> float:  # fmt: skip
    """A house whose front starts at ``at`` (3,) and faces right of ``along`` (3,); its height in metres."""
    at, along = np.asarray(at, np.float64), np.asarray(along, np.float64)
    axes = np.stack([along, -np.cross(along, (0.0, 0.0, 1.0)), [0.0, 0.0, 1.0]])
    ground, upper = float(rng.uniform(3.0, 4.0)), float(rng.uniform(2.7, 3.3))
    height = ground + upper * (storeys - 1) + float(rng.uniform(0.3, 0.9))
    columns = max(1, int(width / rng.uniform(1.9, 2.8)))
    pitch, wide, tall = width / columns, float(rng.uniform(0.9, 1.3)), float(rng.uniform(1.3, 1.9))
    wide = min(wide, pitch - 0.4)
    entrance, shop = int(rng.integers(columns)), rng.uniform() < 0.35
    openings = []
    for storey in range(storeys):
        floor = 0.0 if storey == 0 else ground + upper * (storey - 1)
        for column in range(columns):
            middle, door = (column + 0.5) * pitch, storey == 0 and column == entrance
            if door:
                hole = (middle - 0.55, middle + 0.55, 0.0, 2.3)
            elif storey == 0 and shop:
                hole = (middle - 0.42 * pitch, middle + 0.42 * pitch, 0.4, ground - 0.6)
            else:
                hole = (middle - wide / 2, middle + wide / 2, floor + 0.85, floor + 0.85 + tall)
            openings.append(hole)
            lit = night and not door and rng.uniform() < 0.35
            pane = trim if door else _LIT if lit else _GLASS
            _pane(quads, axes, at, hole, trim, pane, door)
    wall = surface(front)
    wall_with_openings(quads, at, along, width, -0.2, height, openings, wall)
    back, up = _DEEP * axes[1], np.array([0.0, 0.0, height + 0.2])
    foot = at - [0, 0, 0.2]
    quads.panel(foot + back, -back, up, wall, Semantic.WALL)
    quads.panel(foot + width * along, back, up, wall, Semantic.WALL)
    quads.box((-0.05, -0.18, height - 0.25), (width + 0.05, 0.05, height), trim, Semantic.WALL, axes, at)
    ridge = at + [0, 0, height] - 0.3 * axes[1]
    if rng.uniform() < 0.6:  # a roof that slopes up to the ridge
        quads.panel(ridge, width * along, 0.6 * back + [0, 0, float(rng.uniform(1.5, 3.5))], _ROOF, Semantic.WALL)
    else:
        quads.panel(ridge, width * along, back, _ROOF, Semantic.WALL)
    return height
