"""Blender keeps to the threads that it is given."""

import json
import os
import subprocess
import sys

RENDER = """
import json, os
from synth.blender import runtime

before = os.sched_getaffinity(0)
runtime.start(1)
import bpy

scene = bpy.context.scene
camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
scene.collection.objects.link(camera)
scene.camera, scene.world = camera, bpy.data.worlds.new("world")
scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 128, False
scene.render.use_persistent_data = True  # keeps the rendering thread, and so its times
scene.render.threads_mode, scene.render.threads = "FIXED", 1
scene.render.resolution_x = scene.render.resolution_y = 200
bpy.ops.render.render()
ticks = []
for thread in os.listdir("/proc/self/task"):
    if int(thread) != os.getpid():
        fields = open(f"/proc/self/task/{thread}/stat").read().rpartition(")")[2].split()
        ticks.append(int(fields[11]) + int(fields[12]))
print("RESULT", json.dumps([sorted(ticks), before == os.sched_getaffinity(0)]))
"""


def test_idle_threads_do_not_spin_beside_the_rendering_one():
    done = subprocess.run([sys.executable, "-c", RENDER], capture_output=True, text=True, check=True, env=os.environ)
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT"))
    ticks, same_cpus = json.loads(line.removeprefix("RESULT"))
    *others, renderer = ticks
    assert renderer > 20, "the render was too short to tell"
    assert sum(others) < 0.1 * renderer
    assert same_cpus
