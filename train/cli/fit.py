"""``thfm-train fit``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from synth.conventions import ThfmError
from train.cli.words import examples

EXAMPLES = examples(
    "`thfm-train fit configs/train/tiny.yaml --out out/tiny`",
    "`thfm-train fit configs/train/tiny.yaml --out out/mine tasks.normals.ratio=0 engine.steps=900`",
    "`accelerate launch -m train.cli fit configs/train/wan-1.3b.yaml --out runs/a engine.fsdp=true`",
    "`thfm-train fit configs/train/wan-1.3b.yaml --out /shared/runs/b --ray-workers 8 --ray-address auto`",
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
