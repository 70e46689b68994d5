"""A street: two rows of houses, pavements, kerbs and a road, with lamp posts, trees and things by the wayside."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from synth.conventions import Semantic
from synth.geometry import Lamp, Material
from synth.props.obstacles import Box
from synth.props.shape import PropAsset
from synth.scenes.furnish import furnish
from synth.scenes.houses import house
from synth.scenes.lamps import shining
from synth.scenes.meshing import Quads, surface
from synth.scenes.plants import CROWN, tree
from synth.scenes.stage import Stage, Surroundings
from synth.spec.model import LightSpec
from synth.spec.scenes.model import StreetScene

_SPAN = 45.0  # metres of street either way
_KERB = 0.12  # metres that the road lies lower
_WALK = 2.5  # metres of pavement at least
_THICK = 3.0
_LEAF = (0.06, 0.13, 0.025)
_TRIES = 10


def build_street(spec: StreetScene, light: LightSpec, stage: Stage, assets: Mapping[str, PropAsset]) -> Surroundings:
    """The street, its near row of houses behind people as the middle camera sees it.

    People walk on the near pavement, which is as wide as they need; cameras may stand over the road.
    """
    rng = np.random.Generator(np.random.PCG64(spec.seed))
    night = light.time == "night"
    c, s = np.cos(spec.slant), np.sin(spec.slant)
    out = np.array([[c, -s], [s, c]]) @ stage.ahead  # from the road to the near houses
    along = np.array([out[1], -out[0], 0.0])  # to the right, as seen from the road
    axes = np.stack([along, np.append(out, 0.0), [0.0, 0.0, 1.0]])
    middle = (stage.middle[:2] @ along[:2]) * along
    depth = stage.moving[:, :2] @ out
    near = float(depth.max()) + spec.setback
    free = float(rng.uniform(0.5, 3.0))  # pavement before people: room for what stands in front of them
    kerb = min(float((stage.cells[:, :2] @ out).min()) - free, near - _WALK)
    other_kerb = kerb - spec.road
    far = min(other_kerb - _WALK, float(depth.min()) - 1.0)
    quads, trim = Quads(), Material("plain", tint=spec.trim, roughness=0.5)
    _ground(quads, spec, axes, middle, near, kerb, other_kerb, far)
    _row(quads, rng, spec, trim, night, middle + near * axes[1], along)
    _row(quads, rng, spec, trim, night, middle + far * axes[1], -along)
    yaw = float(np.arctan2(along[1], along[0]))
    boxes = [
        Box((middle + d * axes[1])[:2], np.array([_SPAN, _THICK / 2]), 9.0, yaw)
        for d in (near + _THICK / 2, far - _THICK / 2, kerb - 0.15 - spec.road / 2)
    ]
    boxes[2] = Box(boxes[2].centre, np.array([_SPAN, spec.road / 2 + 0.15]), 0.0, yaw)  # the road stays free
    facts = {"kind": "street", "posts": 0, "trees": 0}
    meshes, lamps = [], []
    for kind, count in (("posts", spec.posts), ("trees", spec.trees)):
        for number in range(count):
            for _ in range(_TRIES):
                place = middle + rng.uniform(-18.0, 18.0) * along + (kerb + rng.uniform(0.35, 0.8)) * axes[1]
                height = float(rng.uniform(4.0, 7.0))
                box = Box(place[:2], np.full(2, 0.15 if kind == "posts" else 0.4), height, yaw)
                crown = Box(place[:2], np.full(2, CROWN * height), height, yaw)
                if stage.clear(box, boxes) and (kind == "posts" or stage.aside(crown)):
                    boxes.append(box)
                    facts[kind] += 1
                    if kind == "trees":
                        meshes.append(tree(f"tree{number}", rng, place, height, _LEAF))
                    else:
                        lamps += _post(quads, place, axes, night, light, stage)
                    break

    def wayside(size: np.ndarray) -> tuple[np.ndarray, float]:
        by_house = rng.uniform() < 0.6
        across = near - size[1] / 2 - 0.05 if by_house else kerb + 0.3 + size[1] / 2
        place = middle + rng.normal(0.0, 5.0) * along + across * axes[1]
        return place[:2], yaw if by_house else yaw + np.pi

    things, more, facts["things"] = furnish(spec.things, assets, stage, boxes, wayside)
    if night and not lamps:
        at = stage.middle + 2.0 * along - 2.0 * axes[1] + [0.0, 0.0, 4.0]
        lamps.append(shining("point", at, stage.middle, (0.3, 0.3), 0.15, light.kelvin))
    return Surroundings((quads.mesh("street"), *meshes, *things), tuple(lamps), (*boxes, *more), facts)


def _ground(quads, spec: StreetScene, axes, middle, near: float, kerb: float, other_kerb: float, far: float) -> None:
    along, across = axes[0], axes[1]
    stone, road = surface(spec.pavement), surface(spec.asphalt)
    start = middle - _SPAN * along
    strips = [
        (kerb, near + 1.0, 0.0, stone),
        (far - 1.0, other_kerb, 0.0, stone),
        (other_kerb - 0.1, kerb + 0.1, -_KERB, road),
    ]
    for low, high, level, look in strips:
        quads.panel(
            start + low * across + [0, 0, level], 2 * _SPAN * along, (high - low) * across, look, Semantic.GROUND
        )
    edge = Material("plain", tint=(0.38, 0.37, 0.35), roughness=0.9)
    quads.box((-_SPAN, kerb - 0.14, -_KERB - 0.1), (_SPAN, kerb + 0.01, 0.002), edge, Semantic.GROUND, axes, middle)
    quads.box((-_SPAN, other_kerb - 0.01, -_KERB - 0.1), (_SPAN, other_kerb + 0.14, 0.002), edge, Semantic.GROUND, axes,
              middle)  # fmt: skip


def _row(quads, rng, spec: StreetScene, trim: Material, night: bool, at: np.ndarray, along: np.ndarray) -> None:
    """Houses side by side along a line, to the right of which they face."""
    reach = -_SPAN
    while reach < _SPAN:
        width = float(rng.uniform(5.0, 13.0))
        storeys = int(rng.integers(spec.storeys[0], spec.storeys[1] + 1))
        front = spec.fronts[int(rng.integers(len(spec.fronts)))]
        step = float(rng.choice([0.0, 0.0, 0.3])) * np.cross((0.0, 0.0, 1.0), along)
        house(quads, rng, at + reach * along + step, along, width, storeys, front, trim, night)
        reach += width


def _post(quads: Quads, place, axes, night: bool, light: LightSpec, stage: Stage) -> list[Lamp]:
    """A lamp post; by night, its light."""
    iron = Material("plain", tint=(0.03, 0.035, 0.035), roughness=0.4)
    quads.box((-0.1, -0.1, 0.0), (0.1, 0.1, 0.5), iron, Semantic.PROP, axes, place)
    quads.box((-0.05, -0.05, 0.5), (0.05, 0.05, 4.4), iron, Semantic.PROP, axes, place)
    quads.box((-0.04, -0.9, 4.3), (0.04, 0.04, 4.4), iron, Semantic.PROP, axes, place)
    glow = Material("glow", tint=(1.0, 0.85, 0.6), settings={"strength": 5.0})
    head = glow if night else Material("plain", tint=(0.7, 0.7, 0.66), roughness=0.3)
    quads.box((-0.12, -0.9, 4.18), (0.12, -0.4, 4.29), head, Semantic.PROP, axes, place)
    if not night:
        return []
    at = np.asarray(place) - 0.65 * axes[1] + [0.0, 0.0, 4.1]
    target = at - [0.0, 0.0, 3.0]
    return [shining("area", at, target, (0.25, 0.5), 0.25, light.kelvin)]
