"""A data set through one exporter."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from synth.conventions import ThfmError
from synth.shards import Clip, read_clips

Progress = Callable[[str, int, int | None], None]

# Format -> what it is, as the command tells it. Each is a module of this room with a class ``Exporter``.
FORMATS = {
    "folders": "PNG and EXR, a folder a field",
    "bedlam": "BEDLAM's npz of SMPL-X parameters and cameras, with images",
    "coco-wholebody": "COCO-WholeBody's JSON: 133 keypoints, boxes, masks, with images",
    "densepose": "DensePose's IUV pictures, with images; needs --charts and --template",
    "goliath": "masks of Goliath-28 (Sapiens), with images",
    "champ": "Champ's folders of control pictures: depth, normal, semantic_map, dwpose, mask",
    "huggingface": "parquet with a card, for datasets.load_dataset",
}


class CannotExport(ThfmError):
    """A clip that a format cannot hold; the message says why."""


@dataclass(frozen=True)
class Options:
    """What formats need besides the data set.

    Attributes:
        charts: DensePose's UV_Processed.mat. template: SMPL's v_template (6890, 3) as .npy.
        models: folder with smplx/SMPLX_*.npz, if the bodies are not the open ones.
    """

    charts: Path | None = None
    template: Path | None = None
    models: Path | None = None


class Exporter(Protocol):
    """Takes clips one by one; ``finish`` writes what belongs to all of them.

    ``add`` raises ``CannotExport`` for a clip that the format cannot hold.
    """

    def __init__(self, out: Path, options: Options) -> None: ...

    def add(self, clip: Clip) -> None: ...

    def finish(self) -> None: ...


@dataclass
class Report:
    """How many clips were written, and which were not, with the reason."""

    clips: int = 0
    left_out: dict[str, str] = field(default_factory=dict)


def export(
    url: str, name: str, out: str | Path, options: Options = Options(), limit: int | None = None,
    progress: Progress = lambda words, done, total: None,
) -> Report:  # fmt: skip
    """Write the clips of a data set into folder ``out`` in format ``name`` of ``FORMATS``.

    Raises:
        ThfmError: the format is unknown or lacks a file; there is no data set; nothing of it could be written.
    """
    if name not in FORMATS:
        raise ThfmError(f"{name!r} is no format: choose from {', '.join(FORMATS)}.")
    out = Path(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ThfmError(f"{out} cannot hold the data set ({error.strerror}): name another folder.") from error
    exporter: Exporter = importlib.import_module(f"synth.export.{name.replace('-', '_')}").Exporter(out, options)
    report = Report()
    for clip in read_clips(url):
        progress(f"clip {clip.key}", report.clips, limit)
        try:
            exporter.add(clip)
            report.clips += 1
        except CannotExport as error:
            report.left_out[clip.key] = str(error)
        if report.clips == limit:
            break
    if not report.clips:
        first = next(iter(report.left_out.items()), None)
        why = f"of clip {first[0]}, {first[1]}" if first else "the data set holds none."
        many = f" ({len(report.left_out)} left out)" if len(report.left_out) > 1 else ""
        raise ThfmError(f"{url}: no clip could be written as {name}{many}: {why}")
    exporter.finish()
    return report


def needs(clip: Clip, *fields: str) -> None:
    """Stop unless a clip holds ``fields``."""
    missing = [f for f in fields if f not in clip.fields()]
    if missing:
        raise CannotExport(f"it holds no {', '.join(missing)}.")


def frames_in(clip: Clip, name: str):
    """(number, value) of each frame of a field, decoded a few at a time."""
    for start in range(0, clip.num_frames, 8):
        yield from enumerate(clip.frames(name, start, min(start + 8, clip.num_frames)), start)
