"""COCO-WholeBody's JSON: ``annotations.json`` and ``images/``. Keypoints are x, y, v: 0 out of the picture, 1 hidden,
2 in sight."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from synth.conventions import COCO17, COCO_WHOLEBODY133, JOINT_NAMES, Visibility
from synth.export.pictures import write_png
from synth.export.run import Options, frames_in, needs
from synth.shards import Clip

_INDEX = [JOINT_NAMES.index(name) for name in COCO_WHOLEBODY133]
# The groups of the format, in the order of its 133 keypoints.
_GROUPS = (
    ("keypoints", 0, 17), ("foot_kpts", 17, 23), ("face_kpts", 23, 91), ("lefthand_kpts", 91, 112),
    ("righthand_kpts", 112, 133),
)  # fmt: skip
_BOXED = {"face_kpts": "face", "lefthand_kpts": "lefthand", "righthand_kpts": "righthand"}
_HIDDEN = int(Visibility.SELF_OCCLUDED | Visibility.OTHER_OCCLUDED)
# COCO's own bones, counted from 1.
_BONES = [
    [16, 14], [14, 12], [17, 15], [15, 13], [12, 13], [6, 12], [7, 13], [6, 7], [6, 8], [7, 9], [8, 10], [9, 11],
    [2, 3], [1, 2], [1, 3], [2, 4], [3, 5], [4, 6], [5, 7],
]  # fmt: skip


class Exporter:
    """Every frame an image, every person with a visible pixel an annotation."""

    def __init__(self, out: Path, options: Options):
        self.out, self.images, self.annotations = out, [], []

    def add(self, clip: Clip) -> None:
        """All frames of a clip."""
        needs(clip, "rgb", "instances", "keypoints2d", "visibility")
        points, flags = clip.keypoints2d[:, :, _INDEX], clip.visibility[:, :, _INDEX]
        for (number, rgb), (_, people) in zip(frames_in(clip, "rgb"), frames_in(clip, "instances"), strict=True):
            name, identity = f"{clip.key}_{number:06d}.png", len(self.images) + 1
            write_png(self.out / "images" / name, rgb)
            self.images.append(
                {"id": identity, "file_name": name, "width": clip.width, "height": clip.height, "clip": clip.key,
                 "frame": number}
            )  # fmt: skip
            for person in range(clip.num_people or 0):
                mask = people == person + 1
                if mask.any():
                    about = annotation(mask, points[person, number], flags[person, number])
                    self.annotations.append(
                        {"id": len(self.annotations) + 1, "image_id": identity, "category_id": 1, "iscrowd": 0,
                         "person": person + 1, **about}
                    )  # fmt: skip

    def finish(self) -> None:
        """The JSON."""
        category = {
            "id": 1, "name": "person", "supercategory": "person", "keypoints": list(COCO17), "skeleton": _BONES
        }  # fmt: skip
        whole = {
            "info": {"description": "synthetic people, made by thfm", "version": "1.0"},
            "images": self.images, "annotations": self.annotations, "categories": [category],
        }  # fmt: skip
        (self.out / "annotations.json").write_text(json.dumps(whole))


def annotation(mask: np.ndarray, points: np.ndarray, flags: np.ndarray) -> dict[str, Any]:
    """What the format tells of one person.

    Args:
        mask: (H, W) bool, the visible pixels. points: (133, 2) pixels. flags: (133,) bits of ``Visibility``.
    """
    inside = ((flags & Visibility.IN_FRAME) > 0) & np.isfinite(points).all(-1)
    seen = np.where(inside, np.where(flags & _HIDDEN, 1, 2), 0)
    places = np.where(inside[:, None], points, 0).round(2)
    out: dict[str, Any] = {
        "bbox": _box_of_mask(mask), "area": int(mask.sum()), "segmentation": run_lengths(mask),
        "num_keypoints": int((seen[:17] > 0).sum()),
    }  # fmt: skip
    for name, start, stop in _GROUPS:
        group = np.concatenate([places[start:stop], seen[start:stop, None]], 1)
        out[name] = [float(v) for v in group.ravel()]
        stem = _BOXED.get(name)
        if stem:
            out[f"{stem}_box"], out[f"{stem}_valid"] = _box_of_points(places[start:stop], seen[start:stop])
        elif name == "foot_kpts":
            out["foot_valid"] = bool(seen[start:stop].any())
    return out


def _box_of_mask(mask: np.ndarray) -> list[float]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    size = columns[-1] + 1 - columns[0], rows[-1] + 1 - rows[0]
    return [float(v) for v in (columns[0], rows[0], *size)]


def _box_of_points(places: np.ndarray, seen: np.ndarray) -> tuple[list[float], bool]:
    there = places[seen > 0]
    if len(there) < 2:
        return [0.0, 0.0, 0.0, 0.0], False
    low, high = there.min(0), there.max(0)
    return [float(v) for v in (*low, *(high - low))], True


def run_lengths(mask: np.ndarray) -> dict[str, Any]:
    """COCO's run lengths, uncompressed: down the columns, zeros first."""
    flat = mask.ravel(order="F").astype(np.int8)
    edges = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()
    return {"size": list(mask.shape), "counts": [0, *counts] if flat[0] else counts}
