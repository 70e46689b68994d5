"""Name -> task, found by looking at the files of this folder."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from synth.conventions import ThfmError
from train.tasks.base import Task


def _found() -> dict[str, type[Task]]:
    classes = {}
    for module in sorted(m.name for m in pkgutil.iter_modules([str(Path(__file__).parent)])):
        if module == "registry":
            continue
        for thing in vars(importlib.import_module(f"train.tasks.{module}")).values():
            if inspect.isclass(thing) and issubclass(thing, Task) and hasattr(thing, "name"):
                classes[thing.name] = thing
    return classes


TASKS: dict[str, type[Task]] = _found()


def build_tasks(wanted: Mapping[str, Mapping[str, Any] | None]) -> dict[str, Task]:
    """Tasks by name, in the order given, each with its options.

    Raises:
        ThfmError: no task has such a name; pydantic.ValidationError for impossible options.
    """
    for name in wanted:
        if name not in TASKS:
            raise ThfmError(f"{name!r} is no task; the tasks are {', '.join(TASKS)}.")
    return {name: TASKS[name](TASKS[name].Options.model_validate(options or {})) for name, options in wanted.items()}
