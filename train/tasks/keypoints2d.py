"""2D keypoints of the most prominent people."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from synth.conventions import JOINT_NAMES, Visibility
from train.tasks.base import Labels, Measure, Metric, SparseTask, is_answer
from train.tasks.joints import (
    JOINT_SETS,
    JointSet,
    PointOptions,
    followed,
    frame_size,
    people_words,
    rank_people,
    sigma_of,
)
from train.tasks.metrics.points2d import SHARES, point_summary, point_sums
from train.tasks.skeleton import draw_points

_HIDDEN = int(Visibility.SELF_OCCLUDED | Visibility.OTHER_OCCLUDED)


class Keypoints2dOptions(PointOptions):
    """Options of 2D keypoints."""

    joints: JointSet = Field("coco17", description="which joints")
    visible_only: bool = Field(False, description="leave occluded joints out of loss and metrics, not only unseen ones")


class Keypoints2dTask(SparseTask):
    """x / width and y / height of joints, a token for each person and frame; out of frame is not valid."""

    name = "keypoints2d"
    default_prompt = "Input: RGB. Output: 2D Keypoints."
    fields = ("keypoints2d", "visibility")
    Options = Keypoints2dOptions
    headline = ("error", False)

    def __init__(self, options: Keypoints2dOptions | None = None):
        super().__init__(options)
        if self.options.rank_by == "area":
            self.fields = (*type(self).fields, "instances")
        self.joints = JOINT_SETS[self.options.joints]
        self._index = np.array([JOINT_NAMES.index(name) for name in self.joints])

    @property
    def groups(self) -> int:
        return self.options.people

    @property
    def numbers(self) -> int:
        return 2 * len(self.joints)

    def _people(self, labels: Labels) -> tuple[np.ndarray, np.ndarray]:
        """All joints of the people that are followed: pixels (G, T, J, 2), flags (G, T, J), 0 where absent."""
        points, flags = labels["keypoints2d"], labels["visibility"]
        instances = labels.get("instances") if self.options.rank_by == "area" else None
        order = rank_people(points, (flags & Visibility.IN_FRAME) > 0, instances)
        return followed(points, order, self.groups), followed(flags, order, self.groups)

    def encode(self, labels: Labels) -> dict[str, np.ndarray]:
        height, width = frame_size(labels)
        points, flags = (a[:, :, self._index] for a in self._people(labels))
        valid = ((flags & Visibility.IN_FRAME) > 0) & np.isfinite(points).all(-1)
        if self.options.visible_only:
            valid &= (flags & _HIDDEN) == 0
        target = np.where(valid[..., None], points / (width, height), 0).astype(np.float32)
        shape = (*valid.shape[:2], self.numbers)
        return {"target": target.reshape(shape), "valid": np.repeat(valid, 2, -1)}

    def decode(self, answer: np.ndarray, height: int, width: int) -> dict[str, np.ndarray]:
        """``keypoints2d`` (G, T, J, 2) float32 pixels, J the joints of the set."""
        points = np.asarray(answer, np.float32).reshape(*answer.shape[:2], -1, 2)
        return {"keypoints2d": points * np.array([width, height], np.float32)}

    def measure(self, prediction: Labels, labels: Labels) -> Measure:
        height, width = frame_size(labels)
        coded = self.encode(labels)
        truth = self.decode(coded["target"], height, width)["keypoints2d"]
        points, flags = self._people(labels)
        return point_sums(
            prediction["keypoints2d"],
            truth,
            coded["valid"][..., ::2],
            box_sides(points, (flags & Visibility.IN_FRAME) > 0),
            np.array([sigma_of(joint) for joint in self.joints]),
            max(height, width),
        )

    def summarise(self, total: Measure) -> dict[str, float]:
        return point_summary(total, self.joints)

    def metrics(self) -> dict[str, Metric]:
        pck = {f"pck_{s:g}": Metric("", True, f"share within {s:g} of the longer side of the box") for s in SHARES}
        return {
            "error": Metric("", False, "mean distance / longer side of the frame"),
            "error_px": Metric("px", False, "mean distance"),
            **pck,
            "oks_ap": Metric("", True, "mean share of persons and frames with OKS above 0.50, 0.55 ... 0.95"),
            "oks_ap50": Metric("", True, "share of persons and frames with OKS above 0.50"),
            "oks_ap75": Metric("", True, "share of persons and frames with OKS above 0.75"),
        }

    def protocol(self) -> str:
        seen = "visible joints" if self.options.visible_only else "joints in the frame"
        box = "box: around the joints in the frame, area in OKS: 0.53 of it; no ranking by confidence"
        return f"{seen} of {people_words(self.options)}, {self.options.joints}, all clips pooled; {box}"

    def picture(self, shown: Labels, rgb: np.ndarray) -> np.ndarray:
        points = shown["keypoints2d"]
        if not is_answer(shown):
            points, flags = (a[:, :, self._index] for a in self._people(shown))
            points = np.where((flags & Visibility.IN_FRAME)[..., None] > 0, points, np.nan)
        return draw_points(rgb, points, self.joints)


def box_sides(points: np.ndarray, in_frame: np.ndarray) -> np.ndarray:
    """Width and height (..., 2), at least 1 pixel, of the boxes around the joints (..., J, 2) that are in the frame."""
    there = in_frame[..., None] & np.isfinite(points)
    low, high = np.where(there, points, np.inf).min(-2), np.where(there, points, -np.inf).max(-2)
    return np.maximum(np.where(np.isfinite(high), high - low, 0), 1.0)
