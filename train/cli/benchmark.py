"""``thfm-train benchmark``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from synth.conventions import ThfmError
from train.cli.judging import judged
from train.cli.options import Clips, Constant, Device, Dtype, Fresh, Pictures
from train.cli.words import examples, named_paths

EXAMPLES = examples(
    "`thfm-train benchmark` (which there are)",
    "`thfm-train benchmark hi4d /data/Hi4D --model runs/a`",
    "`thfm-train benchmark emdb /data/EMDB --model runs/a --with bodies=/data/models`",
)


def benchmark(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Which; without it, all are listed.")] = None,
    folder: Annotated[Path | None, typer.Argument(metavar="[FOLDER]", help="As its authors publish it.")] = None,
    model: Annotated[Path | None, typer.Option("--model", metavar="RUN", help="RUN, or RUN/final.")] = None,
    companions: Annotated[
        list[str] | None, typer.Option("--with", metavar="NAME=PATH", help="What else it needs; repeat it.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="For the results. [default: RUN/benchmark/<name>]")
    ] = None,
    clips: Clips = None,
    frames: Annotated[
        int | None, typer.Option("--frames", min=1, help="Cut videos into pieces of so many frames.")
    ] = None,
    constant: Constant = 0,
    pictures: Pictures = 3,
    device: Device = None,
    dtype: Dtype = None,
    fresh: Fresh = False,
) -> None:
    """Judge a model on a benchmark of the literature: its row beside the published ones.

    Writes what `evaluate` writes, and row.json. Nothing is downloaded, and nothing in the folder is run.
    """
    import json

    from rich.console import Console
    from rich.table import Table

    from train.benchmarks import BENCHMARKS, Request
    from train.benchmarks import benchmark as find
    from train.benchmarks.row import to_plain, to_table
    from train.inference.judge import Question, spread
    from train.inference.results import results_folder, write_text

    console = Console()
    if name is None:
        table = Table("name", "benchmark", "folder holds", "--with", box=None, padding=(0, 2, 1, 0))
        table.columns[2].overflow = "fold"
        for one in BENCHMARKS.values():
            table.add_row(one.name, one.title, one.layout, ", ".join(one.companions))
        console.print(table)
        return
    chosen = find(name)
    if folder is None or model is None:
        raise ThfmError(f"name the folder and the model: thfm-train benchmark {name} FOLDER --model RUN.")
    named = named_paths("--with", companions or (), "NAME=PATH", "bodies=/data/models")
    cases = chosen.open(Request(folder, named, frames))
    question = Question(
        title=f"{model.name or model} on {chosen.title}",
        data=str(folder),
        cases=spread(cases, clips),
        tasks=list(chosen.tasks),
        options=chosen.tasks,
        constant=constant,
        keep=pictures,
        settings={"benchmark": name, "frames": frames, "clips": clips, "with": sorted(map(str, named.values()))},
    )
    out = out or results_folder(model, "benchmark", name)
    report, failed = judged(model, question, out, device, dtype, fresh)
    write_text(out, "row.json", json.dumps(to_plain(chosen, report), indent=1))
    console.print(to_table(chosen, report, str(model)))
    raise typer.Exit(failed)
