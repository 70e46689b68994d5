"""``Sample``: what a loader's worker makes of one clip before a task encodes it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Sample:
    """One window of one clip, drawn for one task.

    Attributes:
        key: the clip's key.
        source: name of the data set that it comes from.
        task: name of the task that it was drawn for; empty when it serves all tasks (validation).
        caption: what the clip shows, in words; empty where the data set has none.
        fps: frames per second of the window (the clip's, divided by the time stride).
        rgb: (T, H, W, 3) uint8 sRGB.
        labels: fields by name, shaped, typed and in the units of the clip format, cut to the window's frames and to the
            pixels of ``rgb``: maps are (T, H, W, ...), arrays of people (P, T, ...), cameras (T, ...).
    """

    key: str
    source: str
    task: str
    caption: str
    fps: float
    rgb: np.ndarray
    labels: dict[str, np.ndarray] = field(default_factory=dict)
