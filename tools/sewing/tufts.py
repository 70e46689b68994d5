"""Curly hair: the cards of its author, which stand in rows that show from above, give way to tufts in no order."""

from __future__ import annotations

import numpy as np
from scipy.sparse.csgraph import connected_components

from synth.bodies.surface import averaging

CARD = 2  # faces of an author's card
TUFTS = 1100
TALL, WIDE = (0.016, 0.026), (0.02, 0.03)  # metres, the range of a tuft
LEANING = (15.0, 72.0)  # degrees from upright
ROOT = 0.004  # metres below the surface
# Where curls are in the picture: the lower and upper edge of a tuft, and its width; any stretch of the row will do.
ROW, STRETCH = (0.13, 0.325), 0.12


def tufted(item: dict[str, np.ndarray], seed: int = 0) -> dict[str, np.ndarray]:
    """Arrays of an item of hair as ``read_item`` gives them, with tufts instead of cards.

    A tuft hangs on one vertex of the surface beneath, and so keeps its form.
    """
    rng = np.random.default_rng(seed)
    points = item["anchor"].astype(np.float64) + item["offsets"]
    piece = connected_components(averaging(item["faces"], len(points)), directed=False)[1][item["faces"][:, 0]]
    cap = (np.bincount(piece) > CARD)[piece]
    faces = item["faces"][cap]
    corners = points[faces]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.linalg.norm(across, axis=1)
    on = rng.choice(len(faces), TUFTS, p=area / area.sum())
    root = np.einsum("tk,tkc->tc", rng.dirichlet((1, 1, 1), TUFTS), corners[on])
    up = across[on] / area[on, None]
    side = _across(up, rng)
    lean, turn = np.deg2rad(rng.uniform(*LEANING, TUFTS)), rng.choice((-1, 1), TUFTS)
    ahead = np.cross(up, side)
    tall, wide = rng.uniform(*TALL, TUFTS)[:, None], rng.uniform(*WIDE, TUFTS)[:, None]
    stem = tall * (np.cos(lean)[:, None] * up + (turn * np.sin(lean))[:, None] * ahead)
    low = root - ROOT * up
    made = np.stack(
        [low - wide / 2 * side, low + wide / 2 * side, low + wide / 2 * side + stem, low - wide / 2 * side + stem], 1
    )
    left = rng.uniform(0, 1 - STRETCH, TUFTS)
    uv = np.stack(
        [np.stack([left + STRETCH * a, np.full(TUFTS, ROW[b])], 1) for a, b in ((0, 0), (1, 0), (1, 1), (0, 1))], 1
    )
    quads = 4 * np.arange(TUFTS)[:, None, None] + np.array([[0, 1, 2], [0, 2, 3]])
    kept, renumbered = np.unique(faces, return_inverse=True)
    holder = kept[np.argmin(np.linalg.norm(points[kept][None] - root[:, None], axis=2), 1)].repeat(4)
    anchor = item["anchor"]
    return item | {
        **{key: np.concatenate([item[key][kept], item[key][holder]]) for key in ("ref", "ref_weights", "anchor")},
        "offsets": np.concatenate([item["offsets"][kept], made.reshape(-1, 3) - anchor[holder]]).astype(np.float32),
        "faces": np.concatenate([renumbered.reshape(-1, 3), len(kept) + quads.reshape(-1, 3)]).astype(np.int32),
        "uv": np.concatenate([item["uv"], uv.reshape(-1, 2)]).astype(np.float32),
        "face_uv": np.concatenate([item["face_uv"][cap], len(item["uv"]) + quads.reshape(-1, 3)]).astype(np.int32),
    }


def _across(up: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(n, 3) unit vectors at right angles to ``up`` (n, 3), in any direction."""
    side = np.cross(up, rng.normal(size=up.shape))
    return side / np.linalg.norm(side, axis=1, keepdims=True)
