"""Arguments and options that several commands take alike."""

from __future__ import annotations

from typing import Annotated

import typer

Url = Annotated[str, typer.Argument(metavar="URL", help="A data set, a shard or a brace pattern of shards.")]

# Of the commands that run a model.
Device = Annotated[
    str | None, typer.Option("--device", help="Such as cpu or cuda:1. [default: the first GPU, or the CPU]")
]
Dtype = Annotated[str | None, typer.Option("--dtype", help="float32, bfloat16 or float16. [default: as it is saved]")]

# Of those that judge one.
Clips = Annotated[int | None, typer.Option("--clips", min=1, help="So many clips, evenly spread.")]
Constant = Annotated[int, typer.Option("--constant", min=0, help="Clips whose mean is the constant answer; 0: none.")]
Pictures = Annotated[int, typer.Option("--pictures", min=0, help="Best and worst clips to show, each.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Forget the results that DIR holds.")]
