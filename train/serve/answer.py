"""One question of a visitor: a video and tasks in, a film and files out."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from synth.conventions import ThfmError
from train.inference.predict import predict
from train.inference.predictor import Predictor
from train.inference.write import SIDE_BY_SIDE, Formats

Progress = Callable[[int, int | None], None]


class Answer(NamedTuple):
    """What a visitor gets.

    Attributes:
        film: the video and all answers in step, .mp4.
        files: a zip of what ``thfm-train predict`` writes; None if it was not asked for.
        frames: answered.
        note: what should be known; may be empty.
    """

    film: Path
    files: Path | None
    frames: int
    note: str


def answer(
    predictor: Predictor,
    model: Path,
    video: Path,
    tasks: Sequence[str],
    work: Path,
    *,
    files: bool = False,
    progress: Progress = lambda done, total: None,
) -> Answer:
    """Answers about a video.

    Args:
        predictor, model: what answers, and the folder that it came from.
        video: a film of any length.
        tasks: names, at least one.
        work: an empty folder for what is written.
        files: wanted beside the film.
        progress: is told (frames done, frames in all or None); what it raises ends the work.

    Raises:
        ThfmError: no task, an unreadable video, a full disk.
    """
    if not tasks:
        raise ThfmError("choose at least one task.")
    wanted = Formats(film_only=not files)
    told = predict(
        predictor, model, [str(video)], work, tasks, wanted, progress=lambda _, done, total: progress(done, total)
    )
    (outcome,) = told
    if outcome.frames is None:  # visitors know the name of their file, not where it was put
        raise ThfmError(outcome.message.replace(str(video), video.name).replace(f"{work}/", ""))
    film = outcome.folder / f"{SIDE_BY_SIDE}.mp4"
    archive = None
    if files:
        try:
            archive = Path(shutil.make_archive(str(work / f"{outcome.folder.name}-answers"), "zip", outcome.folder))
        except OSError as error:
            raise ThfmError(f"the files cannot be packed ({error.strerror}): make room on the server.") from None
    return Answer(film, archive, outcome.frames, outcome.message)
