"""Curves over time: eases, keys, noise. All are functions of the times (T,) in seconds, evaluated anywhere."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline


def ease(t: np.ndarray, start: float, end: float) -> np.ndarray:
    """0 before ``start``, 1 after ``end``, minimum jerk in between."""
    x = np.clip((np.asarray(t, dtype=np.float64) - start) / max(end - start, 1e-9), 0.0, 1.0)
    return x**3 * (10 - 15 * x + 6 * x * x)


def bump(t: np.ndarray, start: float, top: float, leave: float, end: float) -> np.ndarray:
    """Up from ``start`` to ``top``, held, and down from ``leave`` to ``end``."""
    return ease(t, start, top) - ease(t, leave, end)


def keys(t: np.ndarray, times: np.ndarray, values: np.ndarray, rest: float = 0.0) -> np.ndarray:
    """Minimum-jerk moves between keys: (K,) times, (K,) or (K,n) values -> (T,) or (T,n).

    Each value is held for the share ``rest`` of the time to the next key before the move to it starts.
    """
    times, values = np.asarray(times, dtype=np.float64), np.asarray(values, dtype=np.float64)
    out = np.broadcast_to(values[0], (len(t), *values.shape[1:])).copy()
    for k in range(len(times) - 1):
        begin = times[k] + rest * (times[k + 1] - times[k])
        x = ease(t, begin, times[k + 1])
        out += (x if values.ndim == 1 else x[:, None]) * (values[k + 1] - values[k])
    return out


def periodic(phase: np.ndarray, points: tuple[tuple[float, float], ...]) -> np.ndarray:
    """A smooth closed curve through (phase, value) points, phases from 0 to 1, the last value equal to the first."""
    x, y = np.array(points).T
    return CubicSpline(x, y, bc_type="periodic")(np.asarray(phase) % 1.0)


def wobble(rng: np.random.Generator, t: np.ndarray, period: float, parts: int = 3) -> np.ndarray:
    """Smooth noise of about unit size that changes on the scale of ``period`` seconds."""
    out = np.zeros(len(t))
    for part in range(parts):
        length = period * rng.uniform(0.8, 1.25) / 1.7**part
        out += np.sin(2 * np.pi * t / length + rng.uniform(0, 2 * np.pi)) / 1.6**part
    return out / 1.2


def moments(rng: np.random.Generator, end: float, gap: tuple[float, float], first: float = 0.0) -> np.ndarray:
    """Times from ``first`` to ``end`` with random gaps between the two given bounds (uniform), seconds."""
    times = [first]
    while times[-1] < end:
        times.append(times[-1] + rng.uniform(*gap))
    return np.array(times)


def cycles(t: np.ndarray, period: float, start: float, rest: float = 0.1) -> np.ndarray:
    """(T,) 0 to 1 and back in every period, with a short rest at either end."""
    x = ((t - start) / period) % 1.0
    wave = ease(x, rest / 2, 0.5 - rest / 4) * (1 - ease(x, 0.5 + rest / 4, 1.0 - rest / 2))
    return np.where(t < start, 0.0, wave)
