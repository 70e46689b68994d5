"""``thfm-train evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from train.cli.judging import judged
from train.cli.options import Clips, Constant, Device, Dtype, Fresh, Pictures, Url
from train.cli.words import examples

EXAMPLES = examples(
    "`thfm-train evaluate out/tiny out/quickstart`",
    "`thfm-train evaluate runs/a s3://bucket/held-out --task depth --task normals --out out/judged`",
    "`thfm-train evaluate runs/a out/held-out tasks.depth.alignment=scale tasks.normals.region=people`",
)


def evaluate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="What `fit` wrote: RUN, or RUN/final.")],
    url: Url,
    overrides: Annotated[
        list[str] | None,
        typer.Argument(metavar="[key=value ...]", help="How tasks are measured: tasks.depth.alignment=scale."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="For the results. [default: RUN/evaluate/<set>]")
    ] = None,
    task: Annotated[list[str] | None, typer.Option("--task", help="Repeat it. [default: all of the model's]")] = None,
    clips: Clips = None,
    frames: Annotated[
        int | None, typer.Option("--frames", min=1, help="Of longer clips the middle so many frames.")
    ] = None,
    constant: Constant = 16,
    pictures: Pictures = 3,
    device: Device = None,
    dtype: Dtype = None,
    fresh: Fresh = False,
) -> None:
    """Judge a model on labelled clips: every metric of every task, as a table, report.json and report.html.

    Each clip's results are kept when they are known, in DIR/clips.jsonl; the same command goes on from there. Exit code
    0: all clips were judged; 1: an error; 3: some clips could not be read.
    """
    from train.inference.cases import shard_cases
    from train.inference.judge import Question, options_of
    from train.inference.results import results_folder

    found = shard_cases(url, frames, clips)
    question = Question(
        title=f"{run.name or run} on {url}",
        data=url,
        cases=found.cases,
        tasks=task,
        options=options_of(overrides or ()),
        constant=constant,
        keep=pictures,
        damaged=found.damaged,
        settings={"content": found.content, "frames": frames, "clips": clips},
    )
    name = url.rstrip("/").rpartition("/")[2].removesuffix(".tar") or "set"
    _, code = judged(run, question, out or results_folder(run, "evaluate", name), device, dtype, fresh)
    raise typer.Exit(code)
