"""Props that follow a hand as if glued to it, as near as they can be without touching the body at any time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial import cKDTree

from synth.compiled import compiled
from synth.conventions import JOINT_NAMES, Part
from synth.geometry import Mesh
from synth.props.shape import PropShape, surface_points

_EDGE = 0.008  # metres between points of the prop
_SKIN_GAP = 0.006  # kept from hand and forearm, whose points are close
_WIDE_GAP = 0.03  # kept from everything else, whose points are up to 3 cm apart
_CLOSE = 0.03  # metres from the arm beyond which nothing looks held
_STEP = 0.003
_FINE, _COARSE = 0.002, 0.006  # metres: of points of the arm, of the rest, that come as near together, one counts
_SHARES = 61
_LONGEST = 0.1  # sides of faces are shorter
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


def _near(meshes: Sequence[Mesh], palm: np.ndarray, axes: np.ndarray, low: np.ndarray, high: np.ndarray, hand: str):
    """Points that ever come between ``low`` and ``high`` (3,) in the hand's axes: of the arm, of the rest."""
    own = (Part.LEFT_HAND, Part.LEFT_FOREARM) if hand == "left" else (Part.RIGHT_HAND, Part.RIGHT_FOREARM)
    clouds: tuple[list, list] = ([], [])
    for mesh in meshes:
        arm = np.isin(mesh.part, own)
        for cloud, chosen, grain in zip(clouds, (arm, ~arm), (_FINE, _COARSE), strict=True):
            cloud.append(_passing(mesh.positions, mesh.faces[chosen], palm, axes, low, high, grain))
    return tuple(np.concatenate([np.zeros((0, 3)), *c]) for c in clouds)


@compiled
def _passing(positions, faces, palm, axes, low, high, grain):
    """(N, 3) one point of every cell that corners, middles of sides and centres of faces (F, 3) ever come to."""
    seen = set()
    out = [palm[0]]
    out.clear()
    points, shares = np.empty((7, 3)), np.zeros((7, 3))
    for k in range(3):
        shares[k, k] = 1.0
        shares[3 + k, k], shares[3 + k, (k + 1) % 3] = 0.5, 0.5
        shares[6, k] = 1.0 / 3.0
    for s in range(len(palm)):
        here = positions[min(s, len(positions) - 1)]
        for f in range(len(faces)):
            near = True
            for k in range(3):
                points[0, k] = 0.0
                for c in range(3):
                    points[0, k] += (here[faces[f, 0], c] - palm[s, c]) * axes[s, c, k]
                near = near and low[k] - _LONGEST < points[0, k] < high[k] + _LONGEST
            if not near:
                continue
            for p in range(7):
                key, inside = np.int64(0), True
                for k in range(3):
                    points[p, k] = 0.0
                    for c in range(3):
                        place = 0.0
                        for corner in range(3):
                            place += shares[p, corner] * here[faces[f, corner], c]
                        points[p, k] += (place - palm[s, c]) * axes[s, c, k]
                    inside = inside and low[k] < points[p, k] < high[k]
                    key = (key << 21) | (np.int64(np.floor(points[p, k] / grain)) + 2**20)
                if inside and key not in seen:
                    seen.add(key)
                    out.append(points[p].copy())
    cloud = np.empty((len(out), 3))
    for i in range(len(out)):
        cloud[i] = out[i]
    return cloud


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
    least = -float((samples @ slide).min())
    start = 0.0 if style == "hang" else least - 0.02 if style == "palm" else min(least, 0.0)
    steps = np.arange(0.0, _FARTHEST[style] + 0.02 + max(least - start, 0.0), _STEP)
    way = np.outer(start + steps[[0, -1]], slide)
    low, high = (samples.min(0) + way.min(0) - _WIDE_GAP), (samples.max(0) + way.max(0) + _WIDE_GAP)
    mine, others = [m for m in meshes if m.person == own], [m for m in meshes if m.person != own]
    arm, rest = _near(mine, palm, axes, low, high, hand)
    strange = np.concatenate(_near(others, palm, axes, low, high, hand))
    hand_tree = cKDTree(arm)
    trees = [(hand_tree, _SKIN_GAP), (cKDTree(np.concatenate([rest, strange])), _WIDE_GAP)]
    for step in steps:
        moved = samples + (start + step) * slide
        touched = next((pair for pair in trees if _touches(*pair, moved)), None)
        if touched is not None:
            trees.sort(key=lambda pair: pair is not touched)  # it is in the way at the next step, too
            continue
        if not len(arm) or not _touches(hand_tree, _CLOSE, moved):
            return None  # something else than the hand kept it away: it would float
        local = (shape.positions - point) @ turn.T + (start + step) * slide
        return palm[:, None] + np.einsum("sij,vj->svi", axes, local)
    return None


def _touches(tree: cKDTree, gap: float, points: np.ndarray) -> bool:
    """Whether one of ``points`` is nearer than ``gap`` to the tree."""
    # A few points tell of most collisions, and a thing may have hundreds of thousands.
    return any(np.isfinite(tree.query(points[k::_SHARES], distance_upper_bound=gap)[0]).any() for k in range(_SHARES))
