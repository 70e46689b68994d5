"""Joining Ray: no more clips at once than there are CPUs for them, and no silence."""

import signal
import socket
import subprocess
import sys
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
    assert may_start(board.start, index)
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


_JOIN = """
import sys
from synth.cluster import connection
from synth.cluster.config import ClusterConfig
connection._SLOW = 1.0
with connection.connected(ClusterConfig(address=sys.argv[1]), lambda text: print(text, flush=True)):
    pass
"""


def test_a_cluster_that_does_not_answer_is_told_of():
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        address = f"127.0.0.1:{deaf.getsockname()[1]}"
        command = [sys.executable, "-c", _JOIN, address]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as joining:
            said = joining.stdout.readline()
            joining.send_signal(signal.SIGKILL)
    assert f"not come up on {address} in 1 s" in said
