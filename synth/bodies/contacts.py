"""When do feet stand? From the speed and height of two points per foot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synth.bodies.rotations import smooth

SPEED = 0.22  # m/s: a point slower than this rests
MAX_SLIDE = 0.05  # m: a rest that wanders further than this is a slow slide, not a rest
MIN_SECONDS = 0.08
GAP_SECONDS = 0.04


@dataclass(frozen=True, eq=False)
class SourceFeet:
    """World places (T,2,3), left and right, of a point near the ball and one near the heel; metres, z up."""

    ball: np.ndarray
    heel: np.ndarray


def source_contacts(feet: SourceFeet, fps: float) -> np.ndarray:
    """(T,2,2) bool: [frame, left/right, heel/ball] rests on the floor.

    A point rests when it is slow, near the lowest level where it ever rests, and stays within 5 cm.
    """
    flags = np.zeros((*feet.ball.shape[:2], 2), dtype=bool)
    for k, (points, margin) in enumerate(((feet.heel, 0.05), (feet.ball, 0.045))):
        slow = _speed(points, fps) < SPEED
        for side in range(2):
            height = points[:, side, 2]
            resting = height[slow[:, side]]
            if len(resting) == 0:
                continue
            level = np.quantile(resting, 0.05)
            flags[:, side, k] = _rests(points[:, side], slow[:, side] & (height < level + margin), fps)
    return flags


def _speed(points: np.ndarray, fps: float) -> np.ndarray:
    if len(points) < 2:
        return np.zeros(points.shape[:-1])
    return np.linalg.norm(np.gradient(smooth(points, 0.02, fps), axis=0), axis=-1) * fps


def _rests(points: np.ndarray, slow: np.ndarray, fps: float) -> np.ndarray:
    """Tidy the flags: close short gaps, part slow slides into separate rests, drop moments."""
    result = np.zeros(len(slow), dtype=bool)
    closed = slow.copy()
    for start, stop in runs(~slow):
        if start > 0 and stop < len(slow) and stop - start <= GAP_SECONDS * fps:
            closed[start:stop] = True
    pause = max(1, round(0.1 * fps))
    for start, stop in runs(closed):
        begin = start
        while begin < stop:
            far = np.linalg.norm(points[begin:stop] - points[begin], axis=1) > MAX_SLIDE
            end = begin + int(np.argmax(far)) if far.any() else stop
            # the last frames of a rest that ends in a slide already move
            settled = end - pause // 2 if far.any() else end
            if settled - begin >= MIN_SECONDS * fps:
                result[begin:settled] = True
            begin = end + pause if far.any() else stop
    return result


def runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """Half-open ranges [start, stop) of consecutive True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
