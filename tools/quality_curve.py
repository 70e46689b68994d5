"""Quality of colour against time: samples a pixel, with and without the denoiser. Writes the plot of docs/quality.md.

    python tools/quality_curve.py --clips 0 1 2 --size 320x180 --out docs/images/quality.jpg

The middle frame of each clip of configs/synth/default.yaml is rendered at every setting and compared with one of very
many samples: PSNR of sRGB. Seconds are those of one processor, whatever else the machine does.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from synth.config import load_config
from synth.make import inspect_clip

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = (1, 2, 4, 8, 16, 32, 64)
_RENDER = """
import json, sys, time
from synth.blender import runtime
path, frame, reference, samples, folder = sys.argv[1], *map(int, sys.argv[2:4]), json.loads(sys.argv[4]), sys.argv[5]
runtime.start(1)
import bpy
bpy.ops.wm.open_mainfile(filepath=path)
scene = bpy.context.scene
runtime.save_as(scene, "PNG")
scene.frame_set(frame)
def shot(name, samples, denoise):
    scene.cycles.samples, scene.cycles.use_denoising = samples, denoise
    scene.render.filepath = f"{folder}/{name}.png"
    start = time.process_time()
    bpy.ops.render.render(write_still=True)
    return time.process_time() - start
shot("warm", 1, True)
seconds = {f"{s}-{int(d)}": shot(f"{s}-{int(d)}", s, d) for s in samples for d in (False, True)}
shot("reference", reference, False)
print("\\nSECONDS " + json.dumps(seconds))
"""


def measured(blend: Path, frame: int, reference: int) -> dict[str, tuple[float, float]]:
    """(seconds, PSNR in dB) of every setting of a frame, by ``samples-denoised``; pictures are left beside the file."""
    arguments = [blend, frame, reference, json.dumps(SAMPLES), blend.parent]
    command = [sys.executable, "-c", _RENDER, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    seconds = json.loads(next(x for x in done.stdout.splitlines() if x.startswith("SECONDS "))[8:])
    truth = picture(blend.parent / "reference.png")
    error = {name: np.mean((picture(blend.parent / f"{name}.png") - truth) ** 2) for name in seconds}
    return {name: (seconds[name], float(-10 * np.log10(max(error[name], 1e-10)))) for name in seconds}


def picture(path: Path) -> np.ndarray:
    """(H, W, 3) float64 in [0, 1]."""
    with Image.open(path) as opened:
        return np.asarray(opened.convert("RGB")) / 255.0


def draw(out: Path, rows: dict[str, tuple[float, float]], folders: list[Path]) -> None:
    """The curve, and the same piece of a picture at some settings."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    shown = ["2-0", "2-1", "8-0", "8-1", "16-1", "32-1", "reference"]
    figure = plt.figure(figsize=(12, 4 + 1.6 * len(folders)))
    grid = figure.add_gridspec(1 + len(folders), len(shown), height_ratios=[2.4] + [1] * len(folders))
    axes = figure.add_subplot(grid[0, :])
    for denoised, label in ((0, "without denoiser"), (1, "with denoiser")):
        points = [rows[f"{s}-{denoised}"] for s in SAMPLES]
        axes.plot(*zip(*points, strict=True), "o-", label=label)
        for s, point in zip(SAMPLES, points, strict=True):
            axes.annotate(str(s), point, textcoords="offset points", xytext=(4, -10), fontsize=8)
    axes.set(xscale="log", xlabel="processor seconds a frame", ylabel="PSNR against the reference, dB")
    axes.grid(alpha=0.3)
    axes.legend()
    for row, folder in enumerate(folders, 1):
        for column, name in enumerate(shown):
            panel = figure.add_subplot(grid[row, column])
            image = picture(folder / f"{name}.png")
            height, width = image.shape[:2]
            panel.imshow(image[height // 4 : 3 * height // 4, width // 3 : 2 * width // 3])
            panel.axis("off")
            if row == 1:
                samples, _, denoised = name.partition("-")
                panel.set_title(f"{samples}{', denoised' if denoised == '1' else ''}", fontsize=9)
    figure.tight_layout()
    figure.savefig(out, dpi=80)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--size", default="320x180", help="WIDTHxHEIGHT")
    parser.add_argument("--reference", type=int, default=512, help="samples of the picture to compare with")
    parser.add_argument("--out", type=Path, default=Path("docs/images/quality.jpg"))
    args = parser.parse_args()
    width, height = args.size.split("x")
    video = f"{{frames: 3, fps: 24, width: {width}, height: {height}, shapes: [given]}}"
    config = load_config(ROOT / "configs/synth/default.yaml", [f"spec.video={video}"])
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name, str(clip)) for clip in args.clips]
        found = []
        for clip, folder in zip(args.clips, folders, strict=True):
            inspect_clip(config, clip, folder / "scene.blend")
            found.append(measured(folder / "scene.blend", 2, args.reference))
        mean = {key: tuple(np.mean([one[key] for one in found], axis=0)) for key in found[0]}
        draw(args.out, mean, folders)
    print("| samples | seconds | PSNR | seconds, denoised | PSNR, denoised |\n| --- | --- | --- | --- | --- |")
    for s in SAMPLES:
        plain, denoised = mean[f"{s}-0"], mean[f"{s}-1"]
        print(f"| {s} | {plain[0]:.2f} | {plain[1]:.1f} | {denoised[0]:.2f} | {denoised[1]:.1f} |")


if __name__ == "__main__":
    main()
