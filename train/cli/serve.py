"""``thfm-train serve``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from train.cli.options import Device, Dtype
from train.cli.words import examples

EXAMPLES = examples(
    "`thfm-train serve out/quickstart-model`",
    "`thfm-train serve runs/wan --device cuda --dtype bfloat16 --host 0.0.0.0 --port 8080`",
)


def serve(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="What `thfm-train fit` wrote: RUN, or RUN/final.")],
    host: Annotated[
        str, typer.Option("--host", help="Where to listen; 0.0.0.0 lets everybody in who can reach this machine.")
    ] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65535, help="[default: the first free one from 7860]")
    ] = None,
    limit: Annotated[str, typer.Option("--max-upload", metavar="SIZE", help="The largest video.")] = "2gb",
    show: Annotated[bool, typer.Option("--open", help="Show the page in this machine's browser.")] = False,
    device: Device = None,
    dtype: Dtype = None,
) -> None:
    """Open a page in which anybody can drop a video, choose tasks and see the answers.

    Questions are answered one after another. What is uploaded and answered is deleted after an hour at most, or with
    the page: ^C ends it.
    """
    import signal
    import threading

    from rich.console import Console

    from train.inference.predictor import Predictor, model_folder
    from train.serve import serve as served

    predictor = Predictor.from_pretrained(run, device=device, dtype=dtype)
    stop = threading.Event()
    with served(predictor, model_folder(run), host=host, port=port, limit=limit, show=show) as address:
        for number in (signal.SIGINT, signal.SIGTERM):  # said aloud, because jobs in the background inherit deaf ears
            signal.signal(number, lambda *_: stop.set())
        Console(soft_wrap=True).print(f"{run} answers at {address} (^C ends it)", highlight=False, markup=False)
        stop.wait()
