"""Windows over a video whose length is not known."""

from __future__ import annotations

import numpy as np
import pytest

from synth.conventions import ThfmError
from train.inference.windows import usual_overlap, windows


def answered(count: int, lengths: tuple[int, ...], overlap: int) -> tuple[list[int], list]:
    """Frames in the order in which they are done with, and the windows."""
    found = list(windows((np.array([t]) for t in range(count)), lengths, overlap))
    done: list[int] = []
    for window in found:
        shown = window.frames[window.skip : window.stop, 0].tolist()
        if window.join:  # what the window before answered too, and has not been given away
            assert shown[: window.join] == list(range(len(done), len(done) + window.join))
        done += shown if window.last else shown[: len(shown) - overlap]
    return done, found


@pytest.mark.parametrize(("longest", "overlap"), [(1, 0), (5, 2), (9, 0), (9, 4), (9, 8), (7, 1)])
def test_every_frame_is_answered_once_and_in_order(longest: int, overlap: int) -> None:
    for count in range(1, 4 * longest + 3):
        done, found = answered(count, (longest,), overlap)
        assert done == list(range(count))
        assert all(len(window.frames) == longest for window in found)
        assert [window.last for window in found] == [False] * (len(found) - 1) + [True]
        least = 1 if count <= longest else 1 + -(-(count - longest) // (longest - overlap))
        assert len(found) == least
        assert [window.join for window in found] == [0] + [overlap] * (least - 1)


def test_a_short_video_takes_the_least_length_that_holds_it_and_plays_to_and_fro() -> None:
    def one(count: int) -> list[int]:
        (window,) = windows((np.array([t]) for t in range(count)), (1, 5, 9))
        assert (window.skip, window.join, window.stop, window.last) == (0, 0, count, True)
        return window.frames[:, 0].tolist()

    assert one(1) == [0]
    assert one(2) == [0, 1, 0, 1, 0]
    assert one(3) == [0, 1, 2, 1, 0]
    assert one(5) == [0, 1, 2, 3, 4]
    assert one(6) == [0, 1, 2, 3, 4, 5, 4, 3, 2]
    assert list(windows(iter(()), (5,))) == []


def test_a_window_comes_as_soon_as_it_is_known_not_to_be_the_last() -> None:
    read: list[int] = []

    def frames():
        for t in range(100):
            read.append(t)
            yield np.array([t])

    stream = windows(frames(), (9,), 3)
    next(stream)
    assert len(read) == 10
    next(stream)
    assert len(read) == 16


def test_overlaps() -> None:
    assert [usual_overlap(n) for n in (1, 2, 5, 9, 81)] == [0, 1, 2, 2, 20]
    with pytest.raises(ThfmError, match="overlap of 9 frames is impossible"):
        next(windows([np.zeros(1)], (9,), 9))
