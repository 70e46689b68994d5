"""What a benchmark is: where its clips lie in the folder that its authors publish, what is measured, and whose numbers
stand beside ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from synth.conventions import ThfmError
from train.inference.cases import Case


class Column(NamedTuple):
    """A number of the row: ``factor`` times a metric of a task.

    Attributes:
        heading: as papers print it, with its unit.
    """

    task: str
    metric: str
    heading: str
    factor: float = 1.0


class Published(NamedTuple):
    """A row of the literature; None where a paper gives no number.

    Attributes:
        note: what must be known before comparing; empty if nothing.
    """

    method: str
    values: tuple[float | None, ...]
    source: str
    note: str = ""


class Companion(NamedTuple):
    """A folder or file that a benchmark needs beside its own, and that is not ours to give.

    Attributes:
        words: what it is and where it comes from.
        required: whether there is nothing without it.
    """

    words: str
    required: bool


@dataclass(frozen=True)
class Request:
    """What the user named.

    Attributes:
        folder: of the benchmark.
        companions: name -> path.
        frames: long sequences are judged in pieces of so many frames; None: the benchmark's own habit.
    """

    folder: Path
    companions: Mapping[str, Path] = field(default_factory=dict)
    frames: int | None = None


@dataclass(frozen=True)
class Benchmark:
    """A benchmark of the literature.

    Attributes:
        name: on the command line.
        title: in words.
        layout: the folder that is expected, in a line.
        protocol: which part of the data, and how it is measured, where that is not what ``Task.protocol`` says.
        tasks: task -> options of measuring.
        columns, published: the row.
        cases: reads the folder.
        companions: by name.
    """

    name: str
    title: str
    layout: str
    protocol: str
    tasks: Mapping[str, Mapping[str, Any]]
    columns: tuple[Column, ...]
    published: tuple[Published, ...]
    cases: Callable[[Request], list[Case]]
    companions: Mapping[str, Companion] = field(default_factory=dict)

    def open(self, request: Request) -> list[Case]:
        """The clips of a folder.

        Raises:
            ThfmError: no such folder, a companion that is missing or unknown, or nothing of the layout in it.
        """
        if not request.folder.is_dir():
            raise ThfmError(f"{request.folder} is no folder: name the one that holds {self.layout}.")
        for name, path in request.companions.items():
            if name not in self.companions:
                known = ", ".join(self.companions) or "none"
                raise ThfmError(f"{self.name} takes nothing named {name!r}; it takes: {known}.")
            if not Path(path).exists():
                raise ThfmError(f"{path} does not exist: {name} is {self.companions[name].words}.")
        for name, companion in self.companions.items():
            if companion.required and name not in request.companions:
                raise ThfmError(f"{self.name} needs --with {name}=PATH: {companion.words}.")
        cases = self.cases(request)
        if not cases:
            raise ThfmError(f"{request.folder} holds nothing of {self.title}: expected is {self.layout}.")
        return cases
