"""``thfm-train``: thin commands. Heavy modules are imported by the command that needs them."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from typer.core import TyperGroup

from synth.conventions import ThfmError


class _Commands(TyperGroup):
    """Errors meant for the user end in one line and exit code 1, an interruption in 130."""

    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except ThfmError as error:
            print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            raise typer.Exit(130) from None


app = typer.Typer(
    cls=_Commands,
    help="Train human perception models on streamed shards.",
    epilog="Start with: thfm-train data out/quickstart --task depth",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"thfm {version('thfm')}")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)]


@app.callback()
def _root(version: Version = False) -> None:
    pass


@app.command(
    epilog="**Examples**\n\n`thfm-train data out/quickstart --task depth --task normals`\n\n"
    "`thfm-train data 's3://bucket/people/shard-{000000..000007}.tar' --clips 100 --threads 2`"
)
def data(
    url: Annotated[str, typer.Argument(metavar="URL", help="A data set, a shard or a brace pattern of shards.")],
    task: Annotated[
        list[str] | None, typer.Option("--task", help="What to decode for; repeat it. [default: all]")
    ] = None,
    clips: Annotated[int | None, typer.Option("--clips", min=1, help="Stop after so many clips.")] = None,
    threads: Annotated[int, typer.Option("--threads", min=1, help="Decoder threads per field.")] = 1,
) -> None:
    """Stream a data set, and say how fast one reader decodes it, field by field."""
    from rich.console import Console
    from rich.table import Table

    from synth.shards import read_clips
    from train.data import measure
    from train.tasks import TASKS, build_tasks

    tasks = build_tasks({name: None for name in task or TASKS})
    fields = tuple(dict.fromkeys(["rgb", *(field for one in tasks.values() for field in one.fields)]))
    speed = measure(read_clips(url, fields, threads), fields, clips)
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


def main() -> None:
    """Entry point of the console script."""
    app()
