"""Glasses: a rim around each eye, bridge and temples, hung between the root of the nose and the ears."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.spatial import cKDTree

RIM = 40  # points around a lens
TUBE = 6  # points around a rim

FRONT, TOP, EAR = (
    0.152,
    0.7355,
    (0.0735, 0.739, 0.004),
)  # metres on the base mesh: before the eyes, their height, an ear


@dataclass(frozen=True)
class Glasses:
    """Lenses of ``size`` metres, as round as the exponent ``shape`` says (2 an ellipse, more a box), lower towards the
    cheeks by ``drop``; ``rim``: radius of the wire; colours are sRGB of frame and lens, the lens with its alpha."""

    size: tuple[float, float]
    shape: float
    rim: float
    frame: tuple[float, float, float]
    lens: tuple[float, float, float, float]
    drop: float = 0.0


GLASSES: dict[str, Glasses] = {
    "glasses_round": Glasses((0.045, 0.042), 2.0, 0.0013, (0.72, 0.6, 0.32), (0.95, 0.97, 1.0, 0.06)),
    "glasses_square": Glasses((0.052, 0.036), 4.0, 0.0024, (0.06, 0.05, 0.05), (0.95, 0.97, 1.0, 0.06)),
    "sunglasses_pilot": Glasses((0.058, 0.05), 2.6, 0.0012, (0.55, 0.55, 0.56), (0.12, 0.1, 0.06, 0.88), 0.006),
    "sunglasses_oval": Glasses((0.054, 0.044), 2.3, 0.0026, (0.32, 0.14, 0.05), (0.1, 0.05, 0.03, 0.9)),
}


def _tube(line: np.ndarray, radius: float, closed: bool) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and triangles of a tube along (n, 3)."""
    ahead = np.roll(line, -1, 0) - np.roll(line, 1, 0) if closed else np.gradient(line, axis=0)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    pole = np.where(np.abs(ahead[:, 2:]) > 0.8, (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    side = np.cross(ahead, pole)
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    turn = np.arange(TUBE) / TUBE * 2 * np.pi
    ring = np.cos(turn)[None, :, None] * side[:, None] + np.sin(turn)[None, :, None] * np.cross(ahead, side)[:, None]
    index = np.arange(len(line) * TUBE).reshape(len(line), TUBE)
    ends = (index, np.roll(index, -1, 0)) if closed else (index[:-1], index[1:])
    a, c = ends
    b, d = np.roll(a, -1, 1), np.roll(c, -1, 1)
    faces = np.concatenate([np.stack(x, -1).reshape(-1, 3) for x in ((a, b, c), (b, d, c))])
    return (line[:, None] + radius * ring).reshape(-1, 3), faces


def made(kind: Glasses, base: np.ndarray, skin: np.ndarray, eye: float) -> dict[str, np.ndarray]:
    """The arrays of an item but for its semantics.

    Args:
        base, skin: vertices and body triangles of the base mesh. eye: half the distance of its eyes, metres.
    """
    turn = np.arange(RIM) / RIM * 2 * np.pi
    across = np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** (2 / kind.shape) * kind.size[0] / 2
    up = np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** (2 / kind.shape) * kind.size[1] / 2
    across = across * (1 + kind.drop / kind.size[0] * np.sign(up) * 0.5)
    parts, glass = [], []
    for sign in (1, -1):
        x = sign * (eye + across)
        rim = np.stack([x, TOP - 0.006 - kind.drop / 2 + up, FRONT - 1.6 * x**2], 1)
        parts.append(_tube(rim, kind.rim, True))
        fan = np.array([[RIM, k, (k + 1) % RIM] for k in range(RIM)])
        parts.append((np.concatenate([rim, rim.mean(0, keepdims=True)]), fan if sign > 0 else fan[:, ::-1]))
        hinge = np.array([sign * (eye + kind.size[0] / 2), TOP, FRONT - 1.6 * (eye + kind.size[0] / 2) ** 2])
        ear = np.array(EAR) * (sign, 1, 1)
        corner = np.array([ear[0], TOP, hinge[2] - 0.006])
        parts.append(_tube(np.array([hinge, corner, *(corner + t * (ear - corner) for t in (0.33, 0.66, 0.9)), ear,
                                     ear + (-0.002 * sign, -0.016, -0.012)]), kind.rim * 1.1, False))  # fmt: skip
        glass += [False, True, False]
    inner = eye - kind.size[0] / 2
    arc = np.linspace(-inner, inner, 9)
    parts.append(_tube(np.stack([arc, TOP + 0.004 * (1 - (arc / inner) ** 2), np.full(9, FRONT)], 1), kind.rim, False))
    glass.append(False)
    starts = np.cumsum([0] + [len(p[0]) for p in parts])[:-1]
    points = np.concatenate([p[0] for p in parts])
    faces = np.concatenate([p[1] + start for p, start in zip(parts, starts, strict=True)]).astype(np.int32)
    lens = np.repeat(glass, [len(p[1]) for p in parts])
    return _hung(points, base, skin) | {
        "faces": faces, "uv": np.array([[0.25, 0.5], [0.75, 0.5]], np.float32),
        "face_uv": np.repeat(lens.astype(np.int32)[:, None], 3, 1),
    }  # fmt: skip


def _hung(points: np.ndarray, base: np.ndarray, skin: np.ndarray) -> dict[str, np.ndarray]:
    """Reference arrays: between one vertex at the root of the nose and one at each ear, by how far back a point is."""
    tree, used = cKDTree(base[np.unique(skin)]), np.unique(skin)
    spots = used[tree.query([(0, TOP, FRONT), EAR, np.array(EAR) * (-1, 1, 1)])[1]]
    back = np.clip((FRONT - 0.02 - points[:, 2]) / (FRONT - 0.02 - EAR[2]), 0, 1)
    left = points[:, 0] > 0
    weights = np.stack([1 - back, back * left, back * ~left], 1).astype(np.float32)
    ref = np.tile(spots, (len(points), 1)).astype(np.int32)
    anchor = np.einsum("vk,vkc->vc", weights, base[ref])
    return {"ref": ref, "ref_weights": weights, "anchor": anchor.astype(np.float32),
            "offsets": (points - anchor).astype(np.float32)}  # fmt: skip


def write_picture(kind: Glasses, path: Path) -> str:
    """Write a picture whose left half is the frame and whose right half is the lens, with its alpha; its name."""
    picture = np.ones((8, 16, 4))
    picture[:, :8, :3], picture[:, 8:] = kind.frame, kind.lens
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray((picture * 255).round().astype(np.uint8)).save(path)
    return path.name
