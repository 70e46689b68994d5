"""Depth, relative to the clip's median, as grey or as a path of colours."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from train.tasks.base import DenseTask, Labels, Measure, Metric, is_answer
from train.tasks.metrics.depth import Alignment, depth_errors
from train.tasks.metrics.sums import mean
from train.tasks.pixels import RegionOptions, in_region, region_fields, region_words

_GAIN = 0.4  # s = gain * ln(d + 1): 1 median is 0.28
_ENOUGH = 2**19  # pixels that settle a median: to a thousandth of the pixels
_REACH = float(np.expm1(1 / _GAIN))  # 11.2 medians and more are 1
# Black Red Yellow Green Cyan Blue Magenta White: each step walks one edge of the RGB cube, so the path never comes
# nearer than 1 to itself, except next door.
_PATH = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 1, 1], [0, 0, 1], [1, 0, 1], [1, 1, 1]], np.float32)
_STEPS = [(int(np.abs(d).argmax()), float(d.sum())) for d in np.diff(_PATH, axis=0)]  # which channel, up or down


class DepthOptions(RegionOptions):
    """Options of depth."""

    coding: Literal["gray", "banana"] = Field("banana", description="three equal channels, or the path of 8 colours")
    alignment: Alignment = Field("scale_shift", description="least squares over a video before metrics; none: medians")
    measure_far: bool = Field(False, description="let metrics count what is farther than the coding can say")


def to_banana(s: np.ndarray) -> np.ndarray:
    """Numbers in [0, 1] (...) -> their place on the path of 8 colours, (..., 3) float32."""
    place = np.asarray(s, np.float32) * 7
    planes = np.zeros((3, *place.shape), np.float32)
    for step, (axis, sign) in enumerate(_STEPS):
        planes[axis] += sign * np.minimum(np.maximum(place - step, 0), 1)
    return np.stack(list(planes), -1)


def from_banana(colours: np.ndarray) -> np.ndarray:
    """Colours (..., 3) -> the number in [0, 1] whose place on the path is nearest, (...) float32."""
    colours = np.asarray(colours, np.float32)
    best = np.full(colours.shape[:-1], np.inf, np.float32)
    s = np.zeros(colours.shape[:-1], np.float32)
    for step, (axis, sign) in enumerate(_STEPS):
        away = colours - _PATH[step]
        along = np.clip(sign * away[..., axis], 0, 1)
        away[..., axis] -= sign * along
        distance = np.einsum("...c,...c->...", away, away)
        nearer = distance < best
        best[nearer] = distance[nearer]
        s[nearer] = (step + along[nearer]) / 7
    return s


def _number(medians: np.ndarray) -> np.ndarray:
    """s of depth in medians, float32; NaN where that is no depth."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.clip(np.float32(_GAIN) * np.log(np.asarray(medians, np.float32) + 1), 0, 1)


def _median(depth: np.ndarray, valid: np.ndarray) -> np.float32:
    """The median of valid depth; 1 if there is none. Of many pixels every n-th counts, so that half a million do."""
    step = max(1, int(valid.sum()) // _ENOUGH)
    seen = depth[valid][::step]
    return np.median(seen) if len(seen) else np.float32(1)


class DepthTask(DenseTask):
    """Depth divided by the clip's median valid depth, s = clip(0.4 ln(d + 1), 0, 1), as colours.

    What is not valid is shown as far (s = 1), which keeps the video smooth. The answer is relative: medians. What lies
    beyond the reach of the coding, 11.2 medians, is learnt as far, and by default not measured: a street to the horizon
    would decide the alignment of the whole video.
    """

    name = "depth"
    default_prompt = "Input: RGB. Output: Depth."
    fields = ("depth",)
    Options = DepthOptions
    headline = ("abs_rel", False)

    def __init__(self, options: DepthOptions | None = None):
        super().__init__(options)
        self.fields = region_fields("depth", self.options)

    def _valid(self, labels: Labels) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            return in_region(labels, np.isfinite(labels["depth"]) & (labels["depth"] > 0), self.options)

    def encode(self, labels: Labels) -> dict[str, np.ndarray]:
        valid = self._valid(labels)
        unit = _median(labels["depth"], valid)
        target = np.empty((*valid.shape, 3), np.float32)
        for t, depth in enumerate(labels["depth"]):
            target[t] = self._colours(np.where(valid[t], _number(depth / unit), 1))
        return {"target": target, "valid": valid}

    def _colours(self, s: np.ndarray) -> np.ndarray:
        return to_banana(s) if self.options.coding == "banana" else np.repeat(s[..., None], 3, -1).astype(np.float32)

    def _decoded(self, colours: np.ndarray) -> np.ndarray:
        return from_banana(colours) if self.options.coding == "banana" else colours.mean(-1)

    def decode(self, answer: np.ndarray) -> dict[str, np.ndarray]:
        """``depth`` (T, H, W) float32, positive, in medians."""
        frames = [np.expm1(np.clip(self._decoded(frame), 1e-4, 1) / _GAIN).astype(np.float32) for frame in answer]
        return {"depth": np.stack(frames)}

    def measure(self, prediction: Labels, labels: Labels) -> Measure:
        truth, valid = labels["depth"], self._valid(labels)
        if not self.options.measure_far:
            with np.errstate(invalid="ignore"):
                valid &= truth < _REACH * _median(truth, valid)
        return depth_errors(prediction["depth"], truth, valid, self.options.alignment)

    def summarise(self, total: Measure) -> dict[str, float]:
        return {name: mean(total[name], total["clips"]) for name in ("abs_rel", "rmse", "delta1")}

    def metrics(self) -> dict[str, Metric]:
        return {
            "abs_rel": Metric("", False, "mean |d - d*| / d*"),
            "rmse": Metric("m", False, "root of mean (d - d*)^2"),
            "delta1": Metric("", True, "share with max(d / d*, d* / d) < 1.25"),
        }

    def protocol(self) -> str:
        fit = {
            "scale_shift": "one least-squares scale and shift per video over all valid pixels",
            "scale": "one least-squares scale per video over all valid pixels",
            "none": "no alignment: medians times the true median",
        }[self.options.alignment]
        far = "" if self.options.measure_far else "; pixels beyond 11.2 medians left out"
        return f"{fit}; per frame, mean over frames, then clips{region_words(self.options)}{far}"

    def picture(self, shown: Labels, rgb: np.ndarray) -> np.ndarray:
        if is_answer(shown):  # in medians already
            return np.round(self._colours(_number(shown["depth"])) * 255).astype(np.uint8)
        return super().picture(shown, rgb)

    def averaged(self, target: np.ndarray) -> np.ndarray:
        return self._decoded(target)[..., None]

    def from_average(self, mean: np.ndarray) -> np.ndarray:
        return self._colours(mean[..., 0])
