"""``thfm-train convert genception``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from synth.conventions import ThfmError
from train.cli.words import examples, named_paths, require_choice

EXAMPLES = examples(
    "`thfm-train convert genception weights/genception_1.3b runs/genception`",
    "`thfm-train convert genception weights/genception_14b runs/14b --prompt matte='refvos/davis/a_man..npy'`",
    "`thfm-train convert genception runs/genception weights/back`",
    "`thfm-train predict runs/genception walk.mp4 --tasks depth --out out/walk`",
)


def genception(
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="A release (its folder, or the .npz); or a folder of ours.")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new folder: ours; or in the layout of the release.")],
    prompts: Annotated[
        Path | None,
        typer.Option(
            "--prompts",
            metavar="DIR",
            help="Holds depth.npy and normals.npy. [default: prompt_embeddings/ in IN or beside it]",
        ),
    ] = None,
    prompt: Annotated[
        list[str] | None,
        typer.Option("--prompt", metavar="TASK=FILE", help="Embedding of another prompt for a task; repeat it."),
    ] = None,
    text_encoder: Annotated[
        str | None,
        typer.Option("--text-encoder", metavar="WAN", help="Hub id or folder to embed prompts that have no file."),
    ] = None,
    dtype: Annotated[
        str | None, typer.Option("--dtype", metavar="[float32|bfloat16]", help="[default: as it is stored]")
    ] = None,
) -> None:
    """Turn a released GenCeption checkpoint (1.3B or 14B) into a folder of ours, or such a folder back.

    OUT appears when it is complete. Weights pass through memory block by block, so 14B needs about 1 GB of it.
    """
    from rich.console import Console

    from synth.terminal.progress import bar
    from train.inference.genception import to_folder
    from train.inference.genception_back import to_release
    from train.inference.genception_source import find_prompts, find_source

    console = Console(soft_wrap=True)
    ours = next((folder for folder in (source, source / "final") if (folder / "thfm.json").is_file()), None)
    if ours is not None:
        if prompts or prompt or text_encoder or dtype:
            raise ThfmError(f"{ours} is a folder of ours: on the way back no option has a meaning.")
        with bar("converting") as advance:
            npz = to_release(ours, out, advance=advance)
        console.print(f"{npz}", highlight=False, markup=False)
        return
    if dtype is not None:
        require_choice("--dtype", dtype, ("float32", "bfloat16"))
    found = find_source(source)
    named = find_prompts(found.npz, prompts, named_paths("--prompt", prompt or (), "TASK=FILE", "matte=a_man.npy"))
    with bar("converting") as advance:
        meta = to_folder(found, out, named, dtype=dtype, text_encoder=text_encoder, advance=advance)
    tasks = ", ".join(meta["tasks"]) or "no task, for no prompt was found: give --prompts or --text-encoder"
    codec = "" if found.vae else f"; the codec comes from {meta['model']['codec']['vae']['path']}"
    console.print(f"{out}: {meta['model']['dtype']}, {tasks}{codec}", highlight=False, markup=False)
