"""What a task is: a prompt, the labels it needs, how they become a target, and how an answer becomes labels again.

Tasks are pure functions on plain data. ``encode`` runs in the loader's workers, on one sample, in numpy; losses run on
the training device; ``decode`` and ``measure`` run on one clip. Shape symbols as in ``synth.shards.schema``:
T frames, H x W pixels, P people, J joints; B batch, C latent channels, t x h x w latent cells, G groups of tokens, K
numbers a token answers with.

A measure is a dict of *additive* statistics (float64 arrays): the sum over clips, and over ranks, of ``measure`` is the
statistic of the whole set, and ``summarise`` turns a sum into numbers with names. The metrics of one clip are
``summarise(measure(clip))``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field

Labels = Mapping[str, np.ndarray]
"""Fields of one sample, named, shaped and typed as in the clip format, cut to the sample's frames and pixels, and what
``with_extras`` adds to them."""

Measure = dict[str, np.ndarray]


class Metric(NamedTuple):
    """What a number means.

    Attributes:
        unit: empty for a share or a ratio.
        larger: whether larger is better.
        how: what is computed, in words that stand beside the number.
    """

    unit: str
    larger: bool
    how: str


def with_extras(labels: Labels, rgb: np.ndarray, fps: float | None = None) -> dict[str, np.ndarray]:
    """Labels with what no field of a clip says but a task may need.

    Args:
        labels: fields of a sample.
        rgb: (T, H, W, 3) its colour image; only its size is used.
        fps: frames a second of the sample's frames; None if unknown.

    Returns:
        The fields, ``size`` (2,) int64: height and width, and, when it is known, ``fps`` () float64.
    """
    extras = {"size": np.array(rgb.shape[1:3], np.int64)}
    if fps:
        extras["fps"] = np.array(fps, np.float64)
    return {**labels, **extras}


def is_answer(shown: Labels) -> bool:
    """Whether these are decoded answers, not labels of a sample: an answer comes without ``with_extras``."""
    return "size" not in shown


class TaskOptions(BaseModel):
    """What every task can be told; a task with more options derives from it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ratio: float = Field(1.0, ge=0, description="how often the task is drawn, relative to the other tasks")
    prompt: str | None = Field(None, description="another prompt than the task's own")
    weight: float = Field(
        1.0, gt=0, description="factor of the task's loss; for codecs and answers whose scales are far apart"
    )


class Task(ABC):
    """One task with its options.

    Attributes:
        name: the key in configs, and of the task's answers.
        default_prompt: chooses the task; ``prompt`` is what is used.
        fields: fields of a clip that ``encode`` and ``measure`` need; ask the instance, since options can add some.
        sparse: whether tokens answer instead of the video.
        Options: the class of the options.
        headline: (name of the metric that stands for the task, whether larger is better).
    """

    name: ClassVar[str]
    default_prompt: ClassVar[str]
    fields: tuple[str, ...]
    sparse: ClassVar[bool]
    Options: ClassVar[type[TaskOptions]] = TaskOptions
    headline: ClassVar[tuple[str, bool]]

    def __init__(self, options: TaskOptions | None = None):
        self.options = self.Options() if options is None else options

    @property
    def prompt(self) -> str:
        """The text that chooses this task."""
        return self.options.prompt or self.default_prompt

    @abstractmethod
    def encode(self, labels: Labels) -> dict[str, np.ndarray]:
        """Labels of one sample -> ``target`` float32 and ``valid`` bool; shapes as the subclass says."""

    @abstractmethod
    def measure(self, prediction: Labels, labels: Labels) -> Measure:
        """Additive statistics of a decoded prediction against the labels of one clip."""

    @abstractmethod
    def summarise(self, total: Measure) -> dict[str, float]:
        """Metrics by name out of summed statistics; NaN where nothing was counted. Details are named ``what/of``."""

    @abstractmethod
    def metrics(self) -> dict[str, Metric]:
        """What the metrics of ``summarise`` mean, by name; a detail ``what/of`` has the meaning of ``what``."""

    @abstractmethod
    def protocol(self) -> str:
        """Alignment, region and averaging that all its metrics share, in words that stand beside the numbers."""

    @abstractmethod
    def picture(self, shown: Labels, rgb: np.ndarray) -> np.ndarray:
        """Labels with their extras, or what ``decode`` gave (it has none), as a video (T, H, W, 3) uint8 like rgb."""

    def averaged(self, target: np.ndarray) -> np.ndarray:
        """What the best constant answer averages: (..., 3) or (..., K) encoded target -> (..., V) float32.

        The target itself, unless its coding has no meaningful mean (a palette's has none).
        """
        return target

    def from_average(self, mean: np.ndarray) -> np.ndarray:
        """The answer whose ``averaged`` is nearest to a mean (..., V): (..., 3) or (..., K) float32."""
        return mean.astype(np.float32)


class DenseTask(Task):
    """A task whose answer is a video in [0, 1].

    ``encode`` gives ``target`` (T, H, W, 3) float32 in [0, 1] and ``valid`` (T, H, W) bool.
    """

    sparse = False

    @abstractmethod
    def decode(self, answer: np.ndarray) -> dict[str, np.ndarray]:
        """Answer (T, H, W, 3) float32, about [0, 1], never rounded to 8 bit -> labels by field name."""

    def picture(self, shown: Labels, rgb: np.ndarray) -> np.ndarray:
        """The colours of the target coding."""
        if is_answer(shown):  # it knows no people, and shows all there is
            shown = {**shown, "instances": np.ones(rgb.shape[:3], np.uint8)}
        return np.round(self.encode(shown)["target"] * 255).astype(np.uint8)

    def loss(self, prediction: torch.Tensor, target: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """Masked L2 in latent space, a number a sample.

        Args:
            prediction, target: (B, C, t, h, w) latents.
            valid: (B, 1, t, h, w) share of each latent cell's pixels that are valid, in [0, 1].

        Returns:
            (B,) means over valid cells; 0, with a gradient of 0, where a sample has none.
        """
        error = (prediction.float() - target.float()).square().mean(1, keepdim=True) * valid
        return error.flatten(1).sum(1) / valid.flatten(1).sum(1).clamp_min(1.0)


class SparseTask(Task):
    """A task that tokens answer: ``groups`` groups of one token a frame, each with ``numbers`` numbers.

    ``encode`` gives ``target`` (G, T, K) float32 and ``valid`` (G, T, K) bool; group g is the g-th most prominent
    person.
    """

    sparse = True

    @property
    @abstractmethod
    def groups(self) -> int:
        """G, groups of tokens."""

    @property
    @abstractmethod
    def numbers(self) -> int:
        """K, numbers that a token answers with."""

    @abstractmethod
    def decode(self, answer: np.ndarray, height: int, width: int) -> dict[str, np.ndarray]:
        """Answer (G, T, K) float32 for a video of height x width pixels -> labels by field name, people first."""

    def loss(self, prediction: torch.Tensor, target: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """Masked L2 in output space, a number a sample: (B, G, T, K) each -> (B,) means over valid numbers."""
        weight = valid.to(prediction.dtype).float()
        error = torch.where(valid, prediction.float() - target.float(), 0.0).square() * weight
        return error.flatten(1).sum(1) / weight.flatten(1).sum(1).clamp_min(1.0)
