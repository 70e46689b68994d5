# Run by BlenderProc, not by Python: render colour, depth, normals and segmentation of a .blend file as it stands.
#
# blenderproc run tools/blenderproc_scene.py SCENE.blend FRAMES THREADS FOLDER
#
# Its last line but BlenderProc's own is ``BLENDERPROC seconds``: rendering and reading back, but not opening the file.
import blenderproc as bproc  # BlenderProc wants this to come first

# isort: split
import sys
import time

import bpy

blend, frames, threads, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
bproc.init()
bpy.ops.wm.open_mainfile(filepath=blend)
scene = bpy.context.scene
scene.frame_start, scene.frame_end = 1, frames + 1  # its end is the frame after the last
scene.view_layers[0].name = "ViewLayer"  # the one name that BlenderProc knows
bproc.renderer.set_cpu_threads(threads)
bproc.renderer.enable_depth_output(activate_antialiasing=False, output_dir=folder)
bproc.renderer.enable_normals_output(output_dir=folder)
bproc.renderer.enable_segmentation_output(map_by=["instance"], output_dir=folder)
start = time.perf_counter()
data = bproc.renderer.render(output_dir=folder)
seconds = time.perf_counter() - start
wanted = {"colors", "depth", "normals", "instance_segmaps"}
if not wanted <= data.keys() or any(len(data[name]) != frames for name in wanted):
    raise SystemExit(f"BlenderProc made {sorted(data)}, not {sorted(wanted)}")
print(f"\nBLENDERPROC {seconds}", flush=True)
