"""Keypoints as JSON in the style of COCO, person by person and frame by frame."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from train.tasks.skeleton import bones_of


class CocoFile:
    """``images`` (frames), ``annotations`` (a person in a frame each) and ``categories``, as COCO has them.

    2D: ``keypoints`` are x, y, v of each joint in pixels; what lies outside the frame is 0, 0, 0, which is what COCO
    writes for a joint that nobody knows. The centre of a pixel is index + 0.5. 3D: ``keypoints3d`` are x, y, z of each
    joint in metres from the pelvis. ``track_id`` is one for a person throughout. The model tells no confidence: every
    ``score`` is 1.

    Args:
        path: to write.
        joints: names.
        size: (height, width) of the frames.
    """

    def __init__(self, path: Path, joints: Sequence[str], size: tuple[int, int]):
        self.path, self.size, self._id = path, size, 0
        skeleton = [[a + 1, b + 1] for a, b in bones_of(joints)]
        self._category = {"id": 1, "name": "person", "keypoints": list(joints), "skeleton": skeleton}
        self._parts = {name: path.with_suffix(f".{name}") for name in ("images", "annotations")}
        self._files = {name: open(part, "w") for name, part in self._parts.items()}  # noqa: SIM115

    def add(self, frame: int, time: Fraction, people: np.ndarray) -> None:
        """The people (G, J, 2) or (G, J, 3) of one frame."""
        height, width = self.size
        name = f"{frame:06d}.png"
        self._put("images", {"id": frame, "file_name": name, "width": width, "height": height, "time": float(time)})
        for track, points in enumerate(people):
            self._id += 1
            person = {"id": self._id, "image_id": frame, "category_id": 1, "track_id": track, "score": 1.0}
            self._put("annotations", person | (self._flat(points) if points.shape[-1] == 2 else _solid(points)))

    def _flat(self, points: np.ndarray) -> dict[str, Any]:
        inside = (points >= 0).all(-1) & (points <= self.size[::-1]).all(-1)
        rows = np.where(inside[:, None], np.c_[points, np.full(len(points), 2)], 0)
        seen = points[inside] if inside.any() else np.zeros((1, 2))
        low, high = seen.min(0), seen.max(0)
        box = [*low, *(high - low)]
        return {
            "keypoints": [_short(v) for v in rows.ravel()],
            "num_keypoints": int(inside.sum()),
            "bbox": [_short(v) for v in box],
            "area": _short(box[2] * box[3]),
            "iscrowd": 0,
        }

    def _put(self, what: str, entry: dict[str, Any]) -> None:
        file = self._files[what]
        file.write((",\n" if file.tell() else "\n") + json.dumps(entry))

    def close(self) -> None:
        """Put the parts together."""
        self.abandon()
        with open(self.path, "w") as whole:
            whole.write(f'{{"categories": {json.dumps([self._category])}')
            for name, part in self._parts.items():
                whole.write(f',\n"{name}": [')
                with open(part) as file:
                    shutil.copyfileobj(file, whole)
                whole.write("]")
                os.unlink(part)
            whole.write("}\n")

    def abandon(self) -> None:
        """Close the files and leave them."""
        for file in self._files.values():
            file.close()


def _solid(points: np.ndarray) -> dict[str, Any]:
    return {"keypoints3d": [round(float(v), 5) for v in points.ravel()]}


def _short(value: float) -> float | int:
    rounded = round(float(value), 2)
    return int(rounded) if rounded == int(rounded) else rounded
