"""Answers of overlapping windows as one: aligned, mixed over shared frames, held only as long as needed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from train.inference.align import same_people, scale_and_shift
from train.inference.fields import kind_of, mix, mix_classes
from train.inference.windows import Window
from train.tasks import DenseTask, SparseTask, Task

_FAR = 0.98  # of what the coding can say; from there on depth only says "far"
_NEAREST = 1e-3  # medians: a shift must not bring depth to the camera or behind it
Fields = dict[str, np.ndarray]


def shares(count: int) -> np.ndarray:
    """(count,) how much the new window counts in each shared frame: rising evenly, 0 and 1 just outside."""
    return np.arange(1, count + 1) / (count + 1)


class DenseJoin:
    """Joins one dense task's answers, window after window."""

    def __init__(self, task: DenseTask):
        self.task = task
        self._tail: Fields = {}
        self._colours = np.empty(0)
        self._sound: dict[str, np.ndarray] = {}
        self._farthest: dict[str, float] = {}

    def add(self, answer: np.ndarray, window: Window, keep: int) -> Fields:
        """The fields of the next window's frames, joined to the window before.

        Args:
            answer: (N, h, w, 3) float32.
            keep: frames at the end that the next window shares; they are returned too, but only the next call
                returns them for good.

        Returns:
            Field -> (n, h, w, ...), the frames from ``window.skip`` on.
        """
        answer = answer[window.skip : window.stop]
        joined: Fields = {}
        for name, new in self.task.decode(answer).items():
            kind, n = kind_of(name, new, sparse=False), window.join
            if kind == "depth":
                new = self._aligned(name, new, n, keep)
            if n and kind == "class":
                colours = self._colours + shares(n).reshape(-1, 1, 1, 1).astype(np.float32) * (
                    answer[:n] - self._colours
                )
                new[:n] = mix_classes(self._tail[name], new[:n], self.task.decode(colours)[name], shares(n))
            elif n:
                new[:n] = mix(kind, self._tail[name], new[:n], shares(n))
            joined[name] = new
        if keep:
            self._tail = {name: field[-keep:].copy() for name, field in joined.items()}
            if any(kind_of(name, field, sparse=False) == "class" for name, field in joined.items()):
                self._colours = answer[-keep:].copy()
        return joined

    def _aligned(self, name: str, depth: np.ndarray, shared: int, keep: int) -> np.ndarray:
        if name not in self._farthest:
            white = self.task.decode(np.ones((1, 1, 1, 3), np.float32))  # the end of the coding's range
            self._farthest[name] = _FAR * float(white[name].max())
        sound = depth < self._farthest[name]
        if shared:
            scale, shift = scale_and_shift(depth[:shared], self._tail[name], sound[:shared] & self._sound[name])
            depth = np.maximum(np.float32(scale) * depth + np.float32(shift), np.float32(_NEAREST))
        if keep:
            self._sound[name] = sound[-keep:].copy()
        return depth


class SparseJoin:
    """Joins one sparse task's answers, window after window; a group stays with its person."""

    def __init__(self, task: SparseTask):
        self.task = task
        self._tail = np.empty(0)

    def order(self, answer: np.ndarray, window: Window) -> np.ndarray:
        """(G,) which of the answer's groups are the persons of the window before."""
        if not window.join:
            return np.arange(len(answer))
        return same_people(answer[:, window.skip : window.skip + window.join], self._tail)

    def add(self, answer: np.ndarray, window: Window, keep: int, order: np.ndarray, size: tuple[int, int]) -> Fields:
        """As ``DenseJoin.add`` for answers (G, N, K); fields are (G, n, ...), for a picture of ``size``."""
        new, n = answer[order, window.skip : window.stop].copy(), window.join
        if n:
            new[:, :n] = self._tail + shares(n)[:, None].astype(np.float32) * (new[:, :n] - self._tail)
        if keep:
            self._tail = new[:, -keep:].copy()
        return self.task.decode(new, *size)


class Joins:
    """All tasks of one video."""

    def __init__(self, tasks: Mapping[str, Task]):
        self._dense = {name: DenseJoin(task) for name, task in tasks.items() if not task.sparse}
        self._sparse = {name: SparseJoin(task) for name, task in tasks.items() if task.sparse}
        self._order: dict[int, np.ndarray] = {}

    def add(self, name: str, answer: np.ndarray, window: Window, keep: int, size: tuple[int, int]) -> Fields:
        """The next window's answer of one task; see ``DenseJoin.add`` and ``SparseJoin.add``.

        The first sparse task of a window decides who is who for all others with as many groups: all were trained to
        number people alike.
        """
        if name in self._dense:
            return self._dense[name].add(answer, window, keep)
        join = self._sparse[name]
        if name == next(iter(self._sparse)):
            self._order = {len(answer): join.order(answer, window)}
        order = self._order.get(len(answer))
        return join.add(answer, window, keep, join.order(answer, window) if order is None else order, size)
