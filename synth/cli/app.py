"""The commands of ``thfm-synth``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synth.terminal.commands import new_app
from synth.terminal.errors import FAILED_CLIPS, FAULTS, INTERRUPTED, complain

if TYPE_CHECKING:
    from synth.cluster.summary import Summary

app = new_app(
    "Make, check and look at labelled synthetic video of people.",
    "thfm-synth generate configs/synth/quickstart.yaml --out out/quickstart",
)

Config = Annotated[Path, typer.Argument(metavar="CONFIG", help="YAML file, such as configs/synth/quickstart.yaml.")]
Overrides = Annotated[
    list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Changes to the config by dotted key.")
]
Url = Annotated[str, typer.Argument(metavar="URL", help="A data set: local folder or fsspec URL (s3://, gs://).")]


def _examples(*lines: str) -> str:
    return "**Examples**\n\n" + "\n\n".join(f"`{line}`" for line in lines)


@app.command(
    epilog=_examples(
        "thfm-synth generate configs/synth/quickstart.yaml --out out/quickstart",
        "thfm-synth generate configs/synth/default.yaml --out s3://bucket/people clips=100000 cluster.address=auto",
        "thfm-synth generate configs/synth/tiny.yaml --out out/tiny seed=7 'spec.camera.moves=[orbit]'",
    )
)
def generate(
    config: Config,
    out: Annotated[str, typer.Option("--out", metavar="URL", help="Where the data set goes: folder or fsspec URL.")],
    overrides: Overrides = None,
    as_json: Annotated[bool, typer.Option("--json", help="Progress and summary as lines of JSON.")] = False,
) -> None:
    """Make a data set, or the rest of one.

    Interrupt it at any time and run the same command again: finished clips are not rendered twice, and the result is
    the same to the byte. Exit code 0: complete; 1: an error; 3: some clips failed (the next run tries them again);
    130: interrupted.
    """
    from synth.config import load_config

    loaded = load_config(config, overrides or ())
    from synth.cluster import engine

    _make(lambda: engine.generate(loaded, out, as_json=as_json), out, as_json)


def _make(run: Callable[[], Summary], out: str, as_json: bool) -> None:
    from synth.cluster.summary import closing_line

    try:
        summary = run()
    except KeyboardInterrupt:
        complain(f"stopped at once; {_RESUME}")
        raise typer.Exit(INTERRUPTED) from None
    if not as_json:
        print(closing_line(summary, out))
    if summary.interrupted:
        complain(f"interrupted; {_RESUME}")
        raise typer.Exit(INTERRUPTED)
    if not summary.complete:
        some = "1 clip" if len(summary.failed) == 1 else f"{len(summary.failed)} clips"
        complain(f"{some} failed; reasons and logs are named in {out}/logs/failed.jsonl; {_RESUME}")
        raise typer.Exit(FAILED_CLIPS)


_RESUME = "finished clips are kept: run the same command again to go on."


@app.command(
    epilog=_examples(
        "thfm-synth relabel out/people --out out/people-2",
        "thfm-synth relabel s3://bucket/people --out s3://bucket/people-2 cluster.address=auto",
    )
)
def relabel(
    url: Url,
    out: Annotated[str, typer.Option("--out", metavar="URL", help="Where the new data set goes: folder or URL.")],
    overrides: Overrides = None,
    as_json: Annotated[bool, typer.Option("--json", help="Progress and summary as lines of JSON.")] = False,
) -> None:
    """Make the labels of a data set again, by the code of today, without rendering its colour again.

    Colour, and the matte that came with it, are taken over byte by byte. For labels that a data set of an earlier
    version lacks, or that were wrong. Interrupted, it goes on where it was, as generate does; exit codes are the same.
    """
    from synth.cluster import engine

    _make(lambda: engine.relabel(url, out, overrides or (), as_json=as_json), out, as_json)


@app.command(
    epilog=_examples(
        "thfm-synth plan configs/synth/default.yaml clips=100000 --machines 20 --cores 32 --price 0.6",
        "thfm-synth plan configs/synth/default.yaml --frames 81 --sample 20 cluster.address=auto --json",
    )
)
def plan(
    config: Config,
    overrides: Overrides = None,
    sample: Annotated[int, typer.Option("--sample", min=2, help="Clips to make: more of them, less error.")] = 6,
    frames: Annotated[
        int | None, typer.Option("--frames", min=3, help="Frames of these. [default: all, 9 of long clips]")
    ] = None,
    machines: Annotated[int, typer.Option("--machines", min=1, help="Machines of the cluster.")] = 1,
    cores: Annotated[
        float | None, typer.Option("--cores", min=0.1, help="Cores of a machine. [default: this one's]")
    ] = None,
    gpus: Annotated[float, typer.Option("--gpus", min=0, help="GPUs of a machine.")] = 0.0,
    speed: Annotated[float, typer.Option("--speed", min=0.01, help="Its cores' speed, this machine's being 1.")] = 1.0,
    price: Annotated[float, typer.Option("--price", min=0, help="Price of a machine per hour, any currency.")] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
) -> None:
    """Say what a data set will take before it is made: time, core-hours, storage, cost.

    Makes a few of its clips here, or on the Ray cluster that the config names, and throws them away.
    """
    from synth.config import load_config

    loaded = load_config(config, overrides or ())
    from synth.cli import plan as planning
    from synth.cluster.estimate import Cluster

    here = planning.this_machine()
    cluster = Cluster(machines=machines, cores=cores or here, gpus=gpus, speed=speed, price=price)
    planning.run(loaded, sample, frames, cluster, as_json)


@app.command(
    epilog=_examples(
        "thfm-synth validate out/quickstart", "thfm-synth validate s3://bucket/people --models /data/models"
    )
)
def validate(
    url: Url,
    models: Annotated[
        list[Path] | None,
        typer.Option("--models", help="Folder with smplx/SMPLX_*.npz, if not the open bodies; repeat."),
    ] = None,
) -> None:
    """Check a data set: checksums, members, and labels against bodies and cameras.

    Prints one line per fault. Exit code 0: no fault; 1: faults.
    """
    from synth.terminal.progress import bar
    from synth.validate import validate as faults_of

    faults = clips = 0
    with bar("validating") as advance:

        def looked_at(done: int) -> None:
            nonlocal clips
            clips = done
            advance(f"clip {done}", done, None)

        for fault in faults_of(url, models=models or (), progress=looked_at):
            faults += 1
            print(fault, flush=True)
    if faults:
        complain(f"{url} has {faults} fault{'s' if faults > 1 else ''}.")
        raise typer.Exit(FAULTS)
    print(f"{url}: {clips} clips, no fault.")


@app.command(
    epilog=_examples(
        "thfm-synth preview out/quickstart",
        "thfm-synth preview s3://bucket/people --out gallery",
        "thfm-synth preview out/quickstart --3d",
        "thfm-synth preview out/quickstart --sheets",
    )
)
def preview(
    url: Url,
    out: Annotated[Path | None, typer.Option("--out", help="Write it to this folder instead of serving it.")] = None,
    clips: Annotated[int | None, typer.Option("--clips", min=1, help="Show the first so many. [default: all]")] = None,
    models: Annotated[Path | None, typer.Option("--models", help="Folder with smplx/SMPLX_*.npz.")] = None,
    sheets: Annotated[bool, typer.Option("--sheets", help="Contact sheets and a video a clip instead.")] = False,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Serve here. [default: a free one]")] = 0,
    in_space: Annotated[bool, typer.Option("--3d", help="Clips in space: points, bodies, camera.")] = False,
    browser: Annotated[bool, typer.Option(help="Open a browser.")] = True,
) -> None:
    """Look at a data set: a gallery to browse, search and look into, with every label in step.

    Without --out it is served to this machine and opened; what was drawn is kept for the next visit. With --out it is
    written as a site that works from disk. A data set that is still being made will do. Exit code 1: an error, or
    something of the data set could not be shown.
    """
    from synth.cli import preview as look

    if sheets:
        look.sheets(url, out, clips, models)
    elif out is not None:
        raise typer.Exit(look.write(url, out, clips, models, in_space))
    else:
        look.serve(url, clips, models, port, browser, in_space)


@app.command(epilog=_examples("thfm-synth inspect configs/synth/quickstart.yaml --clip 3 --blend out/clip3.blend"))
def inspect(
    config: Config,
    clip: Annotated[int, typer.Option("--clip", min=0, help="Index of the clip.")],
    blend: Annotated[Path, typer.Option("--blend", help="The .blend file to write.")],
    overrides: Overrides = None,
    attempt: Annotated[int, typer.Option("--attempt", min=0, help="Which draw of it.")] = 0,
) -> None:
    """Write the very scene of a clip as a .blend file, to open in Blender."""
    from synth.config import load_config

    loaded = load_config(config, overrides or ())
    from synth.make import inspect_clip

    spec = inspect_clip(loaded, clip, blend, attempt)
    print(f"{blend}: clip {spec.key}, frames 1 to {spec.frames} at {spec.fps:g} fps.")


@app.command(epilog=_examples("thfm-synth remake out/quickstart --clip 6 --attempt 1 --out out/clip6"))
def remake(
    url: Url,
    clip: Annotated[int, typer.Option("--clip", min=0, help="Index of the clip.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for a data set of this clip alone.")],
    attempt: Annotated[int, typer.Option("--attempt", min=0, help="Which draw of it.")] = 0,
) -> None:
    """Make one clip of a data set again, also a draw that was rejected: its failed checks come with it."""
    from synth.cli.remake import remake as make_again

    print(make_again(url, clip, attempt, out))


@app.command(
    epilog=_examples(
        "thfm-synth stats out/quickstart",
        "thfm-synth stats s3://bucket/people --out people.html",
        "thfm-synth stats 'out/people/shard-00000{0..3}.tar' --json",
    )
)
def stats(
    url: Url,
    out: Annotated[Path | None, typer.Option("--out", help="The page. [default: URL-stats.html]")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all numbers as JSON; a page only with --out.")] = False,
    models: Annotated[
        list[Path] | None,
        typer.Option("--models", help="Folder with smplx/SMPLX_*.npz, if not the open bodies; repeat."),
    ] = None,
) -> None:
    """Show what a data set holds: people, poses, cameras, visibility, scenes, rejections.

    Colour and dense labels are not read, so that it takes seconds. A data set that is still being made will do, and so
    will one without colour (render.colour=false). Shards that are damaged are named and left out.
    """
    from synth.cli.stats import run

    run(url, out, as_json, tuple(models or ()))


@app.command(
    epilog=_examples(
        "thfm-synth export out/quickstart --format coco-wholebody --out out/coco",
        "thfm-synth export s3://bucket/people --format folders --out people --clips 10",
        "thfm-synth export out/quickstart --format densepose --charts UV_Processed.mat --template smpl.npy --out iuv",
    )
)
def export(
    url: Url,
    name: Annotated[str, typer.Option("--format", metavar="FORMAT", help="See docs/export.md.")],
    out: Annotated[Path, typer.Option("--out", help="Folder to write to.")],
    clips: Annotated[int | None, typer.Option("--clips", min=1, help="The first so many. [default: all]")] = None,
    charts: Annotated[Path | None, typer.Option("--charts", help="DensePose's UV_Processed.mat.")] = None,
    template: Annotated[Path | None, typer.Option("--template", help="SMPL's v_template as .npy.")] = None,
    models: Annotated[Path | None, typer.Option("--models", help="Folder with smplx/SMPLX_*.npz.")] = None,
) -> None:
    """Write a data set in another format: bedlam, coco-wholebody, densepose, goliath, champ, huggingface or folders.

    Clips that a format cannot hold are named and left out.
    """
    from synth.cli.export import run
    from synth.export import Options

    run(url, name, out, Options(charts, template, models), clips)


@app.command(epilog=_examples("thfm-synth card out/quickstart"))
def card(url: Url) -> None:
    """Write the card of a data set anew: README.md, with composition, ranges, units, licences and limits.

    ``generate`` writes it at its end; this is for data sets of older versions. Prints it, too.
    """
    from synth.card import write_card

    print(write_card(url))


@app.command(epilog=_examples("thfm-synth assets", "thfm-synth assets bodies.motion_folders=[/data/amass]"))
def assets(overrides: Overrides = None) -> None:
    """List what clips can be made of, with licences."""
    from synth.cli.assets import print_assets

    print_assets(overrides or [])


def main() -> None:
    """Entry point of the console script."""
    app()
