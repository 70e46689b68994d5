"""No more clips at once than there are CPUs for them."""

import time

import ray

from synth.cluster.board import Board
from synth.cluster.config import ClusterConfig
from synth.cluster.connection import connected
from synth.cluster.worker import may_start


class BusyBoard(Board):
    """A board that takes its time, as on a loaded machine."""

    def start(self, index: int) -> bool:
        time.sleep(3.0)
        return super().start(index)


def _clip(board, index: int) -> tuple[float, float]:
    assert may_start(board, index)
    start = time.time()
    time.sleep(4.0)
    return start, time.time()


def test_one_worker_makes_one_clip_at_a_time():
    with connected(ClusterConfig(workers=1)) as slots:
        assert slots == 1
        board = ray.remote(num_cpus=0)(BusyBoard).remote()
        task = ray.remote(num_cpus=1)(_clip)
        spans = sorted(ray.get([task.remote(board, i) for i in range(3)]))
    assert all(before[1] <= after[0] + 0.05 for before, after in zip(spans, spans[1:], strict=False))
