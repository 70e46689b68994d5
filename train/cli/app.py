"""The commands of ``thfm-train``, in the order in which help lists them."""

from __future__ import annotations

import typer

from synth.terminal.commands import new_app
from synth.terminal.errors import Commands
from train.cli import benchmark, data, dvd, evaluate, fit, genception, predict, serve

app = new_app(
    "Train human perception models on streamed shards.",
    "thfm-train data out/quickstart --task depth",
)
converts = typer.Typer(cls=Commands, help="Published weights as folders of ours, and back.", no_args_is_help=True)


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
