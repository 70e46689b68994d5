"""Do other devices make the same clips? Renders tiny clips on this CPU and elsewhere, and compares.

python tools/check_devices.py --device gpu    # or cuda, optix, hip, oneapi, metal
python tools/check_devices.py                 # this CPU again, with the instructions of an older one (no AVX)

Labels have to be the same, and colour and the matte that comes with it within the tolerance of docs/cluster.md.
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
CLIPS = (0, 1, 2)
COLOUR_DB, MATTE = 35.0, 0.02  # PSNR at least; mean difference at most
BARYCENTRIC = 1e-3  # of CPUs of two kinds, whose last bits differ
_OLD_CPU = {"CYCLES_CPU_NO_AVX": "1", "CYCLES_CPU_NO_AVX2": "1"}


def render(out: Path, device: str) -> None:
    """Render the clips; writes their passes as ``<clip>.npz``."""
    from synth.blender.render import render_clip
    from synth.config import load_config
    from synth.make import clip_geometry, clip_spec, library_of

    config = load_config(ROOT / "configs/synth/tiny.yaml", [f"render.device={device}", "render.samples=16"])
    for index in CLIPS:
        spec, log = clip_spec(config, index), out / f"{index}.log"
        hdri = library_of(config.bodies).hdri(spec.light.hdri)
        passes = render_clip(clip_geometry(spec, config, log), spec, config.render, hdri, log)
        np.savez(out / f"{index}.npz", **{n: getattr(passes, n) for n in ("rgb", "matte", "face", "barycentric")})


def rendered(out: Path, device: str, environment: dict[str, str]) -> Path:
    """Run ``render`` in a process of its own."""
    out.mkdir()
    call = [sys.executable, __file__, "--render", str(out), "--device", device]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    done = subprocess.run(call, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr.strip().splitlines()[-1])
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu", help="the other one")
    parser.add_argument("--render", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.render:
        return render(args.render, args.device)
    same_cpu, bad = args.device != "cpu", False
    with tempfile.TemporaryDirectory(prefix="thfm-devices-") as name:
        here = rendered(Path(name, "here"), "cpu", {})
        there = rendered(Path(name, "there"), args.device, {} if same_cpu else _OLD_CPU)
        for index in CLIPS:
            a, b = (dict(np.load(folder / f"{index}.npz")) for folder in (here, there))
            faces = float((a["face"] == b["face"]).mean())
            corners = float(np.abs(a["barycentric"] - b["barycentric"]).max())
            matte = float(np.abs(a["matte"] - b["matte"]).mean())
            decibels = -10 * np.log10(max(np.square(a["rgb"] / 255.0 - b["rgb"] / 255.0).mean(), 1e-12))
            good = faces == 1 and corners <= (0 if same_cpu else BARYCENTRIC)
            good = good and matte <= MATTE and decibels >= COLOUR_DB
            bad |= not good
            print(
                f"clip {index}: faces {100 * faces:.4g} % equal, barycentrics {corners:.2g} apart, matte {matte:.2g}, "
                f"colour {decibels:.1f} dB: {'good' if good else 'NOT WITHIN THE TOLERANCE'}"
            )
    sys.exit(bad)


if __name__ == "__main__":
    main()
