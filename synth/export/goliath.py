"""Masks of Goliath-28, the classes of Sapiens: ``images/``, ``masks/`` (255: unknown) and ``classes.json``."""

from __future__ import annotations

import json
from pathlib import Path

from synth.export.pictures import write_png
from synth.export.run import Options, frames_in, needs
from synth.shards import Clip
from synth.vocabularies import GOLIATH28


class Exporter:
    """One picture and one mask a frame, of the same name."""

    def __init__(self, out: Path, options: Options):
        self.out = out

    def add(self, clip: Clip) -> None:
        """All frames of a clip."""
        needs(clip, "rgb", "semantics", "parts")
        for (number, rgb), (_, semantics), (_, parts) in zip(
            *(frames_in(clip, name) for name in ("rgb", "semantics", "parts")), strict=True
        ):
            name = f"{clip.key}_{number:06d}.png"
            write_png(self.out / "images" / name, rgb)
            write_png(self.out / "masks" / name, GOLIATH28.translate(semantics, parts))

    def finish(self) -> None:
        """The names of the classes."""
        classes = {"classes": list(GOLIATH28.names), "unknown": 255}
        (self.out / "classes.json").write_text(json.dumps(classes, indent=1))
