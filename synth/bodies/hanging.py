"""Skirts and coats hang from the hips: on a heavy body they are as wide below as they are there."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.ndimage import gaussian_filter1d
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from synth.bodies.layers import border, rim
from synth.bodies.surface import LIMBS, averaging, vertex_normals

HIPS = (0.0, 0.08)  # metres, heights on base.obj where cloth lies on the hips
ROW = 0.02  # metres between the heights at which cloth is measured
ARMS = 0.1  # share of the arms in the skin weights, from which on it is a sleeve
LAP = 0.12  # metres over which a skirt goes with its bodice, less and less
CLOSE = 0.002  # metres from a point of its edge within which that point alone counts
ROUNDS = 40  # of averaging the skin weights where cloth hangs around both legs


def around_legs(item) -> bool:
    """Whether a part of the item hangs around both legs."""
    return bool(item.loose.any()) and item.entry["semantic"] != "lower_garment"


def from_the_hips(made: np.ndarray, rest: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Fitted vertices (n, 3), those below the hips widened about the trunk's axis until they have grown, from how the
    cloth was ``made`` (n, 3), as much as at the hips. ``weights`` (n, 55) tell what are sleeves."""
    body = (weights @ LIMBS)[:, [4, 5]].sum(1) < ARMS
    heights = np.arange(made[body, 1].min() + ROW / 2, HIPS[1], ROW)
    rings = [body & (np.abs(made[:, 1] - y) < ROW) for y in heights]
    known = [k for k, ring in enumerate(rings) if ring.sum() > 3]
    hips = heights[known] > HIPS[0]
    if len(known) < 3 or not hips.any() or hips.all():
        return rest
    out = rest.copy()
    below = body & (made[:, 1] < HIPS[1])
    for axis in (0, 2):
        was, now = (np.array([np.ptp(v[rings[k], axis]) for k in known]) for v in (made, rest))
        middle = np.array([(rest[rings[k], axis].max() + rest[rings[k], axis].min()) / 2 for k in known])
        grown = now / np.maximum(was, 1e-6)
        wider = np.where(hips, 1.0, np.maximum(grown[hips].max() / grown, 1.0))
        wider, middle = (
            np.interp(made[below, 1], heights[known], gaussian_filter1d(x, 1.5, mode="nearest"))
            for x in (wider, middle)
        )
        out[below, axis] = middle + wider * (rest[below, axis] - middle)
    return out


def lap(made: np.ndarray, faces: np.ndarray) -> sp.csr_matrix:
    """(n, n) what the points about an upper edge that lies over another piece of a garment, as that was ``made``
    (n, 3), take over from it: ``x + lap @ x`` goes with the bodice at the seam, and less and less below."""
    edge, count = np.setdiff1d(border(faces), rim(made, faces)), len(made)
    out = sp.csr_matrix((count, count))
    if not len(edge):
        return out
    piece = connected_components(averaging(faces, count), directed=False)[1]
    normals = vertex_normals(made, faces)
    for number in np.unique(piece[edge]):
        mine, others = edge[piece[edge] == number], np.flatnonzero(piece != number)
        on = others[cKDTree(made[others]).query(made[mine])[1]]
        over = np.einsum("nc,nc->n", made[mine] - made[on], normals[on]) > 0
        if not over.any():
            continue
        mine, on, cloth = mine[over], on[over], np.flatnonzero(piece == number)
        few = min(4, len(mine))
        away, nearest = cKDTree(made[mine]).query(made[cloth], range(1, 1 + few))
        share = 1 / (away**2 + CLOSE**2)
        share *= np.clip(1 - away[:, :1] / LAP, 0.0, 1.0) / share.sum(1, keepdims=True)
        rows, values = cloth.repeat(few), share.ravel()
        for columns, sign in ((on, 1.0), (mine, -1.0)):
            out += sp.csr_matrix((sign * values, (rows, columns[nearest.ravel()])), shape=out.shape)
    return out


def evened_weights(weights: np.ndarray, loose: np.ndarray, mean: sp.csr_matrix) -> np.ndarray:
    """(n, k) skin weights averaged over neighbours where cloth hangs, less and less above: a leg moves all of it."""
    share = (loose > 0).astype(float)
    for _ in range(ROUNDS // 4):
        share = np.maximum(share, 0.8 * (mean @ share))
    for _ in range(ROUNDS):
        weights = weights + 0.5 * share[:, None] * (mean @ weights - weights)
    return weights
