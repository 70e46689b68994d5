"""One evaluation from a model's folder to a report: what ``thfm-train evaluate`` and ``benchmark`` share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from synth.conventions import ThfmError
from synth.settings import explain, overridden
from train.inference.cases import Case
from train.inference.evaluate import Judged, Progress, constant_answers, evaluate, judges_of
from train.inference.predict import fingerprint
from train.inference.predictor import Predictor, model_folder
from train.inference.report import Report, report_of, to_json
from train.inference.report_html import to_html
from train.inference.results import Results
from train.tasks import TASKS, Task

FORMAT = 1


@dataclass(frozen=True)
class Question:
    """What is to be judged on what.

    Attributes:
        title: of the report.
        data: where the clips come from, in words.
        cases: the clips.
        tasks: names; None: all that the model knows.
        options: task -> options of measuring.
        constant: clips that the constant answer is the mean of; 0: no constant answer.
        damaged: what could not even be found in the data -> why.
        settings: what else the results depend on, JSON-able.
    """

    title: str
    data: str
    cases: Sequence[Case]
    tasks: Sequence[str] | None = None
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    constant: int = 0
    keep: int = 3
    damaged: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


def judge(
    model: Path,
    predictor: Predictor,
    question: Question,
    out: Path,
    *,
    fresh: bool = False,
    progress: Progress = lambda words, done, total: None,
) -> tuple[Report, Judged]:
    """Evaluate, and write ``out/report.json`` and ``out/report.html``.

    Raises:
        ThfmError: an unknown task or option, results of other settings in ``out``, a folder that cannot be written.
    """
    names = predictor.chosen(question.tasks)
    judges = _checked(lambda: judges_of(predictor.tasks, names, question.options), question.options)
    settings = {
        "format": FORMAT,
        "model": fingerprint(model_folder(model)),
        "tasks": {name: task.options.model_dump(mode="json") for name, task in judges.items()},
        "windows": {"frames": predictor.frames, "sizes": predictor.sizes, "overlap": predictor.overlap},
        "dtype": str(predictor.model.backbone.transformer.dtype).removeprefix("torch."),
        "data": question.data,
        "constant": question.constant,
        "keep": question.keep,
        **question.settings,
    }
    results = Results(out, settings, fresh)
    left = any(case.key not in results.done for case in question.cases)
    constants = constant_answers(judges, question.cases, question.constant if left else 0, progress)
    judged = evaluate(
        predictor, judges, question.cases, results, constants=constants, keep=question.keep, progress=progress
    )
    judged.failed.update(question.damaged)
    if not judged.total:
        why = next(iter(judged.failed.values()), f"no clip has labels of {', '.join(judges)}.")
        raise ThfmError(f"{question.data}: no clip could be judged: {why}")
    words = f"the mean of the targets of {min(question.constant, len(question.cases))} of these clips, for every video"
    report = report_of(judged, question.title, _about(model, predictor, question), words if question.constant else "")
    results.write("report.json", to_json(report, lambda key, task: results.record(key)["tasks"][task]["metrics"]))
    pictures = {
        name: {key: gallery.path(key) for key in (*gallery.best, *gallery.worst)}
        for name, gallery in judged.galleries.items()
    }
    results.write("report.html", to_html(report, pictures))
    return report, judged


def spread(cases: Sequence[Case], clips: int | None) -> list[Case]:
    """So many of the cases, evenly spread; all if ``clips`` is None."""
    if clips is None or clips >= len(cases):
        return list(cases)
    return [cases[k] for k in np.linspace(0, len(cases) - 1, clips).round().astype(int)]


def options_of(overrides: Sequence[str]) -> dict[str, dict[str, Any]]:
    """``tasks.depth.alignment=scale`` and the like as {task: {option: value}}. Raises ThfmError for anything else."""
    tree = overridden({}, overrides)
    tasks = tree.pop("tasks", {})
    if tree or not isinstance(tasks, Mapping) or not all(isinstance(o, Mapping) for o in tasks.values()):
        raise ThfmError(f"{', '.join(overrides)}: name options of tasks alone, such as tasks.depth.alignment=scale.")
    return {name: dict(options) for name, options in tasks.items()}


def _checked(build: Callable[[], dict[str, Task]], options: Mapping[str, Mapping[str, Any]]) -> dict[str, Task]:
    try:
        return build()
    except ValidationError as error:
        name = next(name for name in options if error.title == TASKS[name].Options.__name__)
        raise ThfmError(f"tasks.{name}.{explain(TASKS[name].Options, error)}") from None


def _about(model: Path, predictor: Predictor, question: Question) -> dict[str, str]:
    backbone = predictor.model.backbone.transformer
    size = sum(p.numel() for p in backbone.parameters())
    windows = " or ".join(str(n) for n in predictor.frames)
    sizes = ", ".join(f"{w} x {h}" for h, w in predictor.sizes)
    return {
        "model": str(model),
        "backbone": f"{type(backbone).__name__}, {_parameters(size)} parameters, {backbone.dtype}".replace(
            "torch.", ""
        ),
        "windows": f"{windows} frames of {sizes}, overlap {predictor.overlap}",
        "data": question.data,
    }


def _parameters(count: int) -> str:
    for unit, name in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return str(count)
