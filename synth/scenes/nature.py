"""A landscape: ground that is flat under people and rolls beyond, plants, rocks, a fence or a wall."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from scipy.interpolate import RegularGridInterpolator
from scipy.ndimage import gaussian_filter

from synth.conventions import Semantic
from synth.geometry import Material, Mesh
from synth.props.obstacles import Box
from synth.props.shape import PropAsset
from synth.scenes.furnish import furnish
from synth.scenes.meshing import Quads, scene_mesh, surface
from synth.scenes.plants import CROWN, bush, rock, tree, tufts
from synth.scenes.stage import Stage, Surroundings
from synth.spec.scenes.model import NatureScene

_FAR = 120.0  # metres to where the land ends
_AROUND = 72
_TRIES = 12


class Land:
    """The height of the ground: 0 within ``inner`` metres of ``centre`` (2,), then hills."""

    def __init__(self, rng: np.random.Generator, centre: np.ndarray, inner: float, hills: float):
        field = gaussian_filter(rng.standard_normal((64, 64)), 4.0, mode="wrap")
        field = (field - field.min()) / np.ptp(field)
        at = np.linspace(-1.0, 1.0, 64)
        self._field = RegularGridInterpolator((at, at), field, bounds_error=False, fill_value=None)
        self.centre, self.inner, self._hills = centre, inner, hills

    def height(self, flat: np.ndarray) -> np.ndarray:
        """(N,) metres at places (N, 2)."""
        away = np.linalg.norm(flat - self.centre, axis=1)
        rise = np.clip((away - self.inner) / 50.0, 0.0, 1.0)
        return self._hills * rise * rise * (3 - 2 * rise) * self._field(np.clip((flat - self.centre) / _FAR, -1, 1))

    def mesh(self, spec: NatureScene) -> Mesh:
        radii = np.concatenate([[0.0], np.geomspace(self.inner, _FAR, 28)])
        angle = 2 * np.pi * np.arange(_AROUND) / _AROUND
        flat = np.concatenate([self.centre + r * np.stack([np.cos(angle), np.sin(angle)], 1) for r in radii])
        points = np.column_stack([flat, self.height(flat)])
        a = np.arange(_AROUND)
        b = (a + 1) % _AROUND
        faces = []
        for level in range(len(radii) - 1):
            inner, outer = level * _AROUND, (level + 1) * _AROUND
            faces.append(np.stack([a + inner, a + outer, b + outer], 1))
            if level:
                faces.append(np.stack([a + inner, b + outer, b + inner], 1))
        return scene_mesh("land", points, np.concatenate(faces), Semantic.GROUND, (surface(spec.ground),), 0, flat)


def build_nature(spec: NatureScene, stage: Stage, assets: Mapping[str, PropAsset]) -> Surroundings:
    """The land and what grows and stands on it."""
    rng = np.random.Generator(np.random.PCG64(spec.seed))
    flat = stage.moving[:, :2]
    centre = (flat.min(0) + flat.max(0)) / 2
    land = Land(rng, centre, float(np.linalg.norm(flat - centre, axis=1).max()) + 3.0, spec.hills)
    meshes, boxes = [land.mesh(spec)], []
    facts = {"kind": "nature", "trees": 0, "bushes": 0, "rocks": 0}
    if spec.border != "none":
        border, box = _border(spec, rng, stage)
        meshes.append(border)
        boxes.append(box)
    plans = [("trees", tree, (3.0, 9.0), CROWN, spec.trees), ("bushes", bush, (0.5, 1.8), 0.65, spec.bushes),
             ("rocks", rock, (0.2, 1.4), 0.75, spec.rocks)]  # fmt: skip
    for kind, grow, sizes, width, count in plans:
        for number in range(count):
            for _ in range(_TRIES):
                size = float(rng.uniform(*sizes))
                place = _place(rng, stage, land)
                box = Box(place[:2], np.full(2, min(width * size, 0.5)), place[2] + size, 0.0)
                if stage.clear(box, boxes, 0.1) and stage.aside(replace(box, half=np.full(2, width * size))):
                    extra = () if kind == "rocks" else (spec.leaf,)
                    meshes.append(grow(f"{kind}{number}", rng, place, size, *extra))
                    boxes.append(box)
                    facts[kind] += 1
                    break
    things, more, facts["things"] = furnish(
        spec.things, assets, stage, boxes, lambda size: (_place(rng, stage, land, 6.0)[:2], rng.uniform(-np.pi, np.pi))
    )
    if spec.tufts:
        meshes.append(_tufts(spec, rng, stage))
    return Surroundings((*meshes, *things), (), (*boxes, *more), facts)


def _place(rng: np.random.Generator, stage: Stage, land: Land, far: float = 30.0) -> np.ndarray:
    """Somewhere (3,), rather behind people than elsewhere; the land is flat where things are only put."""
    base = np.arctan2(stage.ahead[1], stage.ahead[0])
    angle = base + (rng.normal(0.0, 0.7) if rng.uniform() < 0.75 else rng.uniform(-np.pi, np.pi))
    away = rng.uniform(1.0, min(far, land.inner) if far < 10 else far)
    flat = stage.middle[:2] + away * np.array([np.cos(angle), np.sin(angle)])
    return np.append(flat, land.height(flat[None])[0])


def _tufts(spec: NatureScene, rng: np.random.Generator, stage: Stage) -> Mesh:
    flat = stage.middle[:2] + rng.normal(0.0, 2.5, (spec.tufts, 2))
    low = stage.moving[stage.moving[:, 2] < 0.5][:, :2]
    away = np.array([np.min(np.abs(low - p).max(1), initial=9.0) for p in flat])
    places = np.column_stack([flat[away > 0.25], np.zeros((away > 0.25).sum())])
    return tufts(
        "tufts", rng, places, tuple(1.2 * c for c in spec.ground.a) if spec.ground.photo is None else spec.leaf
    )


def _border(spec: NatureScene, rng: np.random.Generator, stage: Stage) -> tuple[Mesh, Box]:
    """A fence or a wall across the view, behind all that moves, and its place."""
    turn = rng.normal(0.0, 0.3)
    c, s = np.cos(turn), np.sin(turn)
    out = np.array([[c, -s], [s, c]]) @ stage.ahead
    distance = float((stage.moving[:, :2] @ out).max()) + float(rng.uniform(0.6, 5.0))
    along = np.array([out[1], -out[0], 0.0])  # to the right, as cameras see it
    axes = np.stack([along, np.append(out, 0.0), [0.0, 0.0, 1.0]])
    at = np.append(distance * out, 0.0) + (stage.middle[:2] @ along[:2]) * along
    quads, span, wall = Quads(), 30.0, spec.border == "wall"
    height = float(rng.uniform(0.8, 2.6) if wall else rng.uniform(0.9, 1.6))
    if wall:
        coping = Material("plain", tint=(0.4, 0.39, 0.37), roughness=0.9)
        rise = [0.0, 0.0, 6.0 + height]  # from below the hills
        quads.panel(at - span * along - [0, 0, 6.0], 2 * span * along, rise, surface(spec.wall), Semantic.WALL, (0, -6))
        quads.box((-span, -0.05, height), (span, 0.3, height + 0.08), coping, Semantic.WALL, axes, at)
    else:
        shade = float(rng.uniform(0.1, 0.5))
        wood = Material("plain", tint=(shade, 0.85 * shade, 0.65 * shade), roughness=0.85)
        for x in np.arange(-span, span, 1.8):
            quads.box((x, -0.05, -1.0), (x + 0.1, 0.05, height), wood, Semantic.WALL, axes, at)
        for z in np.linspace(0.3, height - 0.15, int(rng.integers(2, 4))):
            quads.box((-span, -0.08, z), (span, -0.05, z + 0.12), wood, Semantic.WALL, axes, at)
    place = Box(at[:2] + 0.1 * out, np.array([span, 0.25]), height, float(np.arctan2(along[1], along[0])))
    return quads.mesh("border"), place
