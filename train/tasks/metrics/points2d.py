"""PCK, OKS and errors of 2D keypoints."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from train.tasks.metrics.sums import mean

SHARES = (0.05, 0.1, 0.2)
_OKS = np.arange(0.5, 1.0, 0.05)
_FULLNESS = 0.53  # of a person's box that the person covers: what pose benchmarks without masks assume


def point_sums(
    prediction: np.ndarray,
    truth: np.ndarray,
    valid: np.ndarray,
    sides: np.ndarray,
    sigmas: np.ndarray,
    image_side: float,
) -> dict[str, np.ndarray]:
    """Sums over one clip.

    Args:
        prediction, truth: (G, T, J, 2) pixels. valid: (G, T, J) bool.
        sides: (G, T, 2) width and height of each person's box, pixels.
        sigmas: (J,) COCO's keypoint constants. image_side: the longer side of the frame, pixels.
    """
    distance = np.linalg.norm(prediction.astype(np.float64) - truth, axis=-1)
    distance = np.where(valid, distance, 0.0)
    side = sides.max(-1)[..., None]
    area = _FULLNESS * sides.prod(-1)[..., None]
    similarity = np.where(valid, np.exp(-np.square(distance) / (2 * area * np.square(2 * sigmas))), 0)
    joints = valid.sum(-1)
    oks = similarity.sum(-1)[joints > 0] / joints[joints > 0]
    return {
        "pixels": distance.sum((0, 1)),
        "shares": distance.sum((0, 1)) / image_side,
        "joints": valid.sum((0, 1)).astype(np.float64),
        "hits": np.array([(valid & (distance <= share * side)).sum() for share in SHARES], np.float64),
        "passed": np.array([(oks >= threshold).sum() for threshold in _OKS], np.float64),
        "persons": np.float64(len(oks)),
    }


def point_summary(total: dict[str, np.ndarray], names: Sequence[str]) -> dict[str, float]:
    """Metrics over all valid joints of a set.

    error: mean distance as a share of the longer side of the frame; error_px: in pixels; error/<joint>: by joint.
    pck_<s>: share of joints within s of the longer side of the person's box. oks_ap, oks_ap50, oks_ap75: share of
    persons and frames whose OKS reaches a threshold, and its mean over 0.50, 0.55 ... 0.95: tokens answer for every
    person and give no confidence, so precision is recall and needs no ranking.
    """
    count = total["joints"].sum()
    passed = [mean(p, total["persons"]) for p in total["passed"]]
    return {
        "error": mean(total["shares"].sum(), count),
        "error_px": mean(total["pixels"].sum(), count),
        **{f"pck_{share:g}": mean(hits, count) for share, hits in zip(SHARES, total["hits"], strict=True)},
        "oks_ap": float(np.mean(passed)),
        "oks_ap50": passed[0],
        "oks_ap75": passed[5],
        **{f"error/{n}": mean(s, c) for n, s, c in zip(names, total["shares"], total["joints"], strict=True) if c},
    }
