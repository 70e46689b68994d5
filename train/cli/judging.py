"""What ``evaluate`` and ``benchmark`` end with: a question answered, and printed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from train.inference.judge import Question
    from train.inference.report import Report


def judged(
    run: Path, question: Question, out: Path, device: str | None, dtype: str | None, fresh: bool
) -> tuple[Report, int]:
    """Judge the model of ``run`` and print the report. Gives the report and the exit code."""
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
    console.print(f"{report.about['clips']}: {out / 'report.html'}", highlight=False, markup=False, soft_wrap=True)
    for key, why in report.failed.items():
        console.print(f"{key}: {why}", style="red", highlight=False, markup=False, soft_wrap=True)
    return report, FAILED_CLIPS if report.failed else 0
