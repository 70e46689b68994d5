"""DensePose's IUV pictures, as its tools write them: as OpenCV reads them, channel 0 is the part, 1 and 2 are u and v
times 255."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from synth.bodies.config import assets_folder
from synth.bodies.model import load_body
from synth.conventions import ThfmError
from synth.densepose import load_charts
from synth.export.pictures import write_png
from synth.export.run import Options, frames_in, needs
from synth.shards import Clip


class Exporter:
    """``images/<clip>_<frame>.png``, ``iuv/<clip>_<frame>_IUV.png`` and ``inds/<clip>_<frame>_INDS.png`` (persons)."""

    def __init__(self, out: Path, options: Options):
        if options.charts is None or options.template is None:
            raise ThfmError(
                "densepose needs --charts UV_Processed.mat of DensePose and --template, SMPL's v_template as .npy: "
                "docs/licensed-data.md says where to get them."
            )
        try:
            template = np.load(options.template, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise ThfmError(f"{options.template} is no .npy of vertices ({error}).") from None
        neutral = load_body(options.models or assets_folder() / "bodies", "neutral")
        self.charts = load_charts(options.charts, template, neutral.template[np.unique(neutral.faces)])
        self.out = out

    def add(self, clip: Clip) -> None:
        """All frames of a clip."""
        needs(clip, "rgb", "surface", "instances")
        for (number, rgb), (_, surface), (_, people) in zip(
            *(frames_in(clip, name) for name in ("rgb", "surface", "instances")), strict=True
        ):
            name = f"{clip.key}_{number:06d}"
            part, uv = self.charts.translate(surface)
            u, v = np.moveaxis(np.rint(np.clip(uv, 0, 1) * 255).astype(np.uint8), -1, 0)
            write_png(self.out / "images" / f"{name}.png", rgb)
            write_png(self.out / "iuv" / f"{name}_IUV.png", np.stack([v, u, part], -1))  # OpenCV turns it round
            write_png(self.out / "inds" / f"{name}_INDS.png", np.where(part > 0, people, 0))

    def finish(self) -> None:
        """Nothing belongs to all clips."""
