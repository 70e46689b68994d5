"""The hand pose space: a relaxed hand and an orthonormal basis whose first components are movements with a name.

A hand pose is 15 axis-angle vectors, radians, in smplx's order: index, middle, pinky, ring, thumb, three joints each,
relative to the flat hand along the arm, palm down. On the left, fingers curl about -z and spread towards +z about -y.
"""

from __future__ import annotations

import numpy as np

SIZE = 45
ORDER = ("index", "middle", "pinky", "ring", "thumb")
CURL = np.array([0.0, 0.0, -1.0])
TOWARDS_THUMB = np.array([0.0, -1.0, 0.0])
# The thumb points forwards, outwards and down at rest: these axes bend it across the palm and lift it off the palm.
THUMB_FLEX = np.array([0.74, 0.58, -0.34])
THUMB_OPPOSE = np.array([0.75, 0.15, -0.64])


def _fingers(bends: dict[str, tuple[float, float, float]]) -> np.ndarray:
    """(45,) pose from the curls of the three joints of each finger; the thumb's are about its own hinge."""
    pose = np.zeros((len(ORDER), 3, 3))
    for finger, bend in bends.items():
        pose[ORDER.index(finger)] = np.outer(bend, THUMB_FLEX if finger == "thumb" else CURL)
    return pose.reshape(SIZE)


def _spread(amounts: dict[str, float]) -> np.ndarray:
    pose = np.zeros((len(ORDER), 3, 3))
    for finger, amount in amounts.items():
        pose[ORDER.index(finger), 0] = amount * (THUMB_OPPOSE if finger == "thumb" else TOWARDS_THUMB)
    return pose.reshape(SIZE)


LONG = ("index", "middle", "ring", "pinky")
MOVEMENTS: dict[str, np.ndarray] = {
    "curl": _fingers(dict.fromkeys(LONG, (1.0, 1.1, 0.7)) | {"thumb": (0.1, 0.4, 0.4)}),
    "spread": _spread({"index": 1.0, "middle": 0.25, "ring": -0.5, "pinky": -1.2}),
    "index_curl": _fingers({"index": (1.0, 1.1, 0.7)}),
    "thumb_flex": _fingers({"thumb": (0.3, 1.0, 1.0)}),
    "thumb_oppose": _spread({"thumb": 1.0}),
    "pinky_curl": _fingers({"pinky": (1.0, 1.1, 0.7), "ring": (0.4, 0.4, 0.3)}),
    "middle_curl": _fingers({"middle": (1.0, 1.1, 0.7)}),
    "knuckles": _fingers(dict.fromkeys(LONG, (1.0, -0.6, -0.4))),
    "ring_curl": _fingers({"ring": (1.0, 1.1, 0.7)}),
    "tips": _fingers(dict.fromkeys(LONG, (0.0, -0.6, 1.0))),
    "thumb_tip": _fingers({"thumb": (-0.5, -0.3, 1.0)}),
    "sway": _spread(dict.fromkeys(LONG, 1.0)),
}
RELAXED = _fingers(
    {
        "index": (0.20, 0.38, 0.22),
        "middle": (0.28, 0.45, 0.26),
        "ring": (0.32, 0.50, 0.28),
        "pinky": (0.34, 0.48, 0.28),
        "thumb": (0.05, 0.15, 0.20),
    }
) + _spread({"thumb": 0.15, "index": 0.03, "pinky": -0.05})


def mirrored(poses: np.ndarray) -> np.ndarray:
    """Left hand poses (..., 45) as right hand poses."""
    return (poses.reshape(*poses.shape[:-1], 15, 3) * [1.0, -1.0, -1.0]).reshape(poses.shape)


def basis() -> np.ndarray:
    """(45, 45) orthonormal rows for the left hand: MOVEMENTS in turn, each freed of those before, then the rest."""
    rows = np.concatenate([np.stack(list(MOVEMENTS.values())), np.eye(SIZE)])
    q, r = np.linalg.qr(rows.T)
    return (q * np.where(np.diag(r[:, :SIZE]) < 0, -1.0, 1.0)).T
