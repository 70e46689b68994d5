"""``thfm-synth export``: a data set in the format of others."""

from __future__ import annotations

from pathlib import Path

from synth.export import Options, export
from synth.terminal.errors import complain
from synth.terminal.progress import bar


def run(url: str, name: str, out: Path, options: Options, clips: int | None) -> None:
    """Write it, and tell what could not be written."""
    with bar("writing") as advance:
        report = export(url, name, out, options, clips, advance)
    for key, why in report.left_out.items():
        complain(f"clip {key} is left out: {why}")
    left = f", {len(report.left_out)} left out" if report.left_out else ""
    print(f"{out}: {report.clips} clip{'' if report.clips == 1 else 's'} as {name}{left}.")
