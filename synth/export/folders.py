"""Plain folders: ``<clip>/<field>/000000.png`` or ``.exr``, and ``<clip>/{arrays.npz,people.npz,meta.json}``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from synth.export.pictures import write_exr, write_png
from synth.export.run import Options, frames_in
from synth.shards import FIELDS, Clip
from synth.shards.quantise import QUANTISERS


class Exporter:
    """uint8 fields and the matte (times 255) become PNG, the others EXR of 32-bit floats with NaN where nothing is."""

    def __init__(self, out: Path, options: Options):
        self.out = out

    def add(self, clip: Clip) -> None:
        """One folder a clip."""
        root, arrays = self.out / clip.key, {}
        for name in clip.fields():
            field = FIELDS[name]
            if field.codec in QUANTISERS or field.codec == "h264":
                for number, value in frames_in(clip, name):
                    if field.dtype == "uint8":
                        write_png(root / name / f"{number:06d}.png", value)
                    elif name == "matte":
                        write_png(root / name / f"{number:06d}.png", np.rint(value * 255).astype(np.uint8))
                    else:
                        write_exr(root / name / f"{number:06d}.exr", value)
            elif name != "smplx":
                arrays[name] = getattr(clip, name)
        root.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(root / "arrays.npz", **arrays)
        if "smplx" in clip.fields():
            people = {f"{k}.{name}": v for k, person in enumerate(clip.smplx, 1) for name, v in person.items()}
            np.savez_compressed(root / "people.npz", **people)
        head = {"key": clip.key, "fps": clip.fps, "frames": clip.num_frames, "meta": clip.meta}
        (root / "meta.json").write_text(json.dumps(head, indent=1), encoding="utf-8")

    def finish(self) -> None:
        """Nothing belongs to all clips."""
