"""Predicting many videos into folders: each whole or not there, none twice, and none in the way of the others."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import av
import torch

from synth.conventions import ThfmError
from train.inference.predictor import Predictor, model_folder
from train.inference.video_io import Source, open_source, read
from train.inference.write import Formats, VideoWriter, conventions

FORMAT, RECORD = 1, "predict.json"
_CUT = 0.98  # share of the announced frames or seconds under which a film seems cut off

Progress = Callable[[str, int, int | None], None]


class Outcome(NamedTuple):
    """What became of a video.

    Attributes:
        video: as it was named.
        folder: of its answers.
        frames: answered; None if it failed.
        new: False if it was finished before.
        message: an error, or what should be known; empty otherwise.
    """

    video: str
    folder: Path
    frames: int | None
    new: bool
    message: str


def predict(
    predictor: Predictor,
    model: str | os.PathLike,
    videos: Sequence[str],
    out: Path,
    tasks: Sequence[str] | None = None,
    formats: Formats | None = None,
    fps: float | None = None,
    progress: Progress = lambda words, done, total: None,
) -> Iterator[Outcome]:
    """Answers about videos, written to ``out/<name>/`` each.

    A folder appears when it is complete, with a record of what made it; a video whose record is the one that it would
    get now is left as it is. A video that fails leaves nothing behind, and the next one's turn comes.

    Args:
        predictor: what answers.
        model: the folder that it came from; its content is part of the record.
        videos: files, or folders of pictures.
        out: is made if need be.
        tasks: names; None: all that were trained.
        formats: what is written.
        fps: of folders of pictures.
        progress: is told (video, frames done, frames in all or None).

    Raises:
        ThfmError: an unknown task; two videos of one name; ``out`` cannot be made.
    """
    formats, names = formats or Formats(), predictor.chosen(tasks)
    folders = named_folders(videos, out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ThfmError(f"{out} cannot be made ({error.strerror}): name another --out.") from None
    settings = {
        "format": FORMAT,
        "model": fingerprint(model_folder(model)),
        "tasks": names,
        "frames": list(predictor.frames),
        "sizes": [list(size) for size in predictor.sizes],
        "overlap": predictor.overlap,
        "dtype": str(predictor.model.backbone.transformer.dtype).removeprefix("torch."),
        "formats": asdict(formats),
        "fps": fps,
    }
    for video, folder in folders.items():
        try:
            yield _one(predictor, video, folder, settings, names, formats, fps, progress)
        except ThfmError as error:
            yield Outcome(video, folder, None, True, str(error))
        except OSError as error:
            reason = error.strerror or str(error)
            yield Outcome(video, folder, None, True, f"{video} cannot be read ({reason}): see to its permissions.")
        except torch.OutOfMemoryError:
            yield Outcome(
                video, folder, None, True, f"{video}: {predictor.device} has too little memory: try --dtype bfloat16."
            )


def _one(
    predictor: Predictor,
    video: str,
    folder: Path,
    settings: Mapping[str, Any],
    names: Sequence[str],
    formats: Formats,
    fps: float | None,
    progress: Progress,
) -> Outcome:
    source = open_source(video, fps)
    record = {"settings": dict(settings), "source": identity(source)}
    before = _record(folder)
    if before is not None and {key: before.get(key) for key in record} == record:
        return Outcome(video, folder, before["frames"], False, "")
    if before is not None and before["source"]["path"] != record["source"]["path"]:
        raise ThfmError(
            f"{folder} holds answers about {before['source']['path']}: name another --out for {video}, or remove it."
        )
    with _complete_or_absent(folder) as part:
        writer = VideoWriter(part, source, {name: predictor.tasks[name] for name in names}, formats)
        try:
            # Read twice, in step: the model's windows run ahead, and only small pictures are held for them.
            shown = (picture.rgb for picture in read(source))
            answers = predictor.stream(shown, names, pixel_aspect=source.pixel_aspect)
            for picture, answer in zip(read(source), answers, strict=True):
                writer.add(picture, answer)
                progress(video, writer.frames, source.announced)
            writer.close()
        except BaseException:
            writer.abandon()
            raise
        record |= {
            "frames": writer.frames,
            "width": source.width,
            "height": source.height,
            "fps": float(source.fps),
            "conventions": conventions(writer),
        }
        (part / RECORD).write_text(json.dumps(record, indent=2))
    notes = []
    end = float(picture.time + 1 / source.fps)
    if source.seconds and end < _CUT * source.seconds:
        notes.append(f"{end:.1f} of {float(source.seconds):.1f} announced seconds could be read; it may be cut off")
    if source.announced and not source.seconds and writer.frames < _CUT * source.announced:
        notes.append(f"{writer.frames} of {source.announced} announced frames could be read; it may be cut off")
    if writer.too_far:
        notes.append(f"{writer.too_far} pixels are farther than 16-bit PNG says; --depth exr keeps them")
    return Outcome(video, folder, writer.frames, True, "; ".join(notes))


@contextmanager
def _complete_or_absent(folder: Path) -> Iterator[Path]:
    """A new folder to write in, which takes the place of ``folder`` at the end and goes away on an error."""
    part, old = (folder.with_name(f".{folder.name}.{what}") for what in ("part", "old"))
    try:
        for left in (part, old):
            if left.exists():
                shutil.rmtree(left)
        part.mkdir()
        yield part
        if folder.exists():
            os.replace(folder, old)
        os.replace(part, folder)
        shutil.rmtree(old, ignore_errors=True)
    except (av.FFmpegError, OSError) as error:
        shutil.rmtree(part, ignore_errors=True)
        reason = getattr(error, "strerror", None) or str(error)
        raise ThfmError(f"{folder} cannot be written ({reason}): make room, or name another --out.") from None
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _record(folder: Path) -> dict[str, Any] | None:
    """The record of a finished folder; None if there is no folder.

    Raises:
        ThfmError: something of that name that this command did not write.
    """
    if not folder.exists():
        return None
    try:
        record = json.loads((folder / RECORD).read_text())
        assert record["source"]["path"] and record["frames"]
        return record
    except (OSError, ValueError, KeyError, TypeError, AssertionError):
        raise ThfmError(f"{folder} is there and was not written by predict: name another --out.") from None


def named_folders(videos: Sequence[str], out: Path) -> dict[str, Path]:
    """Video -> its folder in ``out``: the name without its ending, or with it where two would have the same.

    Raises:
        ThfmError: two videos of the same name.
    """
    names: dict[Path, str] = {}
    for video in videos:
        names.setdefault(Path(video).resolve(), video)  # a file may be named in two ways
    paths = {video: path for path, video in names.items()}
    stems = [path.stem if not path.is_dir() else path.name for path in paths.values()]
    folders: dict[str, Path] = {}
    for (video, path), stem in zip(paths.items(), stems, strict=True):
        folders[video] = out / (stem if stems.count(stem) == 1 else path.name.replace(".", "_"))
    taken: dict[Path, str] = {}
    for video, folder in folders.items():
        if folder in taken:
            raise ThfmError(f"{taken[folder]} and {video} would both be {folder}: predict them into different --out.")
        taken[folder] = video
    return folders


def identity(source: Source) -> dict[str, Any]:
    """Which file, and which version of it."""
    files = source.files or (source.path,)
    return {"path": str(source.path.resolve()), "content": _stamp(files)}


def fingerprint(folder: Path) -> str:
    """Digest of a model's folder: its description, and size and age of all its files."""
    return _stamp(sorted(path for path in folder.rglob("*") if path.is_file()), (folder / "thfm.json").read_bytes())


def _stamp(files: Sequence[Path], start: bytes = b"") -> str:
    digest = hashlib.sha256(start)
    for file in files:
        stat = file.stat()
        digest.update(os.fsencode(f"{file.name} {stat.st_size} {stat.st_mtime_ns}\n"))
    return digest.hexdigest()[:32]
