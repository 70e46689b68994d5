"""3D keypoints of the most prominent people, relative to their pelvis."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from synth.conventions import JOINT_NAMES, Visibility
from train.tasks.base import Labels, Measure, Metric, SparseTask, is_answer
from train.tasks.joints import JOINT_SETS, JointSet, PointOptions, followed, people_words, rank_people
from train.tasks.metrics.points3d import body_summary, body_sums
from train.tasks.skeleton import draw_body

_PELVIS = JOINT_NAMES.index("pelvis")


class Keypoints3dOptions(PointOptions):
    """Options of 3D keypoints."""

    joints: JointSet = Field("smplx22", description="which joints")
    in_frame_only: bool = Field(True, description="leave joints out of frame out of loss and metrics")
    count_root: bool = Field(True, description="let metrics count the pelvis too, whose error is 0 once it is aligned")


class Keypoints3dTask(SparseTask):
    """Joints minus pelvis in metres and camera axes (x right, y down, z forward), a token for each person and frame."""

    name = "keypoints3d"
    default_prompt = "Input: RGB. Output: 3D Keypoints."
    fields = ("joints3d", "visibility")
    Options = Keypoints3dOptions
    headline = ("mpjpe", False)

    def __init__(self, options: Keypoints3dOptions | None = None):
        super().__init__(options)
        if self.options.rank_by == "area":
            self.fields = (*type(self).fields, "instances")
        self.joints = JOINT_SETS[self.options.joints]
        self._index = np.array([JOINT_NAMES.index(name) for name in self.joints])
        roots = ("pelvis",) if "pelvis" in self.joints else ("left_hip", "right_hip")
        self._roots = np.array([self.joints.index(name) for name in roots])

    @property
    def _only_moves(self) -> bool:
        """Whether the root is there to move the others alone; hips that stand for a pelvis count always."""
        return not self.options.count_root and "pelvis" in self.joints

    @property
    def groups(self) -> int:
        return self.options.people

    @property
    def numbers(self) -> int:
        return 3 * len(self.joints)

    def encode(self, labels: Labels) -> dict[str, np.ndarray]:
        joints, in_frame = labels["joints3d"], (labels["visibility"] & Visibility.IN_FRAME) > 0
        with np.errstate(divide="ignore", invalid="ignore"):
            image = joints[..., :2] / joints[..., 2:]
        instances = labels.get("instances") if self.options.rank_by == "area" else None
        order = rank_people(image, in_frame, instances)
        relative = (joints - joints[:, :, [_PELVIS]])[:, :, self._index]
        valid = np.isfinite(relative).all(-1)
        if self.options.in_frame_only:
            valid &= in_frame[:, :, self._index]
        target = np.where(valid[..., None], relative, 0).astype(np.float32)
        target, valid = (followed(a, order, self.groups) for a in (target, valid))
        return {"target": target.reshape(*valid.shape[:2], self.numbers), "valid": np.repeat(valid, 3, -1)}

    def decode(self, answer: np.ndarray, height: int, width: int) -> dict[str, np.ndarray]:
        """``joints3d`` (G, T, J, 3) float32 metres from the pelvis, J the joints of the set."""
        return {"joints3d": np.asarray(answer, np.float32).reshape(*answer.shape[:2], -1, 3)}

    def measure(self, prediction: Labels, labels: Labels) -> Measure:
        coded = self.encode(labels)
        truth = coded["target"].reshape(*coded["target"].shape[:2], -1, 3)
        fps = float(labels["fps"]) if "fps" in labels else None
        return body_sums(
            prediction["joints3d"], truth, coded["valid"][..., ::3], self._roots, fps, not self._only_moves
        )

    def summarise(self, total: Measure) -> dict[str, float]:
        return body_summary(total)

    def metrics(self) -> dict[str, Metric]:
        root = "pelvis" if "pelvis" in self.joints else "middle of the hips"
        return {
            "mpjpe": Metric("mm", False, f"mean distance with the {root} moved onto the true one, frame by frame"),
            "pa_mpjpe": Metric("mm", False, "mean distance after scale, proper rotation and shift, frame by frame"),
            "acceleration": Metric("mm/s^2", False, "difference of second differences x fps^2"),
        }

    def protocol(self) -> str:
        seen = "joints in the frame" if self.options.in_frame_only else "all joints"
        root = ", the pelvis itself not counted" if self._only_moves else ""
        return f"{seen} of {people_words(self.options)}, {self.options.joints}{root}, all clips pooled"

    def picture(self, shown: Labels, rgb: np.ndarray) -> np.ndarray:
        joints = shown["joints3d"]
        if not is_answer(shown):
            coded = self.encode(shown)
            joints = np.where(coded["valid"], coded["target"], np.nan).reshape(*coded["valid"].shape[:2], -1, 3)
        return draw_body(rgb, joints, self.joints)
