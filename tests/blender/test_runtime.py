"""Blender keeps to the threads that it is given."""

import os
import subprocess
import sys

START = """
import os, sys
from synth.blender import runtime

if sys.argv[2] == "alone":
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
before = os.sched_getaffinity(0)
runtime.start(int(sys.argv[1]))
import bpy

bpy.ops.mesh.primitive_uv_sphere_add()
assert os.sched_getaffinity(0) == before
print("THREADS", len(os.listdir("/proc/self/task")))
"""


def _threads_of_a_started_blender(threads: int, alone: bool = False) -> int:
    call = [sys.executable, "-c", START, str(threads), "alone" if alone else ""]
    output = subprocess.run(call, capture_output=True, text=True, check=True).stdout
    return next(int(line.split()[1]) for line in output.splitlines() if line.startswith("THREADS"))


def test_one_thread_means_one_thread():
    """Idle threads of Blender's pool spin while Cycles renders, so there must be none beside the one asked for."""
    one = _threads_of_a_started_blender(1)
    assert one == _threads_of_a_started_blender(1, alone=True)
    if len(os.sched_getaffinity(0)) > 1:
        assert one < _threads_of_a_started_blender(0)
