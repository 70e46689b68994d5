"""The answers about one video as files: what each task's users expect, and one film that shows all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from train.inference.side_by_side import SideBySide
from train.inference.video_io import Picture, Source
from train.inference.write_arrays import ArrayFile
from train.inference.write_films import Film
from train.inference.write_keypoints import CocoFile
from train.inference.write_pictures import (
    DEPTH_UNIT,
    with_alpha,
    write_classes_png,
    write_depth_exr,
    write_depth_png,
    write_png,
)
from train.tasks import Task

_HALF = {"normals", "matte", "surface"}  # fields that float16 says well enough
SIDE_BY_SIDE, TIMES = "side-by-side", "times.csv"


@dataclass(frozen=True)
class Formats:
    """What is written.

    Attributes:
        depth: png: 16 bit, DEPTH_UNIT grey levels a median; exr: float32, channel Z; npz: float32, one array.
        matte: mov: ProRes 4444 with the video's colours; png: RGBA pictures.
        arrays: an npz beside the pictures of every other task.
        film_only: nothing but the film that shows all.
    """

    depth: Literal["png", "exr", "npz"] = "png"
    matte: Literal["mov", "png"] = "mov"
    arrays: bool = True
    film_only: bool = False


class _Open(Protocol):
    def close(self) -> None: ...

    def abandon(self) -> None: ...


class VideoWriter:
    """Writes the answers about one video, frame by frame, into a folder.

    Args:
        folder: exists and is empty.
        source: the video.
        tasks: by name, those that answer.
        formats: what is wanted.

    Attributes:
        frames: written so far.
        too_far: pixels whose depth 16-bit PNG cannot say.
    """

    def __init__(self, folder: Path, source: Source, tasks: Mapping[str, Task], formats: Formats):
        self.folder, self.source, self.tasks, self.formats = folder, source, dict(tasks), formats
        self.frames = self.too_far = 0
        self._open: dict[str, Any] = {}
        self._side = SideBySide(self.tasks, (source.height, source.width))
        self._times = open(folder / TIMES, "w")  # noqa: SIM115
        self._times.write("frame,seconds\n")

    def add(self, picture: Picture, answers: Mapping[str, Mapping[str, np.ndarray]]) -> None:
        """The next frame and its answers, task -> field -> array without time."""
        for name, task in ({} if self.formats.film_only else self.tasks).items():
            write = self._sparse if task.sparse else self._dense
            write(name, task, answers[name], picture)
        board = self._side.draw(picture.rgb, answers)
        if self.source.kind == "picture":
            write_png(self.folder / f"{SIDE_BY_SIDE}.png", board)
        else:
            self._film(SIDE_BY_SIDE, "h264").add(board, picture.time)
        self._times.write(f"{self.frames},{float(picture.time):.6f}\n")
        self.frames += 1

    def close(self) -> None:
        """Finish all files."""
        self._times.close()
        for file in self._open.values():
            file.close()

    def abandon(self) -> None:
        """Close all files as they are."""
        self._times.close()
        for file in self._open.values():
            file.abandon()

    def _dense(self, name: str, task: Task, fields: Mapping[str, np.ndarray], picture: Picture) -> None:
        if fields.keys() == {"depth"}:
            self._depth(name, fields["depth"])
            return
        field, value = next(iter(fields.items()))
        if fields.keys() == {"matte"}:
            self._matte(name, value, picture)
        elif len(fields) == 1 and hasattr(task, "palette"):
            write_classes_png(self._frame(name, "png"), value, task.palette)
        else:
            shown = {field: value[None] for field, value in fields.items()}
            write_png(self._frame(name, "png"), task.picture(shown, picture.rgb[None])[0])
        if self.formats.arrays:
            for field, value in fields.items():
                value = value.astype(np.float16) if field in _HALF else value
                self._array(name, field, value, 0, getattr(task, "names", None), len(fields))

    def _depth(self, name: str, depth: np.ndarray) -> None:
        if self.formats.depth == "npz":
            self._file(name, lambda: ArrayFile(self.folder / f"{name}.npz", "depth", squeeze=False)).add(depth)
        elif self.formats.depth == "exr":
            write_depth_exr(self._frame(name, "exr"), depth)
        else:
            self.too_far += write_depth_png(self._frame(name, "png"), depth)

    def _matte(self, name: str, matte: np.ndarray, picture: Picture) -> None:
        cut_out = with_alpha(picture.rgb, matte)
        if self.formats.matte == "png" or self.source.kind == "picture":
            write_png(self._frame(name, "png"), cut_out)
        else:
            self._film(name, "prores4444").add(cut_out, picture.time)

    def _sparse(self, name: str, task: Task, fields: Mapping[str, np.ndarray], picture: Picture) -> None:
        joints, size = getattr(task, "joints", None), (self.source.height, self.source.width)
        for field, value in fields.items():
            if joints is not None and field in ("keypoints2d", "joints3d"):
                coco = self._file(f"{name}.json", lambda: CocoFile(self.folder / f"{name}.json", joints, size))
                coco.add(self.frames, picture.time, value)
            self._array(name, field, value, 1, joints, len(fields))

    def _array(self, name: str, field: str, value: np.ndarray, axis: int, names: Any, count: int) -> None:
        """To ``<task>.npz``; each of several fields to a file of its own."""
        path = self.folder / (f"{name}.npz" if count == 1 else f"{name}-{field}.npz")
        extras = {} if names is None else {"names": np.array(names)}
        self._file(str(path), lambda: ArrayFile(path, field, axis, extras, squeeze=field != "normals")).add(value)

    def _film(self, name: str, kind: Literal["h264", "prores4444"]) -> Film:
        suffix = "mp4" if kind == "h264" else "mov"
        return self._file(f"{name} film", lambda: Film(self.folder / f"{name}.{suffix}", kind, self.source.fps))

    def _file(self, key: str, opened: Callable[[], _Open]) -> Any:
        if key not in self._open:
            self._open[key] = opened()
        return self._open[key]

    def _frame(self, name: str, suffix: str) -> Path:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return folder / f"{self.frames:06d}.{suffix}"


def conventions(writer: VideoWriter) -> dict[str, Any]:
    """What somebody who finds the files must know, JSON-able."""
    said: dict[str, Any] = {}
    if "depth" in writer.tasks:
        said["depth"] = "relative planar depth; 1 is the median of the first window of the video"
        if writer.formats.depth == "png" and not writer.formats.film_only:
            said |= {"depth_png_levels_per_median": DEPTH_UNIT, "depth_pixels_too_far_for_png": writer.too_far}
    if "normals" in writer.tasks:
        said["normals"] = "camera space: x right, y up, z towards the viewer; PNG: (n + 1) / 2 * 255"
    if "keypoints2d" in writer.tasks:
        said["keypoints2d"] = "pixels; the centre of a pixel is index + 0.5"
    if "keypoints3d" in writer.tasks:
        said["keypoints3d"] = "metres from the pelvis; camera axes x right, y down, z forward"
    if "dense_pose" in writer.tasks:
        said["dense_pose"] = "point of the visible surface on the rest pose, in the unit cube; NaN (black) off people"
    return said
