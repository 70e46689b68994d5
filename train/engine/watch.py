"""Where numbers and pictures go: metrics.jsonl, TensorBoard, Weights & Biases, and a line on the terminal."""

from __future__ import annotations

import json
import math
import sys
from typing import Any

import numpy as np
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch.utils.tensorboard import SummaryWriter

from synth.conventions import ThfmError
from train.engine.run import Run


class Watch:
    """Of process 0 alone. A context: the files are closed and the line is ended behind it.

    Args:
        steps: of the whole run.
        start: steps already done.
        project: of Weights & Biases, or None.
        config: shown there.
    """

    def __init__(self, run: Run, steps: int, start: int, project: str | None = None, config: dict | None = None):
        self.run, self.steps = run, steps
        self._file = open(run.metrics, "a")  # noqa: SIM115 closed in __exit__
        self._board = SummaryWriter(str(run.tensorboard), purge_step=start + 1)
        self._wandb = _wandb(project, run, config) if project else None
        console = Console(stderr=True)
        columns = (
            MofNCompleteColumn(),
            BarColumn(bar_width=20),
            TextColumn("{task.description}"),
            TimeRemainingColumn(),
        )
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._progress.add_task("starting", total=steps, completed=start)

    def __enter__(self) -> Watch:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
        self._file.close()
        self._board.close()
        if self._wandb is not None:
            self._wandb.finish()

    def advance(self, step: int) -> None:
        """One more step is done."""
        self._progress.update(self._task, completed=step)

    def write(self, step: int, row: dict[str, float], say: bool = True) -> None:
        """One line of numbers. What is not finite is left out."""
        row = {name: value for name, value in row.items() if math.isfinite(value)}
        self._file.write(json.dumps({"step": step, **row}) + "\n")
        self._file.flush()
        for name, value in row.items():
            self._board.add_scalar(name, value, step)
        self._board.flush()
        if self._wandb is not None:
            self._wandb.log(row, step=step)
        if say:
            self._say(step, row)

    def picture(self, step: int, name: str, image: np.ndarray) -> None:
        """(H, W, 3) uint8, as RUN/pictures/<step>-<name>.png and to the boards."""
        self.run.pictures.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(self.run.pictures / f"{step:08d}-{name}.png")
        self._board.add_image(name, image, step, dataformats="HWC")
        if self._wandb is not None:
            import wandb

            self._wandb.log({f"pictures/{name}": wandb.Image(image)}, step=step)

    def table(self, step: int, metrics: dict[str, float]) -> None:
        """Metrics beside those of the constant answer."""
        lines = [f"validation at step {step}"]
        for name, value in metrics.items():
            if name.count("/") == 1:
                constant = metrics.get(f"{name}/constant")
                lines.append(
                    f"  {name:<28}{value:>10.4g}" + (f"   constant {constant:.4g}" if constant is not None else "")
                )
        self.tell("\n".join(lines))

    def tell(self, text: str) -> None:
        """A line above the progress."""
        if self._progress.disable:
            sys.stderr.write(f"{text}\n")
        else:
            self._progress.console.print(text, highlight=False)

    def _say(self, step: int, row: dict[str, float]) -> None:
        words = f"loss {row['loss']:.4g}" if "loss" in row else "no step taken"
        words += f"  {row.get('samples_per_second', 0):.3g} samples/s"
        self._progress.update(self._task, description=words, completed=step)
        if self._progress.disable:
            self.tell(f"step {step}/{self.steps}  {words}")


class Silent:
    """The watch of all other processes."""

    def __enter__(self) -> Silent:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None


def _wandb(project: str, run: Run, config: dict | None) -> Any:
    try:
        import wandb
    except ImportError:
        raise ThfmError(
            "engine.wandb is set, but wandb is not installed: pip install 'thfm[wandb]', or set it to null."
        ) from None
    # The name of the folder is the id, so that a resumed run goes on with its curves.
    name = run.folder.resolve().name
    return wandb.init(project=project, dir=str(run.folder), id=name, name=name, resume="allow", config=config)
