"""A video of any length as overlapping windows of one length, without knowing its length beforehand."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from synth.conventions import ThfmError


class Window(NamedTuple):
    """Consecutive frames for one pass.

    Attributes:
        frames: (N, ...) stacked frames.
        skip: how many at the head are done with: windows before have answered them for good.
        join: how many after these the window before has answered too.
        stop: frames of the video in this window; those from there on only fill it up.
        last: whether the video ends in this window.
    """

    frames: np.ndarray
    skip: int
    join: int
    stop: int
    last: bool


def usual_overlap(length: int) -> int:
    """Frames that two windows share: a quarter; at least 2 where there is room, for a join takes time."""
    return min(max(length // 4, 2), length - 1)


def windows(frames: Iterable[np.ndarray], lengths: Sequence[int], overlap: int | None = None) -> Iterator[Window]:
    """Windows over a video, each as soon as its frames are there; N frames are held at a time.

    The windows have the largest length and share ``overlap`` frames. The last one ends with the video, and therefore
    shares more. A video that is shorter than the largest length is one window of the least length that holds it, filled
    up by playing it to and fro.

    Args:
        frames: arrays of one shape.
        lengths: that the model takes.
        overlap: less than the largest length; None: ``usual_overlap``.

    Raises:
        ThfmError: an impossible overlap.
    """
    longest = max(lengths)
    overlap = usual_overlap(longest) if overlap is None else overlap
    if not 0 <= overlap < longest:
        raise ThfmError(f"an overlap of {overlap} frames is impossible: windows have {longest}, give less.")
    held: deque[np.ndarray] = deque(maxlen=longest)
    fresh, new = 0, longest  # frames that no window has had yet, and how many of them the next one takes
    for frame in frames:
        if fresh == new:  # and the video goes on
            yield _window(held, fresh, overlap, last=False)
            fresh, new = 0, longest - overlap
        held.append(frame)
        fresh += 1
    if 0 < fresh == len(held) < longest:
        length = min(n for n in lengths if n >= fresh)
        yield Window(np.stack([held[i] for i in _to_and_fro(fresh, length)]), 0, 0, fresh, True)
    elif fresh:
        yield _window(held, fresh, overlap, last=True)


def _window(held: Sequence[np.ndarray], fresh: int, overlap: int, last: bool) -> Window:
    join = 0 if fresh == len(held) else overlap
    return Window(np.stack(held), len(held) - fresh - join, join, len(held), last)


def _to_and_fro(count: int, length: int) -> np.ndarray:
    """(length,) indices 0 1 2 ... count-1 ... 2 1 0 1 ..."""
    place = np.arange(length) % max(1, 2 * (count - 1))
    return np.minimum(place, 2 * (count - 1) - place) if count > 1 else place
