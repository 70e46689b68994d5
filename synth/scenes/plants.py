"""Trees, bushes, tufts and rocks, each grown from a generator."""

from __future__ import annotations

import numpy as np
import trimesh

from synth.conventions import Semantic
from synth.geometry import Material, Mesh
from synth.scenes.meshing import scene_mesh

_BARK = (0.09, 0.06, 0.04)
_TRUNK_SIDES = 8
CROWN = 0.5  # half the width of a tree's crown, in its heights


def _unit(rng: np.random.Generator, count: int) -> np.ndarray:
    way = rng.standard_normal((count, 3))
    return way / np.linalg.norm(way, axis=1, keepdims=True)


def _leaves(rng: np.random.Generator, centres: np.ndarray, size: float) -> tuple[np.ndarray, np.ndarray]:
    """Folded leaves, two triangles each, turned anyhow: points (4 N, 3) and faces (2 N, 3)."""
    count = len(centres)
    along = _unit(rng, count) + [0, 0, -0.3]
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = np.cross(along, _unit(rng, count))
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-6)
    lengths = size * rng.uniform(0.7, 1.3, (count, 1))
    tip, side = along * lengths, across * lengths * 0.35
    points = np.stack([centres, centres + tip / 2 + side, centres + tip, centres + tip / 2 - side], 1).reshape(-1, 3)
    first = 4 * np.arange(count)[:, None]
    return points, np.concatenate([first + [0, 1, 2], first + [0, 2, 3]], 1).reshape(-1, 3)


def _limb(start: np.ndarray, end: np.ndarray, thick: float, thin: float) -> tuple[np.ndarray, np.ndarray]:
    """A tapering, open tube."""
    way = end - start
    side = np.cross(way, [0.3, 0.9, 0.1])
    side /= np.linalg.norm(side)
    other = np.cross(way, side)
    other /= np.linalg.norm(other)
    angle = 2 * np.pi * np.arange(_TRUNK_SIDES) / _TRUNK_SIDES
    ring = np.cos(angle)[:, None] * side + np.sin(angle)[:, None] * other
    points = np.concatenate([start + thick * ring, end + thin * ring])
    a = np.arange(_TRUNK_SIDES)
    b = (a + 1) % _TRUNK_SIDES
    faces = [np.stack([a, b, b + _TRUNK_SIDES], 1), np.stack([a, b + _TRUNK_SIDES, a + _TRUNK_SIDES], 1)]
    return points, np.concatenate(faces)


def _joined(pieces: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    starts = np.cumsum([0] + [len(p) for p, _ in pieces])[:-1]
    return np.concatenate([p for p, _ in pieces]), np.concatenate(
        [f + s for (_, f), s in zip(pieces, starts, strict=True)]
    )


def tree(name: str, rng: np.random.Generator, place: np.ndarray, height: float, leaf) -> Mesh:
    """A broad-leaved tree at ``place`` (3,)."""
    fork = height * rng.uniform(0.25, 0.4)
    thick = 0.02 * height + 0.04
    lean = np.append(rng.normal(0, 0.03 * height, 2), 0.0)
    wood = [_limb(np.array([0, 0, -0.1]), lean + [0, 0, fork], thick, 0.75 * thick),
            _limb(lean + [0, 0, fork], 2 * lean + [0, 0, 0.85 * height], 0.75 * thick, 0.1 * thick)]  # fmt: skip
    clumps = []
    for _ in range(int(rng.integers(7, 12))):
        level = rng.uniform(fork, 0.8 * height)
        angle, reach = rng.uniform(0, 2 * np.pi), height * rng.uniform(0.12, 0.28)
        start = lean * (1 + level / height) + [0, 0, level]
        end = start + [reach * np.cos(angle), reach * np.sin(angle), rng.uniform(0.1, 0.6) * reach]
        wood.append(_limb(start, end, 0.4 * thick, 0.08 * thick))
        clumps.append((end, height * rng.uniform(0.1, 0.17)))
    clumps.append((2 * lean + [0, 0, 0.85 * height], 0.16 * height))
    centres = np.concatenate([c + r * rng.standard_normal((200, 3)) * [0.6, 0.6, 0.45] for c, r in clumps])
    leaves = _leaves(rng, centres, 0.02 * height + 0.05)
    points, faces = _joined([_joined(wood), leaves])
    index = (np.arange(len(faces)) >= len(faces) - len(leaves[1])).astype(np.uint8)
    looks = (Material("plain", tint=_BARK, roughness=0.95), Material("plain", tint=tuple(leaf), roughness=0.7))
    return scene_mesh(name, points + place, faces, Semantic.PROP, looks, index)


def bush(name: str, rng: np.random.Generator, place: np.ndarray, height: float, leaf) -> Mesh:
    """A bush as wide as it is high."""
    way = _unit(rng, 420)
    way[:, 2] = np.abs(way[:, 2])
    centres = way * (rng.uniform(0.35, 1.0, (len(way), 1)) ** 0.5) * [0.55 * height, 0.55 * height, 0.95 * height]
    points, faces = _leaves(rng, centres, 0.09 * height + 0.03)
    points[:, 2] = np.maximum(points[:, 2], 0.002)
    return scene_mesh(name, points + place, faces, Semantic.PROP, (Material("plain", tint=tuple(leaf), roughness=0.7),))


def rock(name: str, rng: np.random.Generator, place: np.ndarray, size: float) -> Mesh:
    """A boulder, a fifth of it in the ground."""
    ball = trimesh.creation.icosphere(subdivisions=3)
    points = np.asarray(ball.vertices)
    bumps = sum(
        rng.normal(0.0, 0.35 / k) * np.sin(k * (points @ _unit(rng, 1)[0]) * 2.5 + rng.uniform(0, 6))
        for k in range(1, 6)
    )
    points = points * (1 + 0.5 * bumps[:, None]) * size / 2 * rng.uniform((0.8, 0.8, 0.5), (1.2, 1.2, 0.9))
    points[:, 2] += 0.3 * size - 0.0
    points[:, 2] -= 0.2 * size
    grey = rng.uniform(0.12, 0.4)
    tint = tuple(float(c) for c in grey * rng.uniform(0.85, 1.1, 3))
    return scene_mesh(
        name, points + place, np.asarray(ball.faces), Semantic.PROP, (Material("plain", tint=tint, roughness=0.9),)
    )


def tufts(name: str, rng: np.random.Generator, places: np.ndarray, leaf) -> Mesh:
    """Blades of grass about ``places`` (N, 3), 9 each."""
    roots = np.repeat(places, 9, 0) + np.column_stack(
        [rng.normal(0, 0.03, (9 * len(places), 2)), np.zeros(9 * len(places))]
    )
    count = len(roots)
    angle = rng.uniform(0, 2 * np.pi, count)
    side = 0.004 * np.stack([np.cos(angle), np.sin(angle), np.zeros(count)], 1)
    tip = np.column_stack([rng.normal(0, 0.03, (count, 2)), rng.uniform(0.05, 0.16, count)])
    points = np.stack([roots - side, roots + side, roots + tip], 1).reshape(-1, 3)
    faces = np.arange(3 * count).reshape(-1, 3)
    return scene_mesh(name, points, faces, Semantic.GROUND, (Material("plain", tint=tuple(leaf), roughness=0.8),))
