"""The folder of a run: where things lie, whether it may be resumed, and what of an interrupted run is kept.

RUN/: config.yaml, metrics.jsonl, tensorboard/, pictures/, checkpoints/step-00000100/, final/. Making a file
RUN/stop asks the run to save and end.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from synth.conventions import ThfmError
from train.files import remove, replace_text

_OURS = ("config.yaml", "metrics.jsonl", "tensorboard", "pictures", "checkpoints", "final", "ray")
_ABSENT = "(not set)"


class Run:
    """Paths of a run's folder."""

    def __init__(self, folder: str | os.PathLike):
        self.folder = Path(folder)
        self.config, self.metrics = self.folder / "config.yaml", self.folder / "metrics.jsonl"
        self.tensorboard, self.pictures = self.folder / "tensorboard", self.folder / "pictures"
        self.stop = self.folder / "stop"  # to ask a run, from anywhere, to save and end
        self.checkpoints, self.final = self.folder / "checkpoints", self.folder / "final"

    def clear(self) -> None:
        """Delete what a run writes, and nothing else."""
        remove(self.folder, _OURS)

    def asked_to_stop(self) -> int:
        """The signal that the file ``stop`` stands for (SIGTERM if it names none); 0 without the file."""
        if not self.stop.exists():
            return 0
        text = self.stop.read_text().strip()
        return int(text) if text.isdigit() else int(signal.SIGTERM)

    def write_config(self, config: Mapping[str, Any]) -> None:
        """The whole config, defaults included."""
        self.folder.mkdir(parents=True, exist_ok=True)
        replace_text(self.config, yaml.safe_dump(dict(config), sort_keys=False))

    def check_config(self, config: Mapping[str, Any], may_change: Iterable[str]) -> None:
        """ThfmError naming the first key that differs from the run's own config and may not."""
        if not self.config.exists():
            return
        before, now = flat(yaml.safe_load(self.config.read_text())), flat(config)
        allowed = tuple(may_change)
        for key in dict.fromkeys([*before, *now]):
            old, new = before.get(key, _ABSENT), now.get(key, _ABSENT)
            if old != new and not any(key == a or key.startswith(f"{a}.") for a in allowed):
                raise ThfmError(
                    f"{self.folder} was begun with {key}={old}, now it is {new}: a resumed run keeps it; "
                    "set it back, choose another --out, or start over with --fresh."
                )

    def forget_metrics_after(self, step: int) -> None:
        """Drop lines of ``metrics.jsonl`` that a resumed run will write again, and a last one cut short."""
        if not self.metrics.exists():
            return
        kept = []
        for line in self.metrics.read_text().splitlines(keepends=True):
            try:
                if line.endswith("\n") and json.loads(line)["step"] <= step:
                    kept.append(line)
            except (ValueError, KeyError, TypeError):
                continue
        replace_text(self.metrics, "".join(kept))


def flat(tree: Any, prefix: str = "") -> dict[str, Any]:
    """Nested dicts -> {dotted key: leaf}; lists and empty dicts are leaves."""
    if not isinstance(tree, Mapping) or not tree:
        return {prefix: tree}
    leaves: dict[str, Any] = {}
    for key, value in tree.items():
        leaves |= flat(value, f"{prefix}.{key}" if prefix else str(key))
    return leaves
