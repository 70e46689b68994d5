"""A scene file round people: its floor is found, and a place on it where they and the cameras have room."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import trimesh
from scipy.spatial import cKDTree

from synth.conventions import ClipRejected, Semantic, ThfmError
from synth.geometry import Lamp, Mesh, SceneFile
from synth.props.obstacles import Box
from synth.scenes.stage import Stage, Surroundings
from synth.scenes.taken import spread, taken_boxes
from synth.spec.scenes.model import FileScene

SCENES = (".blend", ".glb", ".gltf", ".obj")  # suffixes of files that can be read
_LEVEL = 0.05  # metres between floors that are told apart
_POINTS = 300_000
_APART = 0.1  # metres between the points that stand for surfaces
_TRIES = 150
_AROUND = 3.0  # metres about people and cameras where props are kept off things
_LARGE = 2.5  # metres; what is larger is a wall rather than a prop
_GROUNDS = re.compile(r"floor|ground|terrain|road|grass|carpet|rug|pavement|street", re.IGNORECASE)
_WALLS = re.compile(r"wall|ceiling|roof|door|window|building|house|fence|backdrop", re.IGNORECASE)


def _areas(mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """(F,) areas and (F, 3) unit normals."""
    corners = mesh.positions[0][mesh.faces].astype(np.float64)
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.linalg.norm(cross, axis=1)
    return length / 2, cross / np.maximum(length, 1e-12)[:, None]


def floor_level(meshes: tuple[Mesh, ...]) -> float:
    """The height of the lowest large floor.

    Raises:
        ThfmError: nothing faces up.
    """
    height = np.concatenate([m.positions[0][m.faces, 2].mean(1) for m in meshes])
    area, up = (np.concatenate(x) for x in zip(*((a, n[:, 2]) for a, n in map(_areas, meshes)), strict=True))
    level = up > 0.95
    if not area[level].sum():
        level = up < -0.95  # some files turn all sides in
    height, area = height[level], area[level]
    if not area.sum():
        raise ThfmError("it has no level floor to stand on")
    level = np.round(height / _LEVEL).astype(int)
    total = np.bincount(level - level.min(), area)
    lowest = int(np.flatnonzero(total >= 0.5 * total.max())[0]) + level.min()
    there = np.abs(level - lowest) <= 1
    return float((height[there] * area[there]).sum() / area[there].sum())


def _samples(meshes: tuple[Mesh, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points (N, 3) all over the surfaces, and the mesh and face of each."""
    triangles = [mesh.positions[0][mesh.faces].astype(np.float64) for mesh in meshes]
    area = sum(trimesh.triangles.area(t).sum() for t in triangles)
    points, every = spread(np.concatenate(triangles), max(area / _POINTS, (_APART / 2) ** 2))
    counts = [len(t) for t in triangles]
    first = np.cumsum([0, *counts[:-1]])
    owner = np.repeat(np.arange(len(meshes)), counts)[every]
    return points, owner, every - first[owner]


def build_file(spec: FileScene, file: SceneFile, stage: Stage, night: bool = False) -> Surroundings:
    """The scene, moved so that people stand on its floor; what is between them and cameras is cut away.

    By night, its suns do not shine.

    Raises:
        ClipRejected: nowhere is there room for people.
        ThfmError: the scene has no floor.
    """
    try:
        level = floor_level(file.meshes)
    except ThfmError as error:
        raise ThfmError(f"scene {spec.name!r} cannot be used, {error}: give it a floor, or take it away.") from error
    points, mesh_of, face_of = _samples(file.meshes)
    points = points - [0.0, 0.0, level]
    turn, shift, cut = _place(spec, points, stage)
    moved = []
    gone = {(m, f) for m, f in zip(mesh_of[cut].tolist(), face_of[cut].tolist(), strict=True)}
    for number, mesh in enumerate(file.meshes):
        positions = (mesh.positions - [0.0, 0.0, level]) @ turn.T + shift
        shown = np.array([(number, f) not in gone for f in range(len(mesh.faces))]) if gone else mesh.shown
        part = replace(mesh, positions=positions.astype(np.float32), shown=shown)
        moved.append(replace(part, semantic=_semantic(part)))
    lamps = tuple(
        _moved(lamp, turn, shift - turn @ [0.0, 0.0, level])
        for lamp in file.lamps
        if not (night and lamp.kind == "sun")
    )
    boxes = _boxes(moved, stage, turn)
    return Surroundings(tuple(moved), lamps, boxes, {"kind": "file", "name": spec.name, "cut": len(gone)})


def _boxes(meshes: Sequence[Mesh], stage: Stage, turn: np.ndarray) -> tuple[Box, ...]:
    """What is in the way of props round people and cameras, along the axes of the file."""
    flat = stage.moving[:, :2] @ turn[:2, :2]
    low, high = flat.min(0) - _AROUND, flat.max(0) + _AROUND
    triangles = np.concatenate([mesh.positions[0][mesh.faces[mesh.shown]].astype(np.float64) for mesh in meshes])
    found = taken_boxes(triangles @ turn, stage.cells @ turn, low, high)
    yaw = float(np.arctan2(turn[1, 0], turn[0, 0]))
    return tuple(replace(box, centre=turn[:2, :2] @ box.centre, yaw=yaw) for box in found)


def _moved(lamp: Lamp, turn: np.ndarray, shift: np.ndarray) -> Lamp:
    return replace(lamp, position=turn @ lamp.position + shift, direction=turn @ lamp.direction)


def _semantic(mesh: Mesh) -> np.ndarray:
    """(F,) uint8: grounds by name or by height, walls by name or by size, props else."""
    _, normal = _areas(mesh)
    size = np.ptp(mesh.positions[0], axis=0).max()
    if _GROUNDS.search(mesh.name):
        base = Semantic.GROUND
    else:
        base = Semantic.WALL if _WALLS.search(mesh.name) or size > _LARGE else Semantic.PROP
    low = np.abs(mesh.positions[0][mesh.faces, 2]).max(1) < _LEVEL
    out = np.full(len(mesh.faces), base, np.uint8)
    out[low & (np.abs(normal[:, 2]) > 0.95)] = Semantic.GROUND
    return out


def _place(spec: FileScene, points: np.ndarray, stage: Stage) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rotation (3, 3) and shift (3,) of the scene, and (N,) bool, the points to be cut away."""
    rng = np.random.Generator(np.random.PCG64(spec.seed))
    floor = points[np.abs(points[:, 2]) < _LEVEL]
    solid = points[(points[:, 2] > 0.1)]
    tree, ground = cKDTree(solid) if len(solid) else None, cKDTree(floor[:, :2])
    people = stage.cells[np.linalg.norm(stage.cells, axis=1).argsort(kind="stable")][:: max(1, len(stage.cells) // 400)]
    others = np.concatenate([stage.eyes, stage.sight])
    best = None
    for _ in range(_TRIES):
        angle, spot = rng.uniform(-np.pi, np.pi), floor[int(rng.integers(len(floor)))]
        c, s = np.cos(angle), np.sin(angle)
        turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
        shift = np.append(stage.middle[:2], 0.0) - turn @ [spot[0], spot[1], 0.0]
        there = (people - shift) @ turn
        if ground.query(there[:, :2])[0].max() > 2 * _APART:
            continue
        if tree is not None and tree.query(there[there[:, 2] > 0.1])[0].min() < stage.reach + _APART:
            continue
        away = np.full(1, np.inf) if tree is None else tree.query((others - shift) @ turn, distance_upper_bound=0.5)[0]
        blocked = float((away < _APART).mean())
        if best is None or blocked < best[0]:
            best = (blocked, turn, shift)
        if blocked == 0.0:
            break
    if best is None:
        raise ClipRejected([f"scene: {spec.name} has no free place on its floor for these people."])
    blocked, turn, shift = best
    if blocked == 0.0:
        return turn, shift, np.zeros(len(points), bool)
    lines = cKDTree((others - shift) @ turn)
    near = lines.query(points, distance_upper_bound=1.0)[0] < 2.5 * _APART
    return turn, shift, near & (points[:, 2] > _LEVEL)
