"""Bringing the answers of one window to those of the window before: depth by scale and shift, people by place."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

_ENOUGH = 2**18  # pixels that settle two numbers
_ALIKE = 0.5  # correlation under which a shift means nothing


def scale_and_shift(new: np.ndarray, old: np.ndarray, valid: np.ndarray) -> tuple[float, float]:
    """(a, b) so that a * new + b is nearest to old by least squares.

    Answers of depth are medians of their own window, so that the truth is a scale alone; a shift takes up what the
    model gets wrong for all pixels alike. Three things keep a long chain of such fits from drifting:

    - Errors are of one size in the coding s = 0.4 ln(d + 1) and grow with d + 1 in depth: weights are 1 / (d + 1)^2.
    - Both sides err. Regression of old on new would make the scale too small each time, since errors of ``new``
      dilute it. The slope here is the geometric mean of the two regressions, sqrt(var(old) / var(new)): exchanging
      the sides inverts it.
    - Where the two hardly vary together (a wall seen from in front) there is only a scale.

    Args:
        new, old: positive depth of the same pixels, one shape.
        valid: bool, pixels in which both mean something.

    Returns:
        a > 0 and b; (1, 0) if no pixel is valid.
    """
    step = max(1, int(valid.sum()) // _ENOUGH)
    x, y = new[valid][::step].astype(np.float64), old[valid][::step].astype(np.float64)
    if not len(x):
        return 1.0, 0.0
    weight = 1 / ((x + 1) * (y + 1))
    weight /= weight.sum()
    mean_x, mean_y = weight @ x, weight @ y
    var_x, var_y = weight @ (x - mean_x) ** 2, weight @ (y - mean_y) ** 2
    together = weight @ ((x - mean_x) * (y - mean_y))
    if together > _ALIKE * np.sqrt(var_x * var_y) and var_x > 1e-6 * mean_x**2:
        scale = float(np.sqrt(var_y / var_x))
        return scale, float(mean_y - scale * mean_x)
    return float(np.sqrt((weight @ y**2) / (weight @ x**2))), 0.0


def same_people(new: np.ndarray, old: np.ndarray) -> np.ndarray:
    """(G,) which group of ``new`` answers about the person of each group of ``old``; least squares over all pairings.

    Args:
        new, old: (G, T, K) answers about the same frames.
    """
    cost = np.square(old[:, None].astype(np.float64) - new[None]).sum((2, 3))
    return linear_sum_assignment(cost)[1]
