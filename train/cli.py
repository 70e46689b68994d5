"""``thfm-train``: thin commands. Heavy modules are imported by the command that needs them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from synth.conventions import ThfmError
from synth.terminal.errors import Commands, show_version

app = typer.Typer(
    cls=Commands,
    help="Train human perception models on streamed shards.",
    epilog="Start with: thfm-train data out/quickstart --task depth",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


Version = Annotated[bool, typer.Option("--version", help="Print the version.", callback=show_version, is_eager=True)]


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


@app.command(
    epilog="**Examples**\n\n`thfm-train fit configs/train/tiny.yaml --out out/tiny`\n\n"
    "`thfm-train fit configs/train/tiny.yaml --out out/mine tasks.normals.ratio=0 engine.steps=900`\n\n"
    "`accelerate launch -m train.cli fit configs/train/wan-1.3b.yaml --out runs/a engine.fsdp=true`\n\n"
    "`thfm-train fit configs/train/wan-1.3b.yaml --out /shared/runs/b --ray-workers 8 --ray-address auto`"
)
def fit(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="A YAML file such as configs/train/tiny.yaml.")],
    out: Annotated[Path, typer.Option("--out", metavar="RUN", help="Folder of the run; all processes must see it.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="[key=value ...]", help="Laid over the config, by dotted names.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Insist on a checkpoint to go on from.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Delete the run that RUN holds, and begin.")] = False,
    ray_workers: Annotated[
        int | None, typer.Option("--ray-workers", min=1, help="Train on so many Ray workers.")
    ] = None,
    ray_address: Annotated[
        str | None,
        typer.Option("--ray-address", help="Cluster to use; auto is the one you are on. [default: a new one]"),
    ] = None,
) -> None:
    """Train a model, or go on training it.

    When RUN holds a checkpoint, the run goes on from the newest one. SIGTERM and ^C save first; a second one stops at
    once. Exit code 0: complete, or at engine.time_limit; 1: an error; 130 or 143: interrupted and saved.

    RUN/: config.yaml, metrics.jsonl, tensorboard/, pictures/, checkpoints/, and in the end final/ in diffusers' layout.
    """
    from train.config import load_config

    if resume and fresh:
        raise ThfmError("--resume goes on with a run and --fresh deletes it: give one of them.")
    mode = "resume" if resume else "fresh" if fresh else "auto"
    loaded = load_config(config, overrides or ())
    if ray_workers is not None:
        from train.engine.ray import fit_on_ray

        code = fit_on_ray(loaded, out, mode, ray_workers, ray_address)
    else:
        from train.engine.trainer import fit as train

        code = train(loaded, out, mode)
    raise typer.Exit(code)


def main() -> None:
    """Entry point of the console script."""
    app()


if __name__ == "__main__":
    main()
