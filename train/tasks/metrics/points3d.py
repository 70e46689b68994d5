"""Errors of root-relative 3D joints, in millimetres."""

from __future__ import annotations

import numpy as np

from train.tasks.metrics.sums import mean

_ENOUGH = 4  # joints; a similarity fits fewer almost always


def similarity_aligned(prediction: np.ndarray, truth: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """The prediction after the best scale, proper rotation and translation, frame by frame.

    Args:
        prediction, truth: (F, J, 3). valid: (F, J) bool, which joints count.

    Returns:
        (F, J, 3) float64.
    """
    weight = valid[..., None].astype(np.float64)
    count = np.maximum(weight.sum(1, keepdims=True), 1)
    p, a = prediction.astype(np.float64), truth.astype(np.float64)
    centre_p, centre_a = (p * weight).sum(1, keepdims=True) / count, (a * weight).sum(1, keepdims=True) / count
    p, a = p - centre_p, a - centre_a
    u, size, vt = np.linalg.svd(np.einsum("fji,fjk->fik", p * weight, a))
    sign = np.ones_like(size)
    sign[:, 2] = np.sign(np.linalg.det(u) * np.linalg.det(vt))  # never a reflection
    power = (np.square(p) * weight).sum((1, 2))
    scale = (size * sign).sum(1) / np.maximum(power, 1e-12)
    return scale[:, None, None] * (p @ ((u * sign[:, None]) @ vt)) + centre_a


def from_root(joints: np.ndarray, valid: np.ndarray, roots: np.ndarray) -> np.ndarray:
    """Joints (G, T, J, 3) minus the mean of their roots, in frames where all roots are valid; others stay."""
    known = valid[:, :, roots].all(-1)[..., None, None]
    return joints - np.where(known, joints[:, :, roots].mean(2, keepdims=True), 0)


def body_sums(
    prediction: np.ndarray,
    truth: np.ndarray,
    valid: np.ndarray,
    roots: np.ndarray,
    fps: float | None,
    count_roots: bool = True,
) -> dict[str, np.ndarray]:
    """Sums over one clip.

    Args:
        prediction, truth: (G, T, J, 3) metres from the pelvis. valid: (G, T, J) bool.
        roots: numbers of the joints whose mean both are moved to before MPJPE; a frame in which one of them is not
            valid is taken as it is, since an answer is relative to the pelvis already.
        fps: frames per second; None: no acceleration is counted.
        count_roots: whether the roots, once they have moved the others, are joints like these.
    """
    p = from_root(prediction.astype(np.float64), valid, roots)
    a = from_root(truth.astype(np.float64), valid, roots)
    if not count_roots:
        valid = valid.copy()
        valid[:, :, roots] = False
    error = np.linalg.norm(p - a, axis=-1)[valid]

    enough = valid.sum(-1) >= _ENOUGH
    aligned = similarity_aligned(prediction[enough], truth[enough], valid[enough])
    aligned_error = np.linalg.norm(aligned - truth[enough], axis=-1)[valid[enough]]

    bend = np.zeros(0)
    if fps is not None and p.shape[1] > 2:
        bend = np.linalg.norm(np.diff(p - a, n=2, axis=1), axis=-1)
        bend = bend[valid[:, :-2] & valid[:, 1:-1] & valid[:, 2:]] * fps**2
    sums = {"error": error, "aligned": aligned_error, "acceleration": bend}
    totals = {name: np.float64(values.sum()) for name, values in sums.items()}
    return {**totals, **{f"{name}_count": np.float64(len(values)) for name, values in sums.items()}}


def body_summary(total: dict[str, np.ndarray]) -> dict[str, float]:
    """mpjpe and pa_mpjpe in mm, acceleration error in mm / s^2; means over all valid joints of a set."""
    names = {"mpjpe": "error", "pa_mpjpe": "aligned", "acceleration": "acceleration"}
    return {name: 1000 * mean(total[of], total[f"{of}_count"]) for name, of in names.items()}
