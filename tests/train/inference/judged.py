"""Cases in memory, and answers about them that are known."""

from __future__ import annotations

import numpy as np

from tests.train.tasks.scene import make_labels
from train.inference.cases import Case


def scenes(count: int, **options) -> list[Case]:
    """Cases in memory; scene k has 3 + k frames."""

    def case(k: int) -> Case:
        labels = make_labels(frames=3 + k, height=32, width=48, seed=k, **options)
        fields = tuple(name for name in labels if name not in ("size", "fps"))
        rgb = np.full((3 + k, 32, 48, 3), 40 * k, np.uint8)
        return Case(f"scene-{k}", fields, 24.0, lambda: rgb, lambda names: {n: labels[n].copy() for n in names})

    return [case(k) for k in range(count)]


def noisy_truth(tasks: dict, cases: list[Case], spread: float = 0.05):
    """Answers that are the truth with noise, larger from clip to clip; counts its calls."""
    calls = []

    def answer(video, names, *, fps=None):
        number = int(video[0, 0, 0, 0]) // 40
        calls.append(number)
        labels = {**cases[number].labels(cases[number].fields), "size": np.array(video.shape[1:3]), "fps": fps}
        rng, answers = np.random.default_rng(number), {}
        for name in names:
            target = tasks[name].encode(labels)["target"]
            target = (target + spread * (1 + number) * rng.normal(size=target.shape)).astype(np.float32)
            task = tasks[name]
            answers[name] = task.decode(target, *video.shape[1:3]) if task.sparse else task.decode(target)
        return answers

    return answer, calls
