"""What walls of rooms hold: windows, doors, framed pictures."""

from __future__ import annotations

import colorsys
from typing import TYPE_CHECKING

import numpy as np

from synth.conventions import Semantic
from synth.geometry import Lamp, Material
from synth.scenes.meshing import Quads, surface
from synth.spec.scenes.model import SurfaceSpec

if TYPE_CHECKING:
    from synth.scenes.room import Wall

_REVEAL = 0.18  # metres from the wall's face to outdoors
_BAR = 0.05


def _axes(wall: Wall) -> np.ndarray:
    return np.stack([wall.along, -wall.inward, [0.0, 0.0, 1.0]])


def window(quads: Quads, wall: Wall, hole: tuple[float, float, float, float], trim: Material) -> Lamp:
    """The jambs, sill and bars of an open hole (from, to, bottom, top), and the portal of its light."""
    left, right, bottom, top = hole
    axes, outward = _axes(wall), -wall.inward
    width, height = right - left, top - bottom
    corner = wall.origin + left * wall.along + [0, 0, bottom]
    deep, up, side = _REVEAL * outward, np.array([0, 0, height]), width * wall.along
    for origin, a, b in (
        (corner, deep, up), (corner + side + deep, -deep, up), (corner + deep, -deep, side),
        (corner + up, deep, side),
    ):  # fmt: skip
        quads.panel(origin, a, b, trim, Semantic.WALL)
    near, far = 0.1, 0.14
    middle = (left + right) / 2
    bars = [(left, left + _BAR), (right - _BAR, right)]
    if width > 1.1:
        bars.append((middle - _BAR / 2, middle + _BAR / 2))
    for a, b in bars:
        quads.box((a, near, bottom), (b, far, top), trim, Semantic.WALL, axes, wall.origin)
    for a in (bottom, top - _BAR, *([bottom + 0.65 * height] if height > 1.5 else [])):
        quads.box((left, near + 0.002, a), (right, far - 0.002, a + _BAR), trim, Semantic.WALL, axes, wall.origin)
    quads.box((left - 0.05, -0.05, bottom - 0.03), (right + 0.05, 0.02, bottom + 0.004), trim, Semantic.WALL, axes,
              wall.origin)  # fmt: skip
    centre = corner + side / 2 + up / 2 + 0.9 * deep
    return Lamp("portal", centre, wall.inward, (width, height))


def door(quads: Quads, wall: Wall, left: float, width: float, height: float, trim: Material) -> None:
    """A closed door in its frame."""
    axes, at = _axes(wall), wall.origin
    right, frame = left + width, 0.07
    for low, high in (
        ((left, -0.03, 0.0), (left + frame, 0.01, height)), ((right - frame, -0.03, 0.0), (right, 0.01, height)),
        ((left, -0.031, height - frame), (right, 0.01, height)),
        ((left + frame, -0.012, 0.005), (right - frame, 0.01, height - frame)),
    ):  # fmt: skip
        quads.box(low, high, trim, Semantic.WALL, axes, at)
    inset = 0.12
    for low, high in ((0.15, 0.45 * height), (0.5 * height, height - frame - 0.12)):
        quads.box(
            (left + frame + inset, -0.018, low), (right - frame - inset, 0.01, high), trim, Semantic.WALL, axes, at
        )
    brass = Material("plain", tint=(0.4, 0.34, 0.22), roughness=0.25)
    quads.box((right - frame - 0.1, -0.07, 1.02), (right - frame - 0.07, 0.0, 1.05), brass, Semantic.WALL, axes, at)
    quads.box((right - frame - 0.2, -0.075, 1.02), (right - frame - 0.07, -0.055, 1.05), brass, Semantic.WALL, axes, at)


def framed_picture(quads: Quads, wall: Wall, left: float, width: float, rng: np.random.Generator, trim: Material):
    """A picture of colours on the wall at the height of eyes."""
    height = width * float(rng.uniform(0.7, 1.4))
    bottom = max(1.55 - height / 2, 0.9)
    axes, edge = _axes(wall), 0.03
    quads.box((left, -0.025, bottom), (left + width, 0.01, bottom + height), trim, Semantic.WALL, axes, wall.origin)
    a, b = (colorsys.hsv_to_rgb(*rng.uniform((0, 0.1, 0.1), (1, 0.8, 0.9))) for _ in range(2))
    art = SurfaceSpec(
        pattern=str(rng.choice(["cobble", "wallpaper", "wood", "concrete"])), a=a, b=b, scale=width / 2, bump=0.1,
        roughness=0.5, variant=int(rng.integers(6)),
    )  # fmt: skip
    origin = wall.origin + (left + edge) * wall.along + 0.026 * wall.inward + [0, 0, bottom + edge]
    right, up = (width - 2 * edge) * wall.along, np.array([0, 0, height - 2 * edge])
    quads.panel(origin, right, up, surface(art), Semantic.WALL)
