"""A long sequence as cases: pieces that follow each other, each read when its turn comes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from train.benchmarks.files import piece_key, pieces
from train.inference.cases import Case


def sequence_cases(
    name: str,
    count: int,
    length: int | None,
    fps: float | None,
    fields: tuple[str, ...],
    rgb: Callable[[slice], np.ndarray],
    labels: Callable[[slice], Mapping[str, np.ndarray]],
) -> list[Case]:
    """The cases of a sequence of ``count`` frames, in pieces of at most ``length``; None: one piece.

    Args:
        name: of the sequence; a piece adds its first frame.
        fps, fields: as in ``Case``.
        rgb, labels: read the frames of a piece, as in ``Case``; labels gives all fields.
    """

    def chosen(part: slice, names: Sequence[str]) -> dict[str, np.ndarray]:
        found = labels(part)
        return {field: found[field] for field in names}

    return [
        Case(piece_key(name, part, count), fields, fps, partial(rgb, part), partial(chosen, part))
        for part in pieces(count, length)
    ]
