"""Skeletons over a video, for logs: the left side blue, the right side orange."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from synth.conventions import JOINT_NAMES, SKELETON

_SUPER = 3  # supersampling
_LEFT, _MIDDLE, _RIGHT = (56, 182, 255), (245, 245, 240), (255, 154, 60)
_REACH = 3  # bones are drawn up to this many frame sizes outside the frame
_BODY_METRES = 2.4  # that the shorter side of a frame shows of a body without a camera
_COCO_BONES = [("nose", f"{s}_eye") for s in ("left", "right")]
for _s in ("left", "right"):
    _COCO_BONES += [(f"{_s}_{a}", f"{_s}_{b}") for a, b in (
        ("eye", "ear"), ("ear", "shoulder"), ("shoulder", "elbow"), ("elbow", "wrist"), ("shoulder", "hip"),
        ("hip", "knee"), ("knee", "ankle"), ("ankle", "big_toe"), ("ankle", "heel"),
    )]  # fmt: skip
_COCO_BONES += [("left_shoulder", "right_shoulder"), ("left_hip", "right_hip")]


def bones_of(joints: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of positions in ``joints`` that a bone joins."""
    tree = [(JOINT_NAMES[a], JOINT_NAMES[b]) for a, b in SKELETON]
    place = {name: i for i, name in reversed(list(enumerate(joints)))}  # WholeBody names its wrists twice
    wanted = tree if "pelvis" in place else [*_COCO_BONES, *tree]
    return [(place[a], place[b]) for a, b in dict.fromkeys(wanted) if a in place and b in place]


def _colour(joint: str) -> tuple[int, int, int]:
    return _LEFT if joint.startswith("left_") else _RIGHT if joint.startswith("right_") else _MIDDLE


def draw_points(rgb: np.ndarray, points: np.ndarray, joints: Sequence[str]) -> np.ndarray:
    """Skeletons over a video.

    Args:
        rgb: (T, H, W, 3) uint8; not changed.
        points: (P, T, J, 2) pixels, centre of a pixel = index + 0.5; NaN where there is no joint.
        joints: names of the J joints.

    Returns:
        (T, H, W, 3) uint8.
    """
    bones = bones_of(joints)
    return np.stack([_drawn(frame, points[:, t], joints, bones) for t, frame in enumerate(rgb)])


def draw_body(rgb: np.ndarray, body: np.ndarray, joints: Sequence[str]) -> np.ndarray:
    """Root-relative bodies (P, T, J, 3), metres, side by side on dimmed rgb, seen from in front, no perspective."""
    people, (height, width) = len(body), rgb.shape[1:3]
    scale = min(height, width) / _BODY_METRES
    centres = np.stack([(np.arange(people) + 0.5) * width / people, np.full(people, height / 2)], -1)
    return draw_points(rgb // 3, body[..., :2] * scale + centres[:, None, None], joints)


def _drawn(frame: np.ndarray, people: np.ndarray, joints: Sequence[str], bones: list[tuple[int, int]]) -> np.ndarray:
    height, width = frame.shape[:2]
    image = Image.fromarray(frame).resize((width * _SUPER, height * _SUPER), Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(image)
    line = max(2, round(_SUPER * min(height, width) / 160))
    radius = max(_SUPER, line)
    for points in people.astype(float):
        there = np.isfinite(points).all(-1) & (np.abs(points) < _REACH * max(height, width)).all(-1)
        at = points * _SUPER - 0.5  # PIL counts from the centre of the first pixel
        for a, b in bones:
            if there[a] and there[b]:
                pen.line([tuple(at[a]), tuple(at[b])], fill=_colour(joints[b]), width=line)
        for j in np.flatnonzero(there):
            pen.ellipse([*(at[j] - radius), *(at[j] + radius)], fill=_colour(joints[j]))
    return np.asarray(image.reduce(_SUPER))
