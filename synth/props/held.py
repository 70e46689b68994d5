"""Props that follow a hand as if glued to it, as near as they can be without touching the body at any time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial import cKDTree

from synth.conventions import JOINT_NAMES, Part
from synth.geometry import Mesh
from synth.props.shape import PropShape, surface_points

_EDGE = 0.008  # metres between points of the prop
_SKIN_GAP = 0.006  # kept from hand and forearm, whose points are close
_WIDE_GAP = 0.03  # kept from everything else, whose points are up to 3 cm apart
_CLOSE = 0.03  # metres from the arm beyond which nothing looks held
_STEP = 0.003
_FARTHEST = {"palm": 0.06, "fist": 0.06, "hang": 0.10}  # metres from where the hand would hold it


def hand_frames(joints: np.ndarray, hand: str) -> tuple[np.ndarray, np.ndarray]:
    """Palm centres (S, 3) and axes (S, 3, 3) of a hand, float64, from SMPL-X joints (S, J, 3) in the world.

    The columns of the axes: along the fingers, towards the thumb, out of the palm. They turn with the wrist alone.
    """

    def at(name: str) -> np.ndarray:
        return joints[:, JOINT_NAMES.index(f"{hand}_{name}")].astype(np.float64)

    wrist, index, middle, pinky = (at(n) for n in ("wrist", "index1", "middle1", "pinky1"))
    fingers = middle - wrist
    fingers /= np.linalg.norm(fingers, axis=1, keepdims=True)
    thumb = index - pinky
    thumb -= np.einsum("sc,sc->s", thumb, fingers)[:, None] * fingers
    thumb /= np.linalg.norm(thumb, axis=1, keepdims=True)
    palm = np.cross(fingers, thumb) * (1.0 if hand == "left" else -1.0)
    return (wrist + 2 * middle) / 3, np.stack([fingers, thumb, palm], 2)


def grip_axes(style: str, hand: str) -> tuple[np.ndarray, np.ndarray]:
    """A prop's axes in the hand's, (3, 3) with a column for each of its x, y and z, and where it gives way (3,)."""
    fingers, thumb, palm = np.eye(3)
    side = 1.0 if hand == "left" else -1.0  # the frame of a right hand is left-handed; props are not mirrored
    if style == "hang":  # its top towards the wrist, a flat side to the palm
        z, y, slide = -fingers, palm, fingers
    elif style == "fist":  # upright through the closed hand
        z, y, slide = thumb, palm, palm
    else:  # on the palm, along the fingers
        z, y, slide = palm, fingers, palm
    return np.stack([side * np.cross(y, z), y, z], 1), slide


def _near(meshes: Sequence[Mesh], palm: np.ndarray, axes: np.ndarray, radius: float, hand: str):
    """Points that come within ``radius`` of the palm, in the hand's axes, over all samples: of the arm, of the rest."""
    own = (Part.LEFT_HAND, Part.LEFT_FOREARM) if hand == "left" else (Part.RIGHT_HAND, Part.RIGHT_FOREARM)
    clouds: tuple[list, list] = ([], [])
    for mesh in meshes:
        arm = np.isin(mesh.part, own)
        for s in range(len(palm)):
            here = mesh.positions[min(s, len(mesh.positions) - 1)]
            close = (np.abs(here - palm[s]).max(1) < radius + 0.1)[mesh.faces[:, 0]]
            for cloud, chosen in zip(clouds, (close & arm, close & ~arm), strict=True):
                if chosen.any():
                    corners = here[mesh.faces[chosen]].astype(np.float64)
                    mids = (corners + np.roll(corners, 1, 1)) / 2
                    points = np.concatenate([corners, mids, corners.mean(1, keepdims=True)], 1).reshape(-1, 3)
                    local = (points - palm[s]) @ axes[s]
                    cloud.append(_thinned(local[np.linalg.norm(local, axis=1) < radius]))
    return tuple(_thinned(np.concatenate(c)) if c else np.zeros((0, 3)) for c in clouds)


def _thinned(points: np.ndarray) -> np.ndarray:
    """One point of every 2 mm cell."""
    cell = np.floor(points / 0.002).astype(np.int64) + 2**20
    return points[np.unique((cell[:, 0] << 42) | (cell[:, 1] << 21) | cell[:, 2], return_index=True)[1]]


def hold(shape: PropShape, joints: np.ndarray, hand: str, own: int, meshes: Sequence[Mesh]) -> np.ndarray | None:
    """Vertices (S, V, 3) float64 of a prop that follows a hand, or None where the body leaves it no room.

    Args:
        joints: (S, J, 3) of the person who holds it, whose number is ``own``.
        meshes: everything that it must not touch.
    """
    style, point = shape.grip
    palm, axes = hand_frames(joints, hand)
    turn, slide = grip_axes(style, hand)
    samples = (surface_points(shape, _EDGE) - point) @ turn.T
    radius = float(np.linalg.norm(samples, axis=1).max()) + _FARTHEST[style] + 2 * _WIDE_GAP
    mine, others = [m for m in meshes if m.person == own], [m for m in meshes if m.person != own]
    arm, rest = _near(mine, palm, axes, radius, hand)
    strange = np.concatenate(_near(others, palm, axes, radius, hand))
    trees = [(cKDTree(cloud), gap) for cloud, gap in ((arm, _SKIN_GAP), (np.concatenate([rest, strange]), _WIDE_GAP))
             if len(cloud)]  # fmt: skip
    least = -float((samples @ slide).min())
    start = 0.0 if style == "hang" else least - 0.02 if style == "palm" else min(least, 0.0)
    for step in np.arange(0.0, _FARTHEST[style] + 0.02 + max(least - start, 0.0), _STEP):
        moved = samples + (start + step) * slide
        if all(_clear(tree, moved, gap) for tree, gap in trees):
            if not len(arm) or _clear(trees[0][0], moved, _CLOSE):
                return None  # something else than the hand kept it away: it would float
            local = (shape.positions - point) @ turn.T + (start + step) * slide
            return palm[:, None] + np.einsum("sij,vj->svi", axes, local)
    return None


def _clear(tree: cKDTree, points: np.ndarray, gap: float) -> bool:
    """Whether every point of the tree is at least ``gap`` from all ``points``."""
    # A few points tell of most collisions, and a thing may have hundreds of thousands.
    return not any(np.isfinite(tree.query(p, distance_upper_bound=gap)[0]).any() for p in (points[::61], points))
