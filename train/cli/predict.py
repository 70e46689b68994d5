"""``thfm-train predict``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from synth.conventions import ThfmError
from train.cli.options import Device, Dtype
from train.cli.words import examples, require_choice

EXAMPLES = examples(
    "`thfm-train predict runs/wan walk.mp4 --out out/walk`",
    "`thfm-train predict runs/wan clips/*.mp4 --tasks depth,normals --depth exr --out out/clips`",
    "`thfm-train predict runs/wan/final frames/ photo.jpg --fps 30 --dtype bfloat16 --out out/mine`",
)


def predict(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="What `thfm-train fit` wrote: RUN, or RUN/final.")],
    videos: Annotated[list[str], typer.Argument(metavar="VIDEO...", help="Videos, pictures, or folders of pictures.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Gets a folder for each video.")],
    tasks: Annotated[
        str | None, typer.Option("--tasks", help="Such as depth,normals. [default: all that were trained]")
    ] = None,
    depth: Annotated[
        str, typer.Option("--depth", metavar="[png|exr|npz]", help="16-bit PNG, float EXR, or one float array.")
    ] = "png",
    matte: Annotated[
        str, typer.Option("--matte", metavar="[mov|png]", help="ProRes 4444 with alpha, or RGBA PNG.")
    ] = "mov",
    arrays: Annotated[bool, typer.Option("--arrays/--no-arrays", help="Write npz beside pictures.")] = True,
    film_only: Annotated[bool, typer.Option("--film-only", help="Write nothing but the film that shows all.")] = False,
    fps: Annotated[
        float | None,
        typer.Option("--fps", min=0.001, max=1000, help="Frames a second of folders of pictures. [default: 24]"),
    ] = None,
    frames: Annotated[
        int | None, typer.Option("--frames", min=1, help="Frames a window. [default: as it was trained]")
    ] = None,
    overlap: Annotated[
        int | None, typer.Option("--overlap", min=0, help="Frames that windows share. [default: a quarter]")
    ] = None,
    size: Annotated[
        str | None, typer.Option("--size", metavar="HxW", help="What the model sees. [default: as it was trained]")
    ] = None,
    device: Device = None,
    dtype: Dtype = None,
) -> None:
    """Answer about videos of any size and length.

    DIR/<video>/ appears when it is complete: pictures and arrays of every task, a film that shows all, and
    predict.json. A video that is finished with the same settings is skipped. Exit code 0: all are there; 1: an error,
    or some videos failed, a line each; the others are there.
    """
    from typing import get_args, get_type_hints

    from rich.console import Console

    from synth.terminal.errors import FAULTS, complain
    from synth.terminal.progress import bar
    from train.inference import Predictor
    from train.inference.predict import predict as predicted
    from train.inference.write import Formats

    for name, value in (("depth", depth), ("matte", matte)):
        require_choice(f"--{name}", value, get_args(get_type_hints(Formats)[name]))
    shape = _height_and_width(size)
    wanted = [name.strip() for name in tasks.split(",") if name.strip()] if tasks else None
    console, failed = Console(soft_wrap=True), 0
    predictor = Predictor.from_pretrained(run, device=device, dtype=dtype, frames=frames, overlap=overlap, size=shape)
    with bar("predicting") as advance:
        for outcome in predicted(
            predictor, run, videos, out, wanted, Formats(depth, matte, arrays, film_only), fps, advance
        ):
            if outcome.frames is None:
                failed += 1
                complain(outcome.message)
                continue
            count = f"{outcome.frames} frame{'s' if outcome.frames > 1 else ''}"
            how = count if outcome.new else f"{count}, finished before"
            note = f" ({outcome.message})" if outcome.message else ""
            line = os.fsencode(f"{outcome.video}: {how}, {outcome.folder}{note}").decode(errors="replace")
            console.print(line, highlight=False, markup=False)
    if failed:
        raise typer.Exit(FAULTS)


def _height_and_width(size: str | None) -> tuple[int, int] | None:
    """480x832 -> (480, 832)."""
    if size is None:
        return None
    height, _, width = size.lower().partition("x")
    if not (height.isdigit() and width.isdigit() and int(height) and int(width)):
        raise ThfmError(f"--size {size}: write height x width, such as 480x832.")
    return int(height), int(width)
