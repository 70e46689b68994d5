"""Champ's control folders: ``<clip>/{images,depth,normal,semantic_map,dwpose,mask}/0000.png``.

Depth is grey, white nearest, over the range of the people; normals are (n + 1) / 2; the semantic map has our colours of
body parts; dwpose is the skeleton on black. All are black where nobody is.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from synth.export.pictures import write_png
from synth.export.run import CannotExport, Options, frames_in, needs
from synth.preview.colour import label_picture, normal_picture
from synth.preview.palette import PART_TABLE
from synth.preview.skeleton import draw_people
from synth.shards import Clip

_FIELDS = ("rgb", "depth", "normals", "instances", "parts")


class Exporter:
    """Control pictures of the people of a clip, a folder a kind."""

    def __init__(self, out: Path, options: Options):
        self.out = out

    def add(self, clip: Clip) -> None:
        """All frames of a clip."""
        needs(clip, *_FIELDS, "keypoints2d", "visibility")
        near, far = _range(clip)
        for values in zip(*(frames_in(clip, name) for name in _FIELDS), strict=True):
            number, (rgb, depth, normals, instances, parts) = values[0][0], [value for _, value in values]
            people = (instances > 0) & np.isfinite(depth)
            grey = np.rint(np.clip((far - np.where(people, depth, far)) / (far - near), 0, 1) * 254 + 1)
            skeleton = draw_people(np.zeros_like(rgb), clip.keypoints2d[:, number], clip.visibility[:, number])
            pictures = {
                "images": rgb,
                "depth": np.repeat(np.where(people, grey, 0).astype(np.uint8)[..., None], 3, -1),
                "normal": np.where(people[..., None], normal_picture(normals), 0).astype(np.uint8),
                "semantic_map": np.where(parts[..., None] > 0, label_picture(parts, PART_TABLE), 0).astype(np.uint8),
                "dwpose": skeleton,
                "mask": people.astype(np.uint8) * 255,
            }
            for kind, picture in pictures.items():
                write_png(self.out / clip.key / kind / f"{number:04d}.png", picture)

    def finish(self) -> None:
        """Nothing belongs to all clips."""


def _range(clip: Clip) -> tuple[float, float]:
    """The nearest and the farthest depth of people in any frame."""
    low, high = np.inf, 0.0
    for (_, depth), (_, people) in zip(frames_in(clip, "depth"), frames_in(clip, "instances"), strict=True):
        theirs = depth[(people > 0) & np.isfinite(depth)]
        if theirs.size:
            low, high = min(low, float(theirs.min())), max(high, float(theirs.max()))
    if not high:
        raise CannotExport("nobody is seen in it.")
    return low, max(high, low * 1.001)
