"""What a frame costs by stage, beside bare Blender and BlenderProc that render the same .blend file.

    python tools/benchmark_generate.py
    python tools/benchmark_generate.py --frames 9 --size 832x480 --samples 16 --repeat 5
    python tools/benchmark_generate.py --blenderproc blenderproc --blender ~/blender-4.2.1-linux-x64

One clip of configs/synth/default.yaml is made again and again in one process, as a worker makes clips. Its .blend file
is rendered frame by frame by another process, colour alone; and by BlenderProc, where that is installed (pip install
blenderproc, which wants an environment of its own), with depth, normals and segmentation; each with the same settings
and as many threads. They take turns. Medians.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from synth.cluster.job import Job
from synth.cluster.renderer import Renderer
from synth.config import GenerateConfig, load_config
from synth.make import inspect_clip

ROOT = Path(__file__).resolve().parents[1]
_BARE = """
import sys, time
from synth.blender import runtime
path, threads, frames, folder = sys.argv[1], *map(int, sys.argv[2:4]), sys.argv[4]
runtime.start(threads)
import bpy
bpy.ops.wm.open_mainfile(filepath=path)
scene = bpy.context.scene
runtime.save_as(scene, "PNG")
start = time.perf_counter()
for frame in range(1, frames + 1):
    scene.frame_set(frame)
    scene.render.filepath = f"{folder}/bare.png"
    bpy.ops.render.render(write_still=True)
print(f"\\nBARE {time.perf_counter() - start}")
"""


def ours(renderer: Renderer, config: GenerateConfig, index: int, folder: Path) -> dict[str, float]:
    """Seconds by stage of making the clip once."""
    outcome = renderer.run(Job(config, index, str(folder / "set"), folder), None, lambda frames: None)
    if outcome.kind != "kept":
        raise SystemExit(f"clip {index} is {outcome.kind}: {outcome.message}; try another --clip")
    return outcome.seconds


def bare(config: GenerateConfig, blend: Path) -> float:
    """Seconds of rendering the colour of the .blend file, without opening it."""
    arguments = [str(blend), str(config.render.threads), str(config.spec.video.frames), str(blend.parent)]
    done = subprocess.run(
        [sys.executable, "-c", _BARE, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return float(next(line.split()[1] for line in done.stdout.splitlines() if line.startswith("BARE ")))


def blenderproc(command: str, blender: str | None, config: GenerateConfig, blend: Path) -> float:
    """Seconds of BlenderProc's render of the .blend file."""
    where = ["--custom-blender-path", blender] if blender else []
    arguments = [str(blend), str(config.spec.video.frames), str(config.render.threads), str(blend.parent / "proc")]
    done = subprocess.run(
        [command, "run", *where, str(ROOT / "tools/blenderproc_scene.py"), *arguments], capture_output=True, text=True
    )
    line = next((line for line in done.stdout.splitlines() if line.startswith("BLENDERPROC ")), None)
    if line is None:
        raise SystemExit(f"{command} failed; its last words:\n{(done.stdout + done.stderr)[-3000:]}")
    return float(line.split()[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", type=int, default=0)
    parser.add_argument("--frames", type=int, default=5)
    parser.add_argument("--size", default="832x480", help="WIDTHxHEIGHT")
    parser.add_argument("--samples", type=int, default=16)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--blenderproc", default=shutil.which("blenderproc"), help="its command, if not in PATH")
    parser.add_argument("--blender", help="folder of the Blender that BlenderProc uses; none: what it has downloaded")
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="of configs/synth/default.yaml")
    args = parser.parse_args()
    width, height = args.size.split("x")
    video = f"{{frames: {args.frames}, fps: 24, width: {width}, height: {height}, shapes: [given]}}"
    settings = [f"spec.video={video}", f"render.samples={args.samples}", f"render.threads={args.threads}"]
    config = load_config(ROOT / "configs/synth/default.yaml", [*settings, *args.overrides])
    rows, colour, others = [], [], []
    with tempfile.TemporaryDirectory() as name:
        folder, renderer = Path(name), Renderer(clips=1000)
        ours(renderer, config, args.clip, folder)  # assets are read when they are first used
        inspect_clip(config, args.clip, folder / "scene.blend")
        for _ in range(args.repeat):
            rows.append(ours(renderer, config, args.clip, folder))
            colour.append(bare(config, folder / "scene.blend"))
            if args.blenderproc:
                others.append(blenderproc(args.blenderproc, args.blender, config, folder / "scene.blend"))
        renderer.close()
    print(f"clip {args.clip}, {args.frames} frames, {args.size}, {args.samples} samples, {args.threads} threads")
    bare_frame = statistics.median(colour) / args.frames
    for stage in rows[0]:
        seconds = statistics.median(row[stage] for row in rows) / args.frames
        print(f"{stage:>14}  {seconds:8.3f} s a frame  {100 * seconds / bare_frame:6.1f} %")
    total = statistics.median(sum(row.values()) for row in rows) / args.frames
    print(f"{'all':>14}  {total:8.3f} s a frame  {100 * total / bare_frame:6.1f} %")
    print(f"{'bare Blender':>14}  {bare_frame:8.3f} s a frame   100.0 %")
    if others:
        seconds = statistics.median(others) / args.frames
        print(f"{'BlenderProc':>14}  {seconds:8.3f} s a frame  {100 * seconds / bare_frame:6.1f} %")
    else:
        print(f"{'BlenderProc':>14}  is not installed")


if __name__ == "__main__":
    main()
