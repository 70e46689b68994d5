"""``thfm-train data``."""

from __future__ import annotations

from typing import Annotated

import typer

from synth.conventions import ThfmError
from train.cli.options import Url
from train.cli.words import examples

EXAMPLES = examples(
    "`thfm-train data out/quickstart --task depth --task normals`",
    "`thfm-train data 's3://bucket/people/shard-{000000..000007}.tar' --clips 100 --threads 2`",
)


def data(
    url: Url,
    task: Annotated[
        list[str] | None, typer.Option("--task", help="What to decode for; repeat it. [default: all]")
    ] = None,
    clips: Annotated[int | None, typer.Option("--clips", min=1, help="Stop after so many clips.")] = None,
    threads: Annotated[int, typer.Option("--threads", min=1, help="Decoder threads per field.")] = 1,
) -> None:
    """Stream a data set, and say how fast one reader decodes it, field by field."""
    from rich.console import Console
    from rich.table import Table

    from train.data import measure
    from train.tasks import TASKS, build_tasks

    tasks = build_tasks({name: None for name in task or TASKS})
    fields = tuple(dict.fromkeys(["rgb", *(field for one in tasks.values() for field in one.fields)]))
    speed = measure(url, fields, clips, threads)
    if not speed.clips:
        raise ThfmError(f"{url} holds no clip: generate some first.")
    table = Table("field", "ms a frame", "MB/s decoded", box=None)
    for name, seconds in speed.seconds.items():
        rate = speed.bytes[name] / 1e6 / seconds
        table.add_row(name, f"{1e3 * seconds / speed.frames:.2f}", f"{rate:.0f}")
    console = Console()
    console.print(table)
    total = sum(speed.bytes.values()) / 1e6 / speed.wall
    console.print(
        f"{speed.clips} clips, {speed.frames} frames: {speed.clips / speed.wall:.2f} clips/s, "
        f"{speed.frames / speed.wall:.1f} frames/s, {total:.0f} MB/s decoded.",
        highlight=False,
    )
