"""The box of a bag lies on its wearer at every moment: it goes with one bone, and to and fro until it lies on."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree

TOUCH = 0.004  # metres between a box and what it touches
REACH = 0.12  # metres that a box moves at most, either way, from where it hangs on an average body
STEEPEST = 30.0  # degrees that it leans at most
FLAT = 0.02  # metres from its innermost point within which a box is touched: its edges are round
BESIDE = 0.02  # metres between a point and the nearest of the box's, seen along its way, up to which it is met
EASED = 0.05  # seconds over which its way is evened

_UP = np.array([0.0, 1.0, 0.0])
_SLOPES = np.tan(np.deg2rad(np.linspace(-STEEPEST, STEEPEST, 41)))


def lain(box: np.ndarray, joint: np.ndarray, worn: list[np.ndarray], bone: np.ndarray, fps: float) -> np.ndarray:
    """(S, n, 3) float32: a box (n, 3), y up at rest, that goes with a bone and lies on its wearer.

    It slides across itself and leans until what is beneath holds it above and below its middle.

    Args:
        joint: (3,) where the bone is at rest.
        worn: (S, V, 3) each, points of the body and of clothes in the world.
        bone: (S, 4, 4) float64, from rest to the world.
        fps: samples a second.
    """
    middle, out = box.mean(0), _across(box, joint)
    axes = np.stack([np.cross(_UP, out), _UP, out])
    inner = (box - middle) @ axes.T
    inner = inner[inner[:, 2] < inner[:, 2].min() + FLAT]
    back = cKDTree(inner[:, :2])
    low, high = inner[:, :2].min(0) - BESIDE, inner[:, :2].max(0) + BESIDE
    ways = np.zeros((len(bone), 2))
    for s, matrix in enumerate(bone):
        frame = axes @ matrix[:3, :3].T
        origin = matrix[:3, :3] @ middle + matrix[:3, 3]
        points = np.concatenate([(points[s] - origin) @ frame.T for points in worn])
        points = points[((points[:, :2] > low) & (points[:, :2] < high)).all(1)]
        near, at = back.query(points[:, :2], distance_upper_bound=BESIDE)
        met = np.isfinite(near)
        height = points[met, 2] - inner[at[met], 2]
        ways[s] = _held(points[met, 1][height < REACH], height[height < REACH])
    shift, slope = gaussian_filter1d(ways, EASED * fps, axis=0, mode="nearest").T
    turn = np.arctan(slope)
    side, up, forth = np.moveaxis(((box - middle) @ axes.T)[None].repeat(len(bone), 0), 2, 0)
    pivot = inner[:, 2].min()
    cos, sin = np.cos(turn)[:, None], np.sin(turn)[:, None]
    turned = (side, up * cos - (forth - pivot) * sin, up * sin + (forth - pivot) * cos + pivot + shift[:, None])
    rest = np.stack(turned, -1) @ axes + middle
    return (np.einsum("sij,snj->sni", bone[:, :3, :3], rest) + bone[:, None, :3, 3]).astype(np.float32)


def _across(box: np.ndarray, joint: np.ndarray) -> np.ndarray:
    """(3,) level unit vector across a flat box, away from the joint."""
    level = (box - box.mean(0)) * (1.0, 0.0, 1.0)
    across = np.linalg.svd(level, full_matrices=False)[2][1]
    return across * np.sign((box.mean(0) - joint) @ across)


def _held(up: np.ndarray, height: np.ndarray) -> tuple[float, float]:
    """How far out, and how steeply, a plane rests on points at ``height`` over it and ``up`` from its middle."""
    if not len(up):
        return 0.0, 0.0
    over = (height[:, None] - up[:, None] * _SLOPES).max(0)
    best = over.argmin()
    return float(np.clip(over[best] + TOUCH, -REACH, REACH)), float(_SLOPES[best])
