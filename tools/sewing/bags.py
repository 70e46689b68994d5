"""Bags to wear: a rounded box that goes with one bone, and straps that lie on the trunk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import trimesh
from PIL import Image
from scipy.interpolate import CubicSpline

from synth.bodies.surface import vertex_normals
from tools.sewing.shells import hung_on

OFF = 0.006  # metres between strap and skin
ACROSS = 5  # vertices across a strap
STEP = 0.015  # metres along a strap
SIDE = 256  # pixels of a bag's picture: cloth on the left, webbing on the right

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Bag:
    """A bag on the base mesh (metres, y up, +z forward): its box and straps, and the facts of its catalogue entry.

    Attributes:
        sacks: (middle, size, turn about y in degrees) of rounded boxes. bone: joint that they go with.
        straps: control points near the skin; they start and end between box and body. mirrored: both sides have them.
        width: of straps, metres. on_back: it lies where long hair does.
    """

    sacks: tuple[tuple[Point, Point, float], ...]
    bone: str
    straps: tuple[tuple[Point, ...], ...]
    mirrored: bool = False
    width: float = 0.04
    on_back: bool = False
    round: float = 4.0  # exponent: 2 is an ellipsoid, more is a box


_SHOULDER = ((0.075, 0.4, -0.05), (0.08, 0.49, -0.05), (0.088, 0.56, 0.02), (0.095, 0.5, 0.1), (0.11, 0.4, 0.13))
_CARRIED = (*_SHOULDER, (0.126, 0.355, 0.1), (0.14, 0.32, 0.03), (0.1, 0.3, -0.06))
_ACROSS_BACK = ((0.1, 0.1, -0.09), (0.05, 0.25, -0.03), (-0.03, 0.42, -0.05), (-0.075, 0.52, -0.03))
_ACROSS_CHEST = ((-0.09, 0.56, 0.03), (-0.085, 0.5, 0.1), (-0.02, 0.36, 0.15), (0.08, 0.22, 0.13), (0.15, 0.12, 0.07))
_WAIST = tuple(
    (0.2 * np.sin(a), 0.125 - 0.012 * np.cos(a), 0.16 * np.cos(a) + 0.02) for a in np.linspace(0.25, 6.6, 13)
)

BAGS: dict[str, Bag] = {
    "backpack": Bag(
        (((0, 0.3, -0.15), (0.3, 0.42, 0.17), 0), ((0, 0.21, -0.235), (0.24, 0.2, 0.08), 0)),
        "spine3", (_CARRIED,), mirrored=True, width=0.05, on_back=True,
    ),
    "backpack_small": Bag(
        (((0, 0.32, -0.12), (0.25, 0.3, 0.12), 0),), "spine3", (_CARRIED,), mirrored=True, width=0.03, on_back=True,
        round=3.0,
    ),
    "messenger_bag": Bag(
        (((0.1, 0.03, -0.155), (0.32, 0.24, 0.09), -28), ((0.115, 0.055, -0.175), (0.31, 0.17, 0.085), -28)),
        "spine1", ((*_ACROSS_BACK, *_ACROSS_CHEST, (0.17, 0.08, -0.02), (0.13, 0.08, -0.08)),), width=0.038, round=6.0,
    ),
    "shoulder_bag": Bag(
        (((0.13, 0.03, 0.135), (0.19, 0.14, 0.055), 48),), "spine1",
        (((0.15, 0.06, 0.07), *_ACROSS_BACK, *_ACROSS_CHEST[:-1], (0.11, 0.09, 0.13)),), width=0.018,
    ),
    "belt_bag": Bag((((0.03, 0.1, 0.165), (0.2, 0.1, 0.06), 12),), "spine1", (_WAIST,), width=0.03, round=3.0),
}  # fmt: skip


def _sack(middle: Point, size: Point, degrees: float, exponent: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices, triangles and texture coordinates of a rounded box."""
    ball = trimesh.creation.icosphere(subdivisions=3)
    half = np.array(size) / 2
    reach = (np.abs(ball.vertices / half) ** exponent).sum(1) ** (-1 / exponent)
    points = ball.vertices * reach[:, None]
    uv = np.stack([0.25 + 0.22 * points[:, 0] / half[0], 0.5 + 0.48 * points[:, 1] / half[1]], 1)
    turn = np.radians(degrees)
    rotation = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    return points @ rotation.T + middle, np.asarray(ball.faces), uv


def _strap(
    way: np.ndarray, width: float, base: np.ndarray, skin: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A ribbon along control points (n, 3), laid on the triangles ``skin`` of ``base``."""
    normals = vertex_normals(base, skin)

    def laid(points: np.ndarray, always: bool) -> tuple[np.ndarray, np.ndarray]:
        on = hung_on(points, base, skin)
        normal = (normals[on["ref"]] * on["ref_weights"][..., None]).sum(1)
        normal /= np.linalg.norm(normal, axis=1, keepdims=True)
        height = ((points - on["anchor"]) * normal).sum(1)
        lift = OFF - height if always else np.maximum(OFF - height, 0)
        return (on["anchor"] + OFF * normal if always else points + lift[:, None] * normal), normal

    knots = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(way, axis=0), axis=1))])
    line = CubicSpline(knots, way)(np.linspace(0, knots[-1], max(int(knots[-1] / STEP), 8)))
    line, normal = laid(line, True)
    for _ in range(8):  # taut: it bridges hollows
        line[1:-1] = 0.5 * line[1:-1] + 0.25 * (line[:-2] + line[2:])
        normal[1:-1] = 0.5 * normal[1:-1] + 0.25 * (normal[:-2] + normal[2:])
        line = laid(line, False)[0]
    side = np.cross(np.gradient(line, axis=0), normal)
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    share = np.linspace(-0.5, 0.5, ACROSS)
    grid = line[:, None] + width * share[None, :, None] * side[:, None]
    grid = laid(grid.reshape(-1, 3), False)[0]
    index = np.arange(len(grid)).reshape(len(line), ACROSS)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    faces = np.concatenate([np.stack(x, -1).reshape(-1, 3) for x in ((a, c, b), (b, c, d))])
    along = np.linspace(0, knots[-1] / 0.25, len(line))
    uv = np.stack(np.broadcast_arrays(0.75 + 0.46 * share[None], along[:, None]), -1).reshape(-1, 2)
    return grid, faces, uv


def made(bag: Bag, base: np.ndarray, skin: np.ndarray) -> dict[str, np.ndarray]:
    """The arrays of a bag's item but for its semantics; ``skin`` (F, 3) are the body triangles of ``base``."""
    boxes = [_sack(*sack, bag.round) for sack in bag.sacks]
    ways = [np.array(s, float) for s in bag.straps]
    ways += [w * (-1, 1, 1) for w in ways] if bag.mirrored else []
    straps = [_strap(w, bag.width, base, skin) for w in ways]
    parts = [*boxes, *straps]
    starts = np.cumsum([0] + [len(p[0]) for p in parts])[:-1]
    points = np.concatenate([p[0] for p in parts])
    faces = np.concatenate([p[1] + start for p, start in zip(parts, starts, strict=True)]).astype(np.int32)
    rigid = np.arange(len(points)) < sum(len(b[0]) for b in boxes)
    item = hung_on(points, base, skin)
    spot = hung_on(np.array([bag.sacks[0][0]]), base, skin)  # the box hangs on one point, and keeps its form
    for key in ("ref", "ref_weights", "anchor"):
        item[key] = np.where(rigid[:, None], spot[key], item[key])
    item["offsets"] = (points - item["anchor"]).astype(np.float32)
    return item | {"faces": faces, "face_uv": faces, "uv": np.concatenate([p[2] for p in parts]).astype(np.float32),
                   "rigid": rigid}  # fmt: skip


def write_picture(folder: Path) -> str:
    """Write ``bag_diffuse.jpg``, grey cloth with seams and a zip beside darker webbing; its name."""
    rng = np.random.default_rng(0)
    v, u = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    weave = 0.62 + 0.02 * rng.normal(size=(SIDE, SIDE))
    x, y = u / 0.5, v
    border = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y))
    weave[(border > 0.1) & (border < 0.115)] *= 0.6
    weave[(np.abs(y - 0.24) < 0.012) & (x > 0.12) & (x < 0.88)] = 0.16
    webbing = 0.3 + 0.04 * np.sin(2 * np.pi * 48 * v) + 0.015 * rng.normal(size=(SIDE, SIDE))
    webbing[np.abs(np.abs(u - 0.75) - 0.17) < 0.008] = 0.42
    picture = np.where(u < 0.5, weave, webbing)
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray((np.clip(np.repeat(picture[..., None], 3, -1), 0, 1) * 255).astype(np.uint8)).save(
        folder / "bag_diffuse.jpg", quality=88
    )
    return "bag_diffuse.jpg"
