"""The video and all answers about it in one picture."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from train.inference.fit import Size
from train.tasks import Task

_WIDTH, _HEIGHT = 1920, 1080  # that the whole picture keeps to, about
_LEAST = 240  # pixels of the shorter side of a panel, to which small videos are enlarged
_TITLE, _GAP = 22, 4
_PAPER, _INK = (24, 24, 26), (235, 235, 230)


def panel_layout(count: int, size: Size) -> tuple[int, Size]:
    """(columns, (height, width) of a panel) that show ``count`` pictures of ``size`` as large as fits."""
    found = []
    for columns in range(1, count + 1):
        rows = math.ceil(count / columns)
        scale = min(
            (_WIDTH / columns - _GAP) / size[1],
            (_HEIGHT / rows - _GAP - _TITLE) / size[0],
            max(1.0, _LEAST / min(size)),
        )
        empty = rows * columns - count
        oddness = abs(math.log(columns * size[1] * _HEIGHT / (rows * size[0] * _WIDTH)))
        found.append((-scale, empty, oddness, columns))
    scale, _, _, columns = min(found)
    return columns, (max(1, round(-scale * size[0])), max(1, round(-scale * size[1])))


class SideBySide:
    """Draws panels with their names: the video first, then a task each.

    Args:
        tasks: by name, those with answers.
        size: (height, width) of the video.
    """

    def __init__(self, tasks: Mapping[str, Task], size: Size):
        self.tasks, self.source = dict(tasks), size
        self.columns, self.panel = panel_layout(1 + len(self.tasks), size)
        rows = math.ceil((1 + len(self.tasks)) / self.columns)
        width = self.columns * (self.panel[1] + _GAP) + _GAP
        height = rows * (self.panel[0] + _TITLE + _GAP) + _GAP
        self.size = (height + height % 2, width + width % 2)
        self._font = ImageFont.load_default(14)

    def draw(self, rgb: np.ndarray, answers: Mapping[str, Mapping[str, np.ndarray]]) -> np.ndarray:
        """One frame (H, W, 3) uint8 and its answers, task -> field -> array without time -> (h, w, 3) uint8, even."""
        board = Image.new("RGB", self.size[::-1], _PAPER)
        pen = ImageDraw.Draw(board)
        small = self._resized(rgb)
        panels = {"video": small}
        for name, task in self.tasks.items():
            panels[name] = self._sparse(task, answers[name], small) if task.sparse else self._dense(task, answers, rgb)
        for i, (name, panel) in enumerate(panels.items()):
            left = _GAP + i % self.columns * (self.panel[1] + _GAP)
            top = _GAP + i // self.columns * (self.panel[0] + _TITLE + _GAP)
            pen.text((left + 2, top + 2), name.replace("_", " "), fill=_INK, font=self._font)
            board.paste(Image.fromarray(panel), (left, top + _TITLE))
        return np.asarray(board)

    def _dense(self, task: Task, answers: Mapping[str, Mapping[str, np.ndarray]], rgb: np.ndarray) -> np.ndarray:
        shown = {field: value[None] for field, value in answers[task.name].items()}
        return self._resized(task.picture(shown, rgb[None])[0])

    def _sparse(self, task: Task, answer: Mapping[str, np.ndarray], small: np.ndarray) -> np.ndarray:
        scale = np.array(self.panel[::-1], np.float32) / np.array(self.source[::-1], np.float32)
        shown = {field: value[:, None] for field, value in answer.items()}
        if "keypoints2d" in shown:
            shown["keypoints2d"] = shown["keypoints2d"] * scale
        return task.picture(shown, small[None])[0]

    def _resized(self, picture: np.ndarray) -> np.ndarray:
        if picture.shape[:2] == self.panel:
            return picture
        return np.asarray(Image.fromarray(picture).resize(self.panel[::-1], Image.Resampling.BILINEAR))
