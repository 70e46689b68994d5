"""Hems that run smoothly: where the simulation of cloth leaves them jagged, they are evened along themselves."""

from __future__ import annotations

import numpy as np

from synth.bodies.bridging import along_borders
from synth.bodies.layers import border
from synth.bodies.surface import averaging, vertex_normals

JAGGED = 0.04  # metres along a hem within which it is evened; coarse hems are as jagged as they were cut
MOST_ROUNDS = 8  # of averaging
RINGS = 3  # of vertices above a hem that come along, less and less


def evened(skinned: np.ndarray, hung: np.ndarray, faces: np.ndarray, loose: np.ndarray) -> np.ndarray:
    """Loose cloth whose hems are smooth.

    Each vertex meets what is beneath by itself, and is stopped a little higher or lower than the next. What the
    simulation adds to skinning is averaged along the hem, so that pleats and waves which are cut into the cloth stay;
    vertices slide in the cloth's own surface, so that nothing sinks into what is beneath.

    Args:
        skinned, hung: (S, V, 3) metres, z up, without and with the simulation. faces: (F, 3). loose: (V,) in [0, 1].

    Returns: (S, V, 3) float32.
    """
    mean, around = along_borders(faces, len(loose)), averaging(faces, len(loose))
    sides = np.linalg.norm(skinned[0][faces] - skinned[0][np.roll(faces, 1, axis=1)], axis=2)
    rounds = min(int((JAGGED / sides[loose[faces].max(1) > 0].mean()) ** 2), MOST_ROUNDS)
    share = np.zeros(len(loose))
    share[border(faces)] = 1.0
    for _ in range(RINGS):
        share = np.maximum(share, 0.8 * (around @ share))
    share *= 0.5 * (loose > 0)
    out = np.array(hung, np.float32)
    for s in range(len(hung)):
        normals = vertex_normals(hung[s].astype(np.float64), faces)
        by = hung[s].astype(np.float64) - skinned[s]
        for _ in range(rounds):
            step = mean @ by - by
            step -= np.einsum("vc,vc->v", step, normals)[:, None] * normals
            by = by + share[:, None] * step
        out[s] = skinned[s] + by
        out[s, :, 2] = np.maximum(out[s, :, 2], hung[s, :, 2].min())  # not into the floor
    return out
