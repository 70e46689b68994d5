"""Does another Blender label as this one does? Renders the same tiny clips with both and compares.

python tools/check_bpy_versions.py                    # bpy 5.0.1, which is downloaded (about 350 MB)
python tools/check_bpy_versions.py --engine eevee     # colour by EEVEE, in both; wants a GPU or Mesa's EGL

The other bpy goes into a folder of its own, for the time of the check, or for good with --keep.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
CLIPS = (0, 1)
SETTINGS = ("render.samples=16", "render.denoise=true")  # so that colour is compared, not its noise
# Faces must agree but where two of them meet at a pixel's centre; the rest is compared where they do.
FACES, BARYCENTRIC, DEPTH, MATTE = 0.9999, 1e-4, 1e-5, 0.02
COLOUR_DB = {"cycles": 25.0, "eevee": 18.0}  # against Cycles; EEVEE has other shadows and no light from walls


def render(out: Path, engine: str) -> None:
    """Render the clips with the bpy that this process finds; writes their passes as ``<clip>.npz``."""
    from synth.blender.render import render_clip
    from synth.bodies.clip import build_clip
    from synth.config import load_config
    from synth.make import clip_spec, library_of

    config = load_config(
        ROOT / "configs/synth/tiny.yaml",
        [f"render.engine={engine}", *SETTINGS, *(["spec.camera.distorted=0"] if engine == "eevee" else [])],
    )
    library = library_of(config.bodies)
    for index in CLIPS:
        spec = clip_spec(config, index)
        geometry = build_clip(spec, config.bodies, library)
        passes = render_clip(geometry, spec, config.render, library.hdri(spec.light.hdri), out / f"{index}.log")
        arrays = {name: getattr(passes, name) for name in ("rgb", "matte", "face", "barycentric", "depth")}
        np.savez(out / f"{index}.npz", **arrays)
    import bpy

    print(f"RENDERED bpy {bpy.app.version_string} {engine}")


def rendered(out: Path, engine: str, bpy_folder: Path | None) -> Path:
    """Run ``render`` in a process of its own, with the bpy of ``bpy_folder`` if one is given."""
    out.mkdir()
    path = [str(p) for p in (bpy_folder, ROOT) if p]
    call = [sys.executable, __file__, "--render", str(out), "--engine", engine]
    done = subprocess.run(call, env={**os.environ, "PYTHONPATH": os.pathsep.join(path)}, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"error: rendering failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    print(next(line for line in done.stdout.splitlines() if line.startswith("RENDERED")))
    return out


def install(version: str, folder: Path) -> Path:
    """``bpy`` of ``version`` alone in ``folder``: everything else stays as it is here."""
    if not (folder / "bpy").is_dir():
        print(f"Installing bpy {version} into {folder}")
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "-q",
            "--no-deps",
            "--target",
            str(folder),
            f"bpy=={version}",
        ]
        subprocess.run(command, check=True)
    return folder


def differences(ours: Path, theirs: Path, engine: str) -> list[str]:
    """What differs between two folders of passes, a line each, after printing the measures."""
    faults = []

    def check(name: str, value: float, limit: float, least: bool = False) -> None:
        print(f"  {name:<40} {value:.3g} ({'at least' if least else 'at most'} {limit:g})")
        if not (value >= limit if least else value <= limit):
            faults.append(f"{name} is {value:.3g}")

    for index in CLIPS:
        a, b = (dict(np.load(folder / f"{index}.npz")) for folder in (ours, theirs))
        same = a["face"] == b["face"]
        at = same & (a["face"] >= 0)
        check(f"clip {index}: equal faces", same.mean(), FACES, least=True)
        check(f"clip {index}: barycentrics", np.abs(a["barycentric"] - b["barycentric"])[at].max(), BARYCENTRIC)
        if not np.isnan(a["depth"]).any():  # it is told behind no lens
            check(f"clip {index}: depth, relative", np.abs(a["depth"][at] / b["depth"][at] - 1).max(), DEPTH)
        check(f"clip {index}: matte, mean", np.abs(a["matte"] - b["matte"]).mean(), MATTE)
        error = np.square(a["rgb"].astype(float) - b["rgb"]).mean()
        check(f"clip {index}: colour, dB", 10 * np.log10(255**2 / max(error, 1e-9)), COLOUR_DB[engine], least=True)
    return faults


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", default="5.0.1", help="of the other bpy")
    parser.add_argument("--engine", default="cycles", choices=("cycles", "eevee"), help="of colour")
    parser.add_argument("--keep", type=Path, help="folder for the other bpy, used again if it is there")
    parser.add_argument("--render", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.render:
        return render(args.render, args.engine)
    with tempfile.TemporaryDirectory(prefix="thfm-bpy-") as name:
        folder = Path(name)
        other = install(args.version, args.keep or folder / "bpy")
        ours = rendered(folder / "ours", "cycles", None)
        runs = {f"bpy {args.version}": rendered(folder / "theirs", args.engine, other)}
        if args.engine != "cycles":
            runs |= {f"{args.engine} here": rendered(folder / "engine", args.engine, None)}
        faults = []
        for label, theirs in runs.items():
            print(f"{label} against Cycles here")
            faults += [f"{label}: {fault}" for fault in differences(ours, theirs, args.engine)]
    if faults:
        sys.exit("\n".join(f"error: {fault}" for fault in faults))
    print(f"bpy {args.version} labels as this one does.")


if __name__ == "__main__":
    main()
