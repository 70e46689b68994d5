"""Draw the sheet of places in docs/scenes.md: the middle frame of clips of every kind, in colour.

It renders for some minutes: ``python -m tools.scene_sheet --out docs/images/scenes.jpg``.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from synth.blender.render import render_colour
from synth.config import load_config
from synth.conventions import ClipRejected
from synth.make import clip_geometry, clip_spec, library_of

ROOT = Path(__file__).resolve().parents[1]

CONFIG = ROOT / "configs" / "synth" / "quickstart.yaml"
KINDS = ("room", "street", "nature", "room", "street", "studio", "room", "nature", "street")
COLUMNS = 3


def pictures(size: tuple[int, int], samples: int, seed: int) -> list[np.ndarray]:
    """One picture (H, W, 3) a kind; of a draw that is rejected, the next is taken."""
    out: list[np.ndarray] = []
    with tempfile.TemporaryDirectory() as folder:
        for index, kind in enumerate(KINDS):
            config = load_config(CONFIG, [
                f"seed={seed}", f"spec.scene.kinds=[{kind}]", "spec.video.frames=1", f"spec.video.width={size[0]}",
                f"spec.video.height={size[1]}", f"render.samples={samples}", "spec.camera.focal_mm=[18,40]",
                "spec.camera.framings=[full_body]",
            ])  # fmt: skip
            for attempt in range(config.qa.attempts):
                spec, log = clip_spec(config, index, attempt), Path(folder) / "blender.log"
                try:
                    geometry = clip_geometry(spec, config, log)
                except ClipRejected:
                    continue
                hdri = library_of(config.bodies).hdri(spec.light.hdri)
                out.append(render_colour(geometry, spec, config.render, hdri, log).rgb[0])
                print(f"{index}: {kind}, {spec.light.time}, {geometry.scene}", flush=True)
                break
    return out


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", type=int, nargs=2, default=(384, 224))
    parser.add_argument("--samples", type=int, default=12)
    parser.add_argument("--seed", type=int, default=4)
    arguments = parser.parse_args()
    tiles = pictures(tuple(arguments.size), arguments.samples, arguments.seed)
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % COLUMNS)
    rows = [np.concatenate(tiles[k : k + COLUMNS], 1) for k in range(0, len(tiles), COLUMNS)]
    Image.fromarray(np.concatenate(rows)).save(arguments.out, quality=88)
