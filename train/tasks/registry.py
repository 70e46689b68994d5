"""Name -> task, found by looking at the files of this folder."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from typing import Any

import train.tasks
from synth.conventions import ThfmError
from train.tasks.base import Task


def _found() -> dict[str, type[Task]]:
    classes = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(train.tasks.__path__)):
        if module == "registry":
            continue
        for thing in vars(importlib.import_module(f"train.tasks.{module}")).values():
            if inspect.isclass(thing) and issubclass(thing, Task) and not inspect.isabstract(thing):
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
