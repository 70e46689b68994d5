"""Judging answers: every metric of every task, clip by clip and over the set; finished clips are never judged again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from PIL import Image

from synth.conventions import ThfmError
from train.inference.cases import Case, at_frames, check_keys, check_sizes
from train.inference.fields import kind_of
from train.inference.gallery import Gallery, board, chosen_frames
from train.inference.results import Results, pack, unpack
from train.tasks import Labels, MeanAnswer, Measure, Task, build_tasks, with_extras

Answer = Callable[..., Mapping[str, Labels]]
"""(video (T, H, W, 3) uint8, names of tasks, fps=frames a second) -> task -> decoded labels of that size."""
Progress = Callable[[str, int, int | None], None]

MAY_CHANGE = ("alignment", "measure_far", "region", "rank_by", "visible_only", "in_frame_only", "count_root")
"""Options of tasks that say what is measured, not what a model was taught."""
_CONSTANT_FRAMES = 5


@dataclass
class Judged:
    """What an evaluation found.

    Attributes:
        judges: task by name, with the options that were measured with.
        total, constant: task -> summed statistics of the model and of the constant answer.
        clips: task -> [(key, headline number, the constant's)], in the order of the set; NaN for none.
        galleries: task -> pictures of its best and worst clips.
        failed: key -> why.
        unlabelled: how many clips have no label of any task.
        frames, seconds: frames that were answered, and the time that answering took.
    """

    judges: Mapping[str, Task]
    total: dict[str, Measure] = field(default_factory=dict)
    constant: dict[str, Measure] = field(default_factory=dict)
    clips: dict[str, list[tuple[str, float, float]]] = field(default_factory=dict)
    galleries: dict[str, Gallery] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    unlabelled: int = 0
    frames: int = 0
    seconds: float = 0.0


def judges_of(
    tasks: Mapping[str, Task], names: Sequence[str], overrides: Mapping[str, Mapping[str, Any]]
) -> dict[str, Task]:
    """The tasks that judge, name -> task: the model's own with other options of measuring.

    Raises:
        ThfmError: an unknown task, or an option that is not about measuring.
    """
    for name, options in overrides.items():
        if name not in names:
            raise ThfmError(f"{name!r} is not judged here; judged are {', '.join(names)}.")
        own = type(tasks[name].options).model_fields
        for option in options:
            if option not in MAY_CHANGE or option not in own:
                may = [o for o in MAY_CHANGE if o in own]
                raise ThfmError(
                    f"tasks.{name}.{option} cannot be changed here: "
                    + (f"only {', '.join(may)} say how {name} is measured." if may else f"{name} has no such option.")
                )
    wanted = {name: {**tasks[name].options.model_dump(), **overrides.get(name, {})} for name in names}
    return build_tasks(wanted)


def evaluate(
    answer: Answer,
    judges: Mapping[str, Task],
    cases: Sequence[Case],
    results: Results,
    *,
    constants: Mapping[str, MeanAnswer] | None = None,
    keep: int = 3,
    progress: Progress = lambda words, done, total: None,
) -> Judged:
    """Judge an answer on every case, and keep what was found of each as soon as it is known.

    One clip is in memory at a time: its video, all answers about it, and the labels of one task. A clip that cannot be
    read or is not answered is named in ``failed`` and costs nothing else; it has its next chance in the next run.

    Args:
        answer: a model, such as a ``Predictor``.
        judges: what measures, by name.
        results: where finished clips are kept; those that it knows are not judged again.
        constants: task -> what the constant answer is made from, judged beside the model.
        keep: best and worst clips of each task to be drawn.

    Raises:
        ThfmError: two cases of one key; results cannot be written.
    """
    check_keys(cases)
    judged = Judged(judges)
    for name, task in judges.items():
        judged.galleries[name] = Gallery(results.pictures / name, task.headline[1], keep)
    for number, case in enumerate(cases):
        progress(case.key, number, len(cases))
        record = results.record(case.key)
        new = record is None
        drawings: dict[str, Image.Image] = {}
        if new:
            names = [name for name, task in judges.items() if set(task.fields) <= set(case.fields)]
            if not names:
                judged.unlabelled += 1
                continue
            try:
                record, drawings = _judge(
                    answer, {n: judges[n] for n in names}, case, constants or {}, judged.galleries
                )
            except torch.OutOfMemoryError:
                record = {"key": case.key, "error": "the device has too little memory: try --dtype bfloat16."}
            except ThfmError as error:
                record = {"key": case.key, "error": str(error)}
        _count(judged, record, drawings)
        if new:
            results.add(record)  # when its pictures are there
    progress("", len(cases), len(cases))
    return judged


def _judge(
    answer: Answer,
    judges: Mapping[str, Task],
    case: Case,
    constants: Mapping[str, MeanAnswer],
    galleries: Mapping[str, Gallery],
) -> tuple[dict[str, Any], dict[str, Image.Image]]:
    """The record of a case, and its boards by task, of those tasks whose galleries take them."""
    rgb = case.rgb()
    start = time.perf_counter()
    answers = dict(answer(rgb, list(judges), fps=case.fps))
    seconds = time.perf_counter() - start
    for name, task in judges.items():
        _check_numbers(answers[name], task, case.key)
    record: dict[str, Any] = {
        "key": case.key, "frames": len(rgb), "height": rgb.shape[1], "width": rgb.shape[2], "seconds": seconds,
        "tasks": {},
    }  # fmt: skip
    boards = {}
    for name, task in judges.items():
        labels = case.labels(task.fields)
        check_sizes(rgb, labels, case.key)
        labels = with_extras(labels, rgb, case.fps)
        prediction = answers.pop(name)
        measure = task.measure(prediction, labels)
        found = {"sums": pack(measure), "metrics": _plain(task.summarise(measure))}
        if name in constants:
            flat = _decoded(task, constants[name].answer(*rgb.shape[:3]), *rgb.shape[1:3])
            measure = task.measure(flat, labels)
            found |= {"constant_sums": pack(measure), "constant": _plain(task.summarise(measure))}
        record["tasks"][name] = found
        score = _score(found["metrics"], task)
        if galleries[name].would_take(case.key, score):
            boards[name] = _board(task, rgb, prediction, labels)
    return record, boards


def _board(task: Task, rgb: np.ndarray, prediction: Labels, labels: Labels) -> Image.Image:
    chosen = chosen_frames(len(rgb))
    shown = rgb[chosen]
    if task.sparse:  # who is followed depends on all frames
        rows = [task.picture(fields, rgb)[chosen] for fields in (prediction, labels)]
    else:
        rows = [task.picture(at_frames(dict(fields), chosen), shown) for fields in (prediction, labels)]
    return board([shown, *rows])


def _count(judged: Judged, record: Mapping[str, Any], boards: Mapping[str, Image.Image]) -> None:
    """Add what is known of a clip to what is known of the set."""
    if "error" in record:
        judged.failed[record["key"]] = record["error"]
        return
    judged.frames += record["frames"]
    judged.seconds += record["seconds"]
    for name, found in record["tasks"].items():
        task = judged.judges[name]
        _add(judged.total, name, unpack(found["sums"]))
        if "constant_sums" in found:
            _add(judged.constant, name, unpack(found["constant_sums"]))
        score, flat = (_score(found.get(of, {}), task) for of in ("metrics", "constant"))
        judged.clips.setdefault(name, []).append((record["key"], score, flat))
        judged.galleries[name].offer(record["key"], score, boards.get(name))


def _score(metrics: Mapping[str, float | None], task: Task) -> float:
    """The headline number of a clip; NaN where nothing could be measured."""
    value = metrics.get(task.headline[0])
    return float("nan") if value is None else value


def _check_numbers(prediction: Labels, task: Task, key: str) -> None:
    """Raises ThfmError for an answer with NaN or infinity: left out in silence, a clip that broke the model would
    flatter it. Surface points alone may be NaN, off people."""
    for name, value in prediction.items():
        if kind_of(name, value, task.sparse) != "place" and not np.isfinite(value).all():
            raise ThfmError(f"{key}: the answer of {task.name} holds numbers that are not finite: try --dtype float32.")


def _add(totals: dict[str, Measure], name: str, measure: Measure) -> None:
    totals[name] = {key: totals[name][key] + value for key, value in measure.items()} if name in totals else measure


def _decoded(task: Task, answer: np.ndarray, height: int, width: int) -> Labels:
    return task.decode(answer, height, width) if task.sparse else task.decode(answer)


def _plain(metrics: Mapping[str, float]) -> dict[str, float | None]:
    """Numbers that JSON knows: None instead of NaN."""
    return {name: float(value) if np.isfinite(value) else None for name, value in metrics.items()}


def constant_answers(
    judges: Mapping[str, Task], cases: Sequence[Case], clips: int, progress: Progress = lambda words, done, total: None
) -> dict[str, MeanAnswer]:
    """The best constant answer of each task: the mean of the targets of so many of the cases, evenly spread, five
    frames each. It knows the very set that it is judged on, which no model does: it flatters the constant a little.

    A case that cannot be read is left out, and a task without labels has no constant.
    """
    means: dict[str, MeanAnswer] = {}
    chosen = np.unique(np.linspace(0, len(cases) - 1, min(clips, len(cases))).round().astype(int)) if clips else ()
    for number, place in enumerate(chosen):
        case = cases[place]
        progress(f"constant answer: {case.key}", number, len(chosen))
        try:
            rgb = case.rgb()
            for name, task in judges.items():
                if set(task.fields) <= set(case.fields):
                    labels = with_extras(case.labels(task.fields), rgb, case.fps)
                    if not task.sparse:
                        labels = at_frames(labels, chosen_frames(len(rgb), _CONSTANT_FRAMES))
                    means.setdefault(name, MeanAnswer(task)).update(**task.encode(labels))
        except ThfmError:
            continue  # named when its turn to be judged comes
    return means
