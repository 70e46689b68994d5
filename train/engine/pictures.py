"""Pictures of a validation: rows of frames, one row a video."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

FRAMES, GAP = 4, 2


def stack_rows(videos: Sequence[np.ndarray], frames: int = FRAMES) -> np.ndarray:
    """Videos (T, H, W, 3) uint8 of one size, top to bottom -> (., ., 3) uint8 of evenly chosen frames side by side."""
    count, height, width = videos[0].shape[:3]
    chosen = np.unique(np.linspace(0, count - 1, min(frames, count)).round().astype(int))
    board = np.full((len(videos) * (height + GAP) - GAP, len(chosen) * (width + GAP) - GAP, 3), 255, np.uint8)
    for row, video in enumerate(videos):
        for column, frame in enumerate(chosen):
            top, left = row * (height + GAP), column * (width + GAP)
            board[top : top + height, left : left + width] = video[frame]
    return board
