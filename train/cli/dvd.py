"""``thfm-train convert dvd``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from train.cli.words import examples

EXAMPLES = examples(
    "`thfm-train convert dvd weights/dvd runs/dvd`",
    "`thfm-train fit configs/train/wan-1.3b.yaml --out runs/on-dvd model.path=runs/dvd model.timestep=500 "
    "model.codec.vae.path=Wan-AI/Wan2.1-T2V-1.3B-Diffusers model.text.path=Wan-AI/Wan2.1-T2V-1.3B-Diffusers`",
)


def dvd(
    source: Annotated[Path, typer.Argument(metavar="IN", help="DVD's model.safetensors, or the folder that holds it.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new folder.")],
) -> None:
    """Turn DVD's weights (video depth by LoRA on Wan 2.1) into a folder of ours, adapters merged.

    It answers with disparity as grey video, which no task of ours speaks of: a backbone to go on from, or to call.
    """
    from rich.console import Console

    from synth.terminal.progress import bar
    from train.inference.dvd import to_folder

    with bar("converting") as advance:
        meta = to_folder(source, out, advance=advance)
    told = f"{out}: {meta['model']['dtype']}, timestep {meta['model']['timestep']:g}"
    Console(soft_wrap=True).print(told, highlight=False, markup=False)
