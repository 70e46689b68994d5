"""Does it generalise? A tiny backbone, on a CPU, judged on subjects, motions and backgrounds that it never saw.

Renders configs/synth/learn.yaml and learn-heldout.yaml, pretrains the backbone as a text-to-video generator on the
colour alone, repurposes it, trains the same from random weights beside it, and writes a report: each task's metric next
to that of the constant (mean) answer, and pictures. Everything resumes where it was interrupted: run it again.

python tools/experiment_learning.py                      # into out/learning, about two hours on two cores
python tools/experiment_learning.py --report             # only the report, of what is there
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parents[1]
# Task, metric, what to reach: a share of the constant answer's value, or a value.
GOALS = (
    ("depth", "abs_rel", "at most 0.6 of the constant's"),
    ("normals", "mean", "at most 0.7 of the constant's"),
    ("matte", "iou", "over 0.7"),
    ("keypoints2d", "error", "at most 0.6 of the constant's"),
    ("parts", "miou", ""),
    ("semantics", "miou", ""),
    ("dense_pose", "error_cm", ""),
    ("keypoints3d", "mpjpe", ""),
)
SHOWN = ("depth", "normals", "matte", "parts", "keypoints2d")
RUNS = {"random weights": "random", "pretrained first": "repurposed"}


def run(*command: object) -> None:
    """A command of the toolkit; its failure is ours."""
    print("$", *command, flush=True)
    done = subprocess.run([sys.executable, "-m", *map(str, command)], cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def stages(out: Path, overrides: list[str]) -> None:
    """Data, then the three trainings; finished ones pass at once."""
    for name, config in (("train", "learn"), ("heldout", "learn-heldout")):
        run("synth.cli", "generate", f"configs/synth/{config}.yaml", "--out", out / name)
    data = [f"data.sources=[{{url: {out / 'train'}}}]", f"data.validation.urls=[{out / 'heldout'}]", *overrides]
    fit = ("train.cli", "fit")
    run(*fit, "configs/train/learn-pretrain.yaml", "--out", out / "generator", *data)
    weights = (f"model.path={out / 'generator' / 'final'}", "model.init=null")
    run(*fit, "configs/train/learn.yaml", "--out", out / "repurposed", *weights, *data)
    run(*fit, "configs/train/learn.yaml", "--out", out / "random", *data)


def validations(folder: Path) -> list[dict]:
    """Lines of a run's metrics.jsonl that hold validation, in order."""
    lines = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    return [line for line in lines if any(key.startswith("validation/") for key in line)]


def table(out: Path) -> str:
    """Markdown: a row a task."""
    last = {title: validations(out / name)[-1] for title, name in RUNS.items() if (out / name).is_dir()}
    head = ["task, metric", "constant", *last, "share of the constant", "to reach"]
    rows = [f"| {' | '.join(head)} |", "| " + "--- | " * len(head)]
    for task, metric, goal in GOALS:
        key = f"validation/{task}/{metric}"
        values = [line[key] for line in last.values()]
        constant = next(iter(last.values()))[f"{key}/constant"]
        cells = [f"{task}, {metric}", f"{constant:.3g}", *(f"{v:.3g}" for v in values)]
        share = f"{values[-1] / constant:.2f}" if constant else ""  # the mean matte reaches one half nowhere
        rows.append(f"| {' | '.join([*cells, share, goal])} |")
    return "\n".join(rows)


def curves(out: Path) -> Path:
    """Metrics over steps, a panel a task, as a picture."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(2, len(GOALS) // 2, figsize=(13, 6), constrained_layout=True)
    for axis, (task, metric, _) in zip(axes.flat, GOALS, strict=True):
        key = f"validation/{task}/{metric}"
        for title, colour in zip(RUNS, ("#8a8f98", "#2f6fde"), strict=True):
            if (out / RUNS[title]).is_dir():
                lines = validations(out / RUNS[title])
                axis.plot([x["step"] for x in lines], [x[key] for x in lines], label=title, color=colour)
                axis.axhline(lines[-1][f"{key}/constant"], color="#c0392b", lw=0.8, ls="--")
        axis.set(title=f"{task}: {metric}", xlabel="step")
        axis.spines[["top", "right"]].set_visible(False)
    axes.flat[0].legend(frameon=False, fontsize=8)
    path = out / "report" / "curves.png"
    figure.savefig(path, dpi=110)
    return path


def pictures(out: Path) -> Path:
    """Held-out clips, one a column: colour, then for each task the answer and the truth."""
    folder = out / "repurposed" / "pictures"
    last = max(path.name.partition("-")[0] for path in folder.glob("*.png"))
    tasks = SHOWN
    count = sum(1 for _ in folder.glob(f"{last}-{tasks[0]}-*.png"))
    columns = []
    for number in range(count):
        boards = [np.asarray(Image.open(folder / f"{last}-{task}-{number}.png")) for task in tasks]
        third = (boards[0].shape[0] + 2) // 3
        width = (boards[0].shape[1] + 2) // 4 - 2  # of the first of four frames
        first = [board[:, :width] for board in boards]
        rows = [first[0][: third - 2]] + [b[k * third : (k + 1) * third - 2] for b in first for k in (1, 2)]
        columns.append(np.concatenate([np.pad(row, ((0, 4), (0, 4), (0, 0)), constant_values=255) for row in rows]))
    names = ["colour", *(f"{task}: {what}" for task in tasks for what in ("answer", "truth"))]
    board = np.concatenate(columns, 1)
    height = board.shape[0] // len(names)
    sheet = Image.new("RGB", (150 + 2 * board.shape[1], 2 * board.shape[0]), "white")
    sheet.paste(
        Image.fromarray(board).resize((2 * board.shape[1], 2 * board.shape[0]), Image.Resampling.BICUBIC), (150, 0)
    )
    draw = ImageDraw.Draw(sheet)
    for row, name in enumerate(names):
        draw.text((8, 2 * height * row + height), name, fill="black")
    path = out / "report" / "answers.png"
    sheet.save(path)
    return path


def report(out: Path) -> None:
    """Write ``out/report`` and print the table."""
    (out / "report").mkdir(parents=True, exist_ok=True)
    text = table(out)
    (out / "report" / "table.md").write_text(text + "\n")
    print(text)
    print(curves(out), pictures(out), sep="\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("out/learning"))
    parser.add_argument("--report", action="store_true", help="only the report")
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="for all three trainings")
    args = parser.parse_args()
    if not args.report:
        stages(args.out, args.overrides)
    report(args.out)


if __name__ == "__main__":
    main()
