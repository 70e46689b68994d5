"""``thfm-train``: thin commands. Heavy modules are imported by the command that needs them."""

from __future__ import annotations

from collections.abc import Iterable
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


@app.command(
    epilog="**Examples**\n\n`thfm-train predict runs/wan walk.mp4 --out out/walk`\n\n"
    "`thfm-train predict runs/wan clips/*.mp4 --tasks depth,normals --depth exr --out out/clips`\n\n"
    "`thfm-train predict runs/wan/final frames/ photo.jpg --fps 30 --dtype bfloat16 --out out/mine`"
)
def predict(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="What `thfm-train fit` wrote: RUN, or RUN/final.")],
    videos: Annotated[list[str], typer.Argument(metavar="VIDEO...", help="Videos, pictures, or folders of pictures.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Gets a folder for each video.")],
    tasks: Annotated[
        str | None, typer.Option("--tasks", help="Such as depth,normals. [default: all that were trained]")
    ] = None,
    depth: Annotated[
        str, typer.Option("--depth", metavar="[png|exr|npz]", help="16-bit PNG, float EXR, or one float array.")
    ] = "png",
    matte: Annotated[
        str, typer.Option("--matte", metavar="[mov|png]", help="ProRes 4444 with alpha, or RGBA PNG.")
    ] = "mov",
    arrays: Annotated[bool, typer.Option("--arrays/--no-arrays", help="Write npz beside pictures.")] = True,
    film_only: Annotated[bool, typer.Option("--film-only", help="Write nothing but the film that shows all.")] = False,
    fps: Annotated[
        float | None, typer.Option("--fps", min=0.001, help="Frames a second of folders of pictures. [default: 24]")
    ] = None,
    frames: Annotated[
        int | None, typer.Option("--frames", min=1, help="Frames a window. [default: as it was trained]")
    ] = None,
    overlap: Annotated[
        int | None, typer.Option("--overlap", min=0, help="Frames that windows share. [default: a quarter]")
    ] = None,
    size: Annotated[
        str | None, typer.Option("--size", metavar="HxW", help="What the model sees. [default: as it was trained]")
    ] = None,
    device: Annotated[
        str | None, typer.Option("--device", help="Such as cpu or cuda:1. [default: the first GPU, or the CPU]")
    ] = None,
    dtype: Annotated[
        str | None, typer.Option("--dtype", help="float32, bfloat16 or float16. [default: as it is saved]")
    ] = None,
) -> None:
    """Answer about videos of any size and length.

    DIR/<video>/ appears when it is complete: pictures and arrays of every task, a film that shows all, and
    predict.json. A video that is finished with the same settings is skipped. Exit code 0: all are there; 1: an error,
    or some videos failed, a line each; the others are there.
    """
    from typing import get_args, get_type_hints

    from rich.console import Console

    from synth.terminal.errors import FAULTS, complain
    from synth.terminal.progress import bar
    from train.inference import Predictor
    from train.inference.predict import predict as predicted
    from train.inference.write import Formats

    for name, value in (("depth", depth), ("matte", matte)):
        allowed = get_args(get_type_hints(Formats)[name])
        if value not in allowed:
            raise ThfmError(f"--{name} {value}: write {' or '.join(allowed)}.")
    shape = _height_and_width(size)
    wanted = [name.strip() for name in tasks.split(",") if name.strip()] if tasks else None
    console, failed = Console(soft_wrap=True), 0
    predictor = Predictor.from_pretrained(run, device=device, dtype=dtype, frames=frames, overlap=overlap, size=shape)
    with bar("predicting") as advance:
        for outcome in predicted(
            predictor, run, videos, out, wanted, Formats(depth, matte, arrays, film_only), fps, advance
        ):
            if outcome.frames is None:
                failed += 1
                complain(outcome.message)
                continue
            count = f"{outcome.frames} frame{'s' if outcome.frames > 1 else ''}"
            how = count if outcome.new else f"{count}, finished before"
            note = f" ({outcome.message})" if outcome.message else ""
            console.print(f"{outcome.video}: {how}, {outcome.folder}{note}", highlight=False, markup=False)
    if failed:
        raise typer.Exit(FAULTS)


def _height_and_width(size: str | None) -> tuple[int, int] | None:
    """480x832 -> (480, 832)."""
    if size is None:
        return None
    height, _, width = size.lower().partition("x")
    if not (height.isdigit() and width.isdigit() and int(height) and int(width)):
        raise ThfmError(f"--size {size}: write height x width, such as 480x832.")
    return int(height), int(width)


@app.command(
    epilog="**Examples**\n\n`thfm-train evaluate out/tiny out/quickstart`\n\n"
    "`thfm-train evaluate runs/a s3://bucket/held-out --task depth --task normals --out out/judged`\n\n"
    "`thfm-train evaluate runs/a out/held-out tasks.depth.alignment=scale tasks.normals.region=people`"
)
def evaluate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="What `fit` wrote: RUN, or RUN/final.")],
    url: Annotated[str, typer.Argument(metavar="URL", help="A data set, a shard or a brace pattern of shards.")],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(metavar="[key=value ...]", help="How tasks are measured: tasks.depth.alignment=scale."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="For the results. [default: RUN/evaluate/<set>]")
    ] = None,
    task: Annotated[list[str] | None, typer.Option("--task", help="Repeat it. [default: all of the model's]")] = None,
    clips: Annotated[int | None, typer.Option("--clips", min=1, help="So many clips, evenly spread.")] = None,
    frames: Annotated[
        int | None, typer.Option("--frames", min=1, help="Of longer clips the middle so many frames.")
    ] = None,
    constant: Annotated[
        int, typer.Option("--constant", min=0, help="Clips whose mean is the constant answer; 0: none.")
    ] = 16,
    pictures: Annotated[int, typer.Option("--pictures", min=0, help="Best and worst clips to show, each.")] = 3,
    device: Annotated[str | None, typer.Option("--device", help="[default: the first GPU, or the CPU]")] = None,
    dtype: Annotated[str | None, typer.Option("--dtype", help="bfloat16, float16 or float32.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the results that DIR holds.")] = False,
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
    _, code = _judge(run, question, out or results_folder(run, "evaluate", name), device, dtype, fresh)
    raise typer.Exit(code)


@app.command(
    epilog="**Examples**\n\n`thfm-train benchmark` (which there are)\n\n"
    "`thfm-train benchmark hi4d /data/Hi4D --model runs/a`\n\n"
    "`thfm-train benchmark emdb /data/EMDB --model runs/a --with bodies=/data/models`"
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
    clips: Annotated[int | None, typer.Option("--clips", min=1, help="So many clips, evenly spread.")] = None,
    frames: Annotated[
        int | None, typer.Option("--frames", min=1, help="Cut videos into pieces of so many frames.")
    ] = None,
    constant: Annotated[
        int, typer.Option("--constant", min=0, help="Clips whose mean is the constant answer; 0: none.")
    ] = 0,
    pictures: Annotated[int, typer.Option("--pictures", min=0, help="Best and worst clips to show, each.")] = 3,
    device: Annotated[str | None, typer.Option("--device", help="[default: the first GPU, or the CPU]")] = None,
    dtype: Annotated[str | None, typer.Option("--dtype", help="bfloat16, float16 or float32.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the results that DIR holds.")] = False,
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
    pairs = [pair.partition("=") for pair in companions or ()]
    if not all(path for _, _, path in pairs):
        raise ThfmError("--with takes NAME=PATH, such as --with bodies=/data/models.")
    cases = chosen.open(Request(folder, {key: Path(path) for key, _, path in pairs}, frames))
    question = Question(
        title=f"{model.name or model} on {chosen.title}",
        data=str(folder),
        cases=spread(cases, clips),
        tasks=list(chosen.tasks),
        options=chosen.tasks,
        constant=constant,
        keep=pictures,
        settings={"benchmark": name, "frames": frames, "clips": clips, "with": sorted(p for _, _, p in pairs)},
    )
    out = out or results_folder(model, "benchmark", name)
    report, failed = _judge(model, question, out, device, dtype, fresh)
    write_text(out, "row.json", json.dumps(to_plain(chosen, report), indent=1))
    console.print(to_table(chosen, report, str(model)))
    raise typer.Exit(failed)


def _judge(run: Path, question, out: Path, device: str | None, dtype: str | None, fresh: bool):
    """Judge and print. Gives the report and the exit code."""
    from rich.console import Console

    from synth.terminal.errors import FAILED_CLIPS
    from synth.terminal.progress import bar
    from train.inference.judge import judge
    from train.inference.predictor import Predictor
    from train.inference.report import to_terminal

    predictor = Predictor.from_pretrained(run, device=device, dtype=dtype)
    with bar("judging") as advance:
        report, _ = judge(run, predictor, question, out, fresh=fresh, progress=advance)
    console = Console()
    console.print(to_terminal(report))
    console.print(f"{report.about['clips']}: {out / 'report.html'}", highlight=False, soft_wrap=True)
    for key, why in report.failed.items():
        console.print(f"{key}: {why}", style="red", highlight=False, soft_wrap=True)
    return report, FAILED_CLIPS if report.failed else 0


converts = typer.Typer(cls=Commands, help="Published weights as folders of ours, and back.", no_args_is_help=True)
app.add_typer(converts, name="convert")


@converts.command(
    epilog="**Examples**\n\n`thfm-train convert genception weights/genception_1.3b runs/genception`\n\n"
    "`thfm-train convert genception weights/genception_14b runs/14b --prompt matte='refvos/davis/a_man..npy'`\n\n"
    "`thfm-train convert genception runs/genception weights/back`\n\n"
    "`thfm-train predict runs/genception walk.mp4 --tasks depth --out out/walk`"
)
def genception(
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="A release (its folder, or the .npz); or a folder of ours.")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new folder: ours; or in the layout of the release.")],
    prompts: Annotated[
        Path | None,
        typer.Option(
            "--prompts",
            metavar="DIR",
            help="Holds depth.npy and normals.npy. [default: prompt_embeddings/ in IN or beside it]",
        ),
    ] = None,
    prompt: Annotated[
        list[str] | None,
        typer.Option("--prompt", metavar="TASK=FILE", help="Embedding of another prompt for a task; repeat it."),
    ] = None,
    text_encoder: Annotated[
        str | None,
        typer.Option("--text-encoder", metavar="WAN", help="Hub id or folder to embed prompts that have no file."),
    ] = None,
    dtype: Annotated[
        str | None, typer.Option("--dtype", metavar="[float32|bfloat16]", help="[default: as it is stored]")
    ] = None,
) -> None:
    """Turn a released GenCeption checkpoint (1.3B or 14B) into a folder of ours, or such a folder back.

    OUT appears when it is complete. Weights pass through memory block by block, so 14B needs about 1 GB of it.
    """
    from rich.console import Console

    from synth.terminal.progress import bar
    from train.inference.genception import to_folder
    from train.inference.genception_back import to_release
    from train.inference.genception_source import find_prompts, find_source

    console = Console(soft_wrap=True)
    if (source / "thfm.json").is_file():
        if prompts or prompt or text_encoder or dtype:
            raise ThfmError(f"{source} is a folder of ours: on the way back no option has a meaning.")
        with bar("converting") as advance:
            npz = to_release(source, out, advance=advance)
        console.print(f"{npz}", highlight=False, markup=False)
        return
    if dtype not in (None, "float32", "bfloat16"):
        raise ThfmError(f"--dtype {dtype}: write float32 or bfloat16.")
    found = find_source(source)
    named = find_prompts(found.npz, prompts, _named_files(prompt or ()))
    with bar("converting") as advance:
        meta = to_folder(found, out, named, dtype=dtype, text_encoder=text_encoder, advance=advance)
    tasks = ", ".join(meta["tasks"]) or "no task, for no prompt was found: give --prompts or --text-encoder"
    codec = "" if found.vae else f"; the codec comes from {meta['model']['codec']['vae']['path']}"
    console.print(f"{out}: {meta['model']['dtype']}, {tasks}{codec}", highlight=False, markup=False)


@converts.command(
    epilog="**Examples**\n\n`thfm-train convert dvd weights/dvd runs/dvd`\n\n"
    "`thfm-train fit configs/train/wan-1.3b.yaml --out runs/on-dvd model.path=runs/dvd model.timestep=500 "
    "model.codec.vae.path=Wan-AI/Wan2.1-T2V-1.3B-Diffusers model.text.path=Wan-AI/Wan2.1-T2V-1.3B-Diffusers`"
)
def dvd(
    source: Annotated[Path, typer.Argument(metavar="IN", help="DVD's model.safetensors, or the folder that holds it.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new folder.")],
) -> None:
    """Turn DVD's weights (video depth by LoRA on Wan 2.1) into a folder of ours, adapters merged.

    It answers with disparity as grey video, which no task of ours speaks of: a backbone to go on from, or to call.
    """
    from rich.console import Console

    from synth.terminal.progress import bar
    from train.inference.dvd import to_folder

    with bar("converting") as advance:
        meta = to_folder(source, out, advance=advance)
    told = f"{out}: {meta['model']['dtype']}, timestep {meta['model']['timestep']:g}"
    Console(soft_wrap=True).print(told, highlight=False, markup=False)


def _named_files(pairs: Iterable[str]) -> dict[str, Path]:
    """TASK=FILE, ... -> {task: file}."""
    named = {}
    for pair in pairs:
        name, _, file = pair.partition("=")
        if not (name and file):
            raise ThfmError(f"--prompt {pair}: write TASK=FILE, such as matte=a_man.npy.")
        named[name] = Path(file)
    return named


def main() -> None:
    """Entry point of the console script."""
    app()


if __name__ == "__main__":
    main()
