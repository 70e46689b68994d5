"""A studio: seamless paper that bends up from the floor all round, and soft boxes."""

from __future__ import annotations

import numpy as np

from synth.conventions import Semantic
from synth.geometry import Material
from synth.scenes.lamps import shining
from synth.scenes.meshing import scene_mesh
from synth.scenes.stage import Limits, Stage, Surroundings
from synth.spec.model import LightSpec
from synth.spec.scenes.model import StudioScene

_AROUND, _BENDS = 96, 10
_LOWEST, _HIGHEST = 3.0, 60.0  # metres


def _height(stage: Stage, centre: np.ndarray, radius: float) -> float:
    """How high a round wall must be to fill every picture."""
    start = stage.eyes[:, None, :2] - centre
    way = stage.corners[..., :2]
    a = np.maximum((way**2).sum(-1), 1e-9)
    b = (start * way).sum(-1)
    c = (start**2).sum(-1) - radius**2
    t = (-b + np.sqrt(np.maximum(b * b - a * c, 0.0))) / a
    top = (stage.eyes[:, None, 2] + t * stage.corners[..., 2]).max()
    return float(np.clip(top + 0.5, _LOWEST, _HIGHEST))


def build_studio(spec: StudioScene, light: LightSpec, stage: Stage) -> Surroundings:
    """Paper round people and cameras, with room for both."""
    flat = stage.moving[:, :2]
    centre = (flat.min(0) + flat.max(0)) / 2
    inner = float(np.linalg.norm(flat - centre, axis=1).max()) + spec.space
    outer = inner + spec.bend
    height = max(_height(stage, centre, outer), spec.bend + 0.5)
    turn = np.linspace(0.0, np.pi / 2, _BENDS)[1:]
    radii = np.concatenate([[0.0, inner], inner + spec.bend * np.sin(turn), [outer]])
    levels = np.concatenate([[0.0, 0.0], spec.bend * (1 - np.cos(turn)), [height]])
    length = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(radii), np.diff(levels)))])
    angle = np.linspace(0.0, 2 * np.pi, _AROUND + 1)
    ring = np.stack([np.cos(angle), np.sin(angle)], 1)
    points = np.concatenate([np.column_stack([centre + r * ring, np.full(len(ring), z)])
                             for r, z in zip(radii, levels, strict=True)])  # fmt: skip
    uv = np.concatenate([np.column_stack([angle / (2 * np.pi), np.full(len(ring), v / length[-1])]) for v in length])
    faces, kinds = [], []
    for level in range(len(radii) - 1):
        a = level * (_AROUND + 1) + np.arange(_AROUND)
        b = a + _AROUND + 1
        new = [np.stack([b, b + 1, a + 1], 1)] + ([] if level == 0 else [np.stack([b, a + 1, a], 1)])
        faces += new
        slope = (levels[level + 1] - levels[level]) / max(radii[level + 1] - radii[level], 1e-9)
        kinds += [np.full(_AROUND, Semantic.WALL if slope > 1 else Semantic.GROUND)] * len(new)
    behind = np.arctan2(*stage.ahead[::-1]) / (2 * np.pi) % 1.0
    middle_height = float(np.interp(stage.middle[2] + spec.bend, levels[1:], length[1:]) / length[-1])
    look = Material(
        "paper", roughness=0.9,
        settings={"a": spec.a, "b": spec.b, "grading": spec.grading, "middle": (behind, middle_height),
                  "floor": float(length[1] / length[-1])},
    )  # fmt: skip
    mesh = scene_mesh("paper", points, np.concatenate(faces), np.concatenate(kinds), (look,), 0, uv)
    half = inner / 2**0.5
    limits = Limits(np.eye(2), np.append(centre - half, 0.2), np.append(centre + half, height))
    return Surroundings((mesh,), tuple(_soft_boxes(spec, light, stage, limits)), (), {"kind": "studio"}, limits)


def _soft_boxes(spec: StudioScene, light: LightSpec, stage: Stage, limits: Limits):
    """Key, fill and rim light, as many as the spec has."""
    rng = np.random.Generator(np.random.PCG64(spec.seed))
    front = np.arctan2(-stage.ahead[1], -stage.ahead[0])
    side = 1.0 if rng.uniform() < 0.5 else -1.0
    for turn, strength in ((0.7 * side, 1.0), (-0.9 * side, 0.35), (2.5 * side, 0.8))[: spec.lamps]:
        azimuth, elevation = front + turn + rng.normal(0.0, 0.2), rng.uniform(0.4, 0.9)
        distance = rng.uniform(2.0, 3.2)
        way = [np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), np.sin(elevation)]
        position = limits.keep(stage.middle + distance * np.array(way))
        width = float(rng.uniform(0.6, 1.6))
        yield shining("area", position, stage.middle, (width, width), strength * rng.uniform(0.7, 1.3), light.kelvin)
