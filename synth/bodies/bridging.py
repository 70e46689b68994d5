"""Cloth spans what is hollow: the furrow of a back, the cleft of the buttocks, the valley between breasts."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.ndimage import gaussian_filter1d, map_coordinates
from scipy.spatial import ConvexHull, QhullError

from synth.bodies.sheets import as_one, pieces, with_cloth
from synth.bodies.surface import LIMBS, averaging, open_edges, vertex_normals
from synth.conventions import JOINT_NAMES

ROW = 0.01  # metres between the heights at which the trunk is girt
SLICE = 0.012  # metres above and below such a height that count
SECTORS = 72  # directions round the trunk
MOST = 0.06  # metres by which cloth leaves a hollow at most
CREASED = 0.005  # metres of being moved, from which on cloth is evened out
EVENING = 10  # rounds of averaging
ARMS = 0.1  # share of the arms in the skin weights, from which on the tape goes beneath
TAUT = (0.5, 0.9)  # share of the trunk in the skin weights, from and up to which cloth is laid over hollows
SHOULDERS = [JOINT_NAMES.index(n) for n in ("spine3", "neck", "left_collar", "right_collar")]
LEVEL = (0.2, 0.5)  # upward part of cloth's normals, from and up to which it lies on shoulders, which no tape girds
BESIDE = 6  # rings of vertices beside them where a tape lies less and less


def bridged(rest: np.ndarray, faces: np.ndarray, weights: np.ndarray, cut: np.ndarray | None = None) -> np.ndarray:
    """Vertices of a garment in T-pose, those in hollows of the trunk moved out to the tape that girds it there.

    Belts, pockets and buttons that are pieces of their own come along with the cloth that they lie on.

    Args:
        rest: (V, 3) metres, y up, +z forward. faces: (F, 3). weights: (V, 55) skin weights.
        cut: (V, 3) metres, how the author made them: no body folds them there.
    """
    piece, small = pieces(rest if cut is None else cut, faces)
    limbs = weights @ LIMBS
    trunk = ~small & (limbs[:, 0] > TAUT[0]) & (limbs[:, [4, 5]].sum(1) < ARMS)
    if trunk.sum() < 3:
        return rest
    tape, out = _Tape(rest[trunk]), rest.copy()
    share = np.clip((limbs[:, 0] - TAUT[0]) / (TAUT[1] - TAUT[0]), 0.0, 1.0)
    share *= 1 - _on_shoulders(rest, faces, weights)
    for number in np.unique(piece[~small]):
        mine = piece == number
        index = np.cumsum(mine) - 1
        out[mine] = _spanned(rest[mine], index[faces[mine[faces[:, 0]]]], share[mine], tape)
    moves = out - rest if cut is None else as_one(cut, faces) @ (out - rest)
    return rest + with_cloth(rest, faces, moves, small)


def _on_shoulders(rest: np.ndarray, faces: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(V,) in [0, 1], how much cloth lies on the shoulders' slopes, and close by: the neck's hole is no hollow."""
    low, high = LEVEL
    share = np.clip((vertex_normals(rest, faces)[:, 1] - low) / (high - low), 0.0, 1.0)
    share *= weights[:, SHOULDERS].sum(1)
    mean = averaging(faces, len(rest))
    for _ in range(BESIDE):
        share = np.maximum(share, mean @ share)
    return share


def _spanned(rest: np.ndarray, faces: np.ndarray, share: np.ndarray, tape: _Tape) -> np.ndarray:
    """One piece of cloth, each vertex by its ``share`` (V,) of the way out to the tape, without creases."""
    lift = share * tape.above(rest)
    out = tape.raised(rest, lift)
    mean = along_borders(faces, len(rest))
    spread = np.clip(lift / CREASED, 0.0, 1.0)
    for _ in range(EVENING):
        spread = np.maximum(spread, 0.8 * (mean @ spread))
    spread *= share
    for _ in range(EVENING):  # what lay in folds is spread out
        out = out + 0.5 * spread[:, None] * (mean @ out - out)
        out = tape.raised(out, spread * tape.above(out))
    return out


def along_borders(faces: np.ndarray, n: int) -> sp.csr_matrix:
    """(n, n) sparse, the mean over neighbours; on an open border only over those along it, so that hems stay."""
    mean = averaging(faces, n)
    rim = open_edges(faces)
    inner = np.ones(n)
    inner[rim] = 0.0
    ends = np.concatenate([rim, rim[:, ::-1]])
    along = sp.coo_matrix((np.ones(len(ends)), ends.T), shape=(n, n)).tocsr()
    valence = np.maximum(np.asarray(along.sum(1)).ravel(), 1)
    return sp.diags(inner) @ mean + sp.diags(1 / valence) @ along


class _Tape:
    """A tape round the trunk at every height: the outline of ``points`` (n, 3), without its hollows."""

    def __init__(self, points: np.ndarray):
        turns = np.arange(SECTORS) * 2 * np.pi / SECTORS
        self.heights = np.arange(points[:, 1].min() + SLICE / 2, points[:, 1].max(), ROW)
        slices = [points[np.abs(points[:, 1] - h) < SLICE] for h in self.heights]
        known = [k for k, s in enumerate(slices) if len(s)]
        middles = [(slices[k][:, 2].min() + slices[k][:, 2].max()) / 2 for k in known]
        # the trunk's axis bends with the back
        self.middle = gaussian_filter1d(np.interp(self.heights, self.heights[known], middles), 3.0, mode="nearest")
        rings = [s[:, [2, 0]] - (z, 0.0) for s, z in zip(slices, self.middle, strict=True)]
        girth = gaussian_filter1d(np.stack([_girth(r, turns) for r in rings]), 1.0, axis=0, mode="nearest")
        self.girth = np.concatenate([girth, girth[:, :1]], 1)

    def _away(self, points: np.ndarray) -> np.ndarray:
        """(n, 2) x and z of points (n, 3) from the axis."""
        return np.stack([points[:, 0], points[:, 2] - np.interp(points[:, 1], self.heights, self.middle)], 1)

    def above(self, points: np.ndarray) -> np.ndarray:
        """(n,) metres from points (n, 3) out to the tape, at most ``MOST``."""
        x, z = self._away(points).T
        turn = np.arctan2(x, z) % (2 * np.pi)
        at = [(points[:, 1] - self.heights[0]) / ROW, turn / (2 * np.pi) * SECTORS]
        girth = map_coordinates(self.girth, at, order=1, mode="nearest")
        return np.clip(girth - np.hypot(x, z), 0.0, MOST)

    def raised(self, points: np.ndarray, by: np.ndarray) -> np.ndarray:
        """Points (n, 3) moved away from the axis by metres (n,)."""
        away = self._away(points)
        step = (by / np.maximum(np.linalg.norm(away, axis=1), 1e-9))[:, None] * away
        return points + np.stack([step[:, 0], np.zeros(len(points)), step[:, 1]], 1)


def _girth(points: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """(n,) metres from the origin to the convex hull of ``points`` (m, 2), along ``turns`` (n,) from the first axis; 0
    where there is none, or the origin is not within it."""
    try:
        sides = ConvexHull(points).equations  # normal and offset: normal @ x + offset <= 0 inside
    except (QhullError, ValueError):
        return np.zeros(len(turns))
    if (sides[:, 2] > 0).any():
        return np.zeros(len(turns))
    along = np.stack([np.cos(turns), np.sin(turns)], 1) @ sides[:, :2].T
    return np.where(along > 1e-9, -sides[:, 2] / np.where(along > 1e-9, along, 1.0), np.inf).min(1)
