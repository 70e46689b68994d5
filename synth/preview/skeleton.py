"""Keypoints and skeleton over a picture: side by colour, visibility by filled or hollow markers."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from synth.conventions import JOINT_NAMES, PARENTS, SKELETON, Visibility
from synth.preview.palette import LEFT, MIDDLE, RIGHT, rgb

_SUPER = 4  # supersampling
_REACH = 8  # bones are drawn up to this many frame sizes outside the frame
_HIDDEN = int(Visibility.SELF_OCCLUDED | Visibility.OTHER_OCCLUDED)
_FACE = range(76, len(JOINT_NAMES))
_HEAD = range(55, 60)  # nose, eyes, ears
# Pixels that a hand or face must span before its points are marked.
_HAND_ROOM, _FACE_ROOM, _LANDMARK_ROOM = 34, 14, 44
_UNMARKED = {JOINT_NAMES.index(n) for n in ("jaw", "left_eye_smplhf", "right_eye_smplhf")}  # the landmarks show them
_NUM_FINE = 25  # tree joints from here on are fingers


def side_colour(joint: int) -> str:
    """The colour of the side of the body that a joint lies on."""
    name = JOINT_NAMES[joint]
    return LEFT if name.startswith("left_") else RIGHT if name.startswith("right_") else MIDDLE


def _fine(joint: int) -> bool:
    """Whether a joint sits so close to its neighbours that it is drawn small: fingers, toes, eyes, ears, nose."""
    return joint >= _NUM_FINE


def _spread(points: np.ndarray) -> float:
    """The longer side of the box around (N, 2) points; 0 if none of them is finite."""
    points = points[np.isfinite(points).all(-1)]
    return float(np.ptp(points, axis=0).max()) if len(points) else 0.0


class _Pen:
    """Draws discs and lines in pixels of the picture onto its supersampled copy."""

    def __init__(self, picture: np.ndarray):
        height, width = picture.shape[:2]
        self.image = Image.fromarray(picture).resize((width * _SUPER, height * _SUPER), Image.Resampling.NEAREST)
        self.draw = ImageDraw.Draw(self.image, "RGBA")

    def line(self, a: np.ndarray, b: np.ndarray, width: float, colour: tuple[int, ...]) -> None:
        ends = [tuple(p * _SUPER - 0.5) for p in (a, b)]  # PIL counts from the centre of the first pixel
        self.draw.line(ends, fill=colour, width=max(1, round(width * _SUPER)))

    def disc(self, at: np.ndarray, radius: float, colour: tuple[int, ...]) -> None:
        size = max(1, round(2 * radius * _SUPER))
        left, top = (round(float(c) * _SUPER - size / 2) for c in at)
        self.draw.ellipse((left, top, left + size - 1, top + size - 1), fill=colour)

    def picture(self) -> np.ndarray:
        return np.asarray(self.image.reduce(_SUPER))


def draw_people(picture: np.ndarray, keypoints: np.ndarray, visibility: np.ndarray) -> np.ndarray:
    """Draw every person of a frame.

    Bones are lines in the colour of their side. A visible keypoint is a disc, an occluded one a ring with a dark
    middle; those out of frame or behind the camera are left out. Fingers and face landmarks appear when there is room.

    Args:
        picture: (h, w, 3) uint8; not changed.
        keypoints: (P, J, 2) in pixels of ``picture``, pixel centre = index + 0.5; NaN behind the camera.
        visibility: (P, J) bits of ``conventions.Visibility``.

    Returns:
        (h, w, 3) uint8.
    """
    pen = _Pen(picture)
    for points, flags in zip(keypoints.astype(float), visibility, strict=True):
        _draw_person(pen, points, flags, max(picture.shape[:2]))
    return pen.picture()


def _draw_person(pen: _Pen, points: np.ndarray, flags: np.ndarray, reach: float) -> None:
    size = float(np.clip(_spread(points[:22]) / 110, 0.7, 2.5))
    there = np.isfinite(points).all(-1) & (np.abs(points) < _REACH * reach).all(-1)
    hidden = (flags & _HIDDEN) > 0
    marked = there & ((flags & Visibility.IN_FRAME) > 0)
    hands = {s: _spread(points[r]) > _HAND_ROOM for s, r in (("left", slice(25, 40)), ("right", slice(40, 55)))}

    bones = [(a, b) for a, b in SKELETON if there[a] and there[b]]
    for a, b in sorted(bones, key=lambda bone: not (hidden[bone[0]] or hidden[bone[1]])):  # hidden bones first
        width = (0.9 if _fine(b) else 1.7) * size
        faint = bool(hidden[a] or hidden[b])
        pen.line(points[a], points[b], width + 0.9 * size, (0, 0, 0, 90 if faint else 150))
        pen.line(points[a], points[b], width, (*rgb(side_colour(b)), 120 if faint else 235))

    face = _spread(points[[*_HEAD, *_FACE]])
    if face > _LANDMARK_ROOM:
        for joint in _FACE:
            if marked[joint] and not hidden[joint]:
                dot = float(np.clip(face / 70, 0.8, 3.0))
                pen.disc(points[joint], dot + 0.4, (0, 0, 0, 150))
                pen.disc(points[joint], dot, (*rgb(side_colour(joint)), 255))
    for joint in (j for j in range(_FACE.start) if marked[j] and j not in _UNMARKED):
        crowded = joint in _HEAD and face < _FACE_ROOM
        if crowded or (_is_finger(joint) and not hands[JOINT_NAMES[joint].split("_")[0]]):
            continue
        _mark(pen, points[joint], (1.2 if _fine(joint) else 2.3) * size, side_colour(joint), bool(hidden[joint]))


def _is_finger(joint: int) -> bool:
    return _NUM_FINE <= joint < len(PARENTS) or 66 <= joint < _FACE.start


def _mark(pen: _Pen, at: np.ndarray, radius: float, colour: str, hollow: bool) -> None:
    pen.disc(at, radius + 0.45, (0, 0, 0, 170))
    pen.disc(at, radius, (*rgb(colour), 255))
    if hollow:
        pen.disc(at, 0.62 * radius, (15, 16, 18, 255))
