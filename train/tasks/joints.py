"""Which joints a point task answers with, whom it follows, and how well each joint can be told."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from synth.conventions import COCO17, COCO_WHOLEBODY133, JOINT_NAMES, NUM_BODY_JOINTS, NUM_TREE_JOINTS, ThfmError
from train.tasks.base import Labels, TaskOptions

JointSet = Literal["coco17", "smplx22", "smplx55", "wholebody133", "smplx144"]
JOINT_SETS: dict[str, tuple[str, ...]] = {
    "coco17": COCO17,
    "smplx22": JOINT_NAMES[:NUM_BODY_JOINTS],
    "smplx55": JOINT_NAMES[:NUM_TREE_JOINTS],
    "wholebody133": COCO_WHOLEBODY133,
    "smplx144": JOINT_NAMES,
}

# What COCO and COCO-WholeBody measured as one standard deviation of annotators, in roots of the person's area.
_SIGMAS = {
    "nose": 0.026, "eye": 0.025, "ear": 0.035, "shoulder": 0.079, "elbow": 0.072, "wrist": 0.062, "hip": 0.107,
    "knee": 0.087, "ankle": 0.089, "big_toe": 0.068, "small_toe": 0.066, "heel": 0.066,
}  # fmt: skip
_HAND, _FACE, _TRUNK = 0.027, 0.015, 0.107  # fingers and landmarks: the means of WholeBody's; trunk: like the hips


def sigma_of(joint: str) -> float:
    """COCO's keypoint constant of a joint, or that of the nearest kind of joint where COCO has none."""
    stem = joint.removeprefix("left_").removeprefix("right_")
    if stem in _SIGMAS:
        return _SIGMAS[stem]
    if stem in ("pelvis", "spine1", "spine2", "spine3", "neck", "collar", "head"):
        return _TRUNK
    if stem == "foot":
        return _SIGMAS["big_toe"]
    return _HAND if stem.rstrip("123") in ("thumb", "index", "middle", "ring", "pinky") else _FACE


class PointOptions(TaskOptions):
    """Options of a task that answers with the joints of people."""

    people: int = Field(1, ge=1, description="persons that are followed, most prominent first; a group of tokens each")
    rank_by: Literal["area", "box"] = Field(
        "area", description="prominence: visible pixels over the clip (needs instances), or the box of the joints"
    )


def people_words(options: PointOptions) -> str:
    """Whose joints a number is about."""
    return "the most prominent person" if options.people == 1 else f"the {options.people} most prominent people"


def rank_people(points: np.ndarray, in_frame: np.ndarray, instances: np.ndarray | None) -> np.ndarray:
    """Person numbers (P,), most prominent first: visible area summed over the clip, then the boxes of the joints.

    Args:
        points: (P, T, J, 2) image points in any unit; in_frame: (P, T, J) bool.
        instances: (T, H, W), k + 1 = person k; None: only the boxes count.
    """
    people = len(points)
    there = in_frame[..., None] & np.isfinite(points).all(-1, keepdims=True)
    low = np.where(there, points, np.inf).min(2)
    high = np.where(there, points, -np.inf).max(2)
    box = np.where(there.any((2, 3)), np.where(np.isfinite(high), high - low, 0).prod(-1), 0).sum(1)
    area = np.zeros(people)
    if instances is not None:
        area = np.array([np.count_nonzero(instances == k + 1) for k in range(people)])
    return np.lexsort((np.arange(people), -box, -area))


def followed(array: np.ndarray, order: np.ndarray, groups: int) -> np.ndarray:
    """The first ``groups`` people of an array (P, ...) in this order; who is absent is 0."""
    chosen = array[order[:groups]]
    return np.concatenate([chosen, np.zeros((groups - len(chosen), *array.shape[1:]), array.dtype)])


def frame_size(labels: Labels) -> np.ndarray:
    """(height, width) of a sample, float64.

    Raises:
        ThfmError: neither ``size`` nor a picture says so.
    """
    if "size" in labels:
        return np.asarray(labels["size"], np.float64)
    if "instances" in labels:
        return np.array(labels["instances"].shape[1:3], np.float64)
    raise ThfmError("keypoints need the size of the frame; add it to the labels with train.tasks.with_extras.")
