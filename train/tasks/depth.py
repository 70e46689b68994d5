"""Depth, relative to the clip's median, as grey or as a path of colours."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from train.tasks.base import DenseTask, Labels, Measure, is_answer
from train.tasks.metrics.depth import Alignment, depth_errors
from train.tasks.metrics.sums import mean
from train.tasks.pixels import RegionOptions, in_region, region_fields

_GAIN = 0.4  # s = gain * ln(d + 1): 1 median is 0.28
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
    colours = np.zeros((*place.shape, 3), np.float32)
    for step, (axis, sign) in enumerate(_STEPS):
        colours[..., axis] += sign * np.clip(place - step, 0, 1)
    return colours


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
    return np.clip(_GAIN * np.log1p(medians), 0, 1)


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
        s = np.ones(valid.shape, np.float32)
        if valid.any():
            seen = labels["depth"][valid]
            s[valid] = _number(seen / np.median(seen))
        return {"target": self._colours(s), "valid": valid}

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
        if not self.options.measure_far and valid.any():
            valid[valid] = truth[valid] < _REACH * np.median(truth[valid])
        return depth_errors(prediction["depth"], truth, valid, self.options.alignment)

    def summarise(self, total: Measure) -> dict[str, float]:
        return {name: mean(total[name], total["clips"]) for name in ("abs_rel", "rmse", "delta1")}

    def picture(self, shown: Labels, rgb: np.ndarray) -> np.ndarray:
        if is_answer(shown):  # in medians already
            return np.round(self._colours(_number(shown["depth"])) * 255).astype(np.uint8)
        return super().picture(shown, rgb)

    def averaged(self, target: np.ndarray) -> np.ndarray:
        return self._decoded(target)[..., None]

    def from_average(self, mean: np.ndarray) -> np.ndarray:
        return self._colours(mean[..., 0])
