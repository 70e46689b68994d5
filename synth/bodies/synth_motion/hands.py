"""Finger rotations from curl and spread."""

from __future__ import annotations

import numpy as np

from synth.bodies.skeleton import FINGERS
from synth.bodies.synth_motion.turns import rx, ry, rz

# Degrees of the three joints of a straight finger and of a finger in a fist; the thumb crosses the palm.
_STRAIGHT = {"index": (2, 4, 2), "middle": (2, 4, 2), "ring": (4, 5, 2), "pinky": (5, 6, 3), "thumb": (2, 2, 2)}
_FIST = {
    "index": (78, 95, 55),
    "middle": (82, 98, 58),
    "ring": (82, 98, 58),
    "pinky": (80, 95, 55),
    "thumb": (34, 30, 45),
}
_SPREAD = {"index": 1.0, "middle": 0.25, "ring": -0.5, "pinky": -1.3, "thumb": 0.0}


def hand_pose(side: str, curl: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """(T,5,3,3,3) local rotations [finger, joint] of one hand.

    curl (T,5): 0 straight to 1 fist, in the order index, middle, pinky, ring, thumb; spread (T,) degrees between
    neighbouring fingers.
    """
    # In the T-pose palms face down: the left hand's fingers close about -z, the right hand's about +z.
    sign = -1.0 if side == "left" else 1.0
    out = np.zeros((len(curl), 5, 3, 3, 3))
    for f, finger in enumerate(FINGERS):
        for joint in range(3):
            low, high = _STRAIGHT[finger][joint], _FIST[finger][joint]
            angle = low + (high - low) * curl[:, f]
            if finger == "thumb":
                out[:, f, joint] = ry(-sign * angle)
            else:
                out[:, f, joint] = rz(sign * angle)
        if finger == "thumb":
            out[:, f, 0] = rx(11.0 + 14.0 * curl[:, f]) @ out[:, f, 0]
        else:
            out[:, f, 0] = ry(sign * _SPREAD[finger] * spread) @ out[:, f, 0]
    return out


SHAPES = {  # curls of index, middle, pinky, ring, thumb, and spread in degrees
    "relaxed": ((0.26, 0.32, 0.42, 0.38, 0.3), 1.0),
    "open": ((0.03, 0.03, 0.05, 0.04, 0.0), 5.0),
    "flat": ((0.04, 0.04, 0.05, 0.05, 0.15), 0.0),
    "fist": ((1.0, 1.0, 1.0, 1.0, 1.0), 0.0),
    "point": ((0.03, 0.85, 0.95, 0.92, 0.8), 0.0),
    "grip": ((0.5, 0.52, 0.6, 0.56, 0.55), 0.5),
    "pinch": ((0.5, 0.3, 0.35, 0.3, 0.75), 2.0),
}


def shape(name: str) -> np.ndarray:
    """(6,) the five curls and the spread of a named hand shape."""
    curls, spread = SHAPES[name]
    return np.array([*curls, spread])
