"""The commands of ``thfm-train``, in the order in which help lists them."""

from __future__ import annotations

from typing import Annotated

import typer

from synth.terminal.errors import Commands, show_version
from train.cli import benchmark, data, dvd, evaluate, fit, genception, predict, serve

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
converts = typer.Typer(cls=Commands, help="Published weights as folders of ours, and back.", no_args_is_help=True)

Version = Annotated[bool, typer.Option("--version", help="Print the version.", callback=show_version, is_eager=True)]


@app.callback()
def _root(version: Version = False) -> None:
    pass


app.command(epilog=data.EXAMPLES)(data.data)
app.command(epilog=fit.EXAMPLES)(fit.fit)
app.command(epilog=predict.EXAMPLES)(predict.predict)
app.command(epilog=serve.EXAMPLES)(serve.serve)
app.command(epilog=evaluate.EXAMPLES)(evaluate.evaluate)
app.command(epilog=benchmark.EXAMPLES)(benchmark.benchmark)
app.add_typer(converts, name="convert")
converts.command(epilog=genception.EXAMPLES)(genception.genception)
converts.command(epilog=dvd.EXAMPLES)(dvd.dvd)


def main() -> None:
    """Entry point of the console script."""
    app()
