"""A data set -> contact sheets, movies, an overview and a page that lists them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from synth.conventions import ThfmError
from synth.preview.movie import movie_frame, write_movie
from synth.preview.overlay import Bodies, MeshRenderer, OverlayUnavailable
from synth.preview.page import Entry, page
from synth.preview.panels import Frame, Panel, frames_of, panels_of
from synth.preview.sheet import (
    OVERVIEW,
    Heading,
    OverviewRow,
    contact_sheet,
    overview,
    overview_size,
    tile_size,
)
from synth.shards import read_clips

Progress = Callable[[str, int, int], None]

_SAMPLES = 4  # frames on a contact sheet
_SHEET_AREA, _MOVIE_AREA = 68_000, 60_000  # pixels a tile
_OVERVIEW_ROWS = 12
_NAMED = 5  # keys that an error names

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Chosen:
    key: str
    shard: str
    frames: int


def write_preview(
    url: Any,
    out: str | Path,
    clips: int | Sequence[str] | None = None,
    progress: Progress | None = None,
    model_folder: Path | None = None,
) -> list[Path]:
    """Show a data set as pictures.

    Writes ``clips/<key>.png`` (a contact sheet: all modalities over some frames), ``clips/<key>.mp4`` (all modalities
    playing in step), ``clips/<key>.jpg`` (its middle frame), ``overview.png`` (one row a clip, the first 12) and
    ``index.html`` into ``out``. Equal data gives equal files. Where bodies cannot be recomputed, their panel is left
    out and the page says why.

    Args:
        url: data set, shard or brace pattern, as ``synth.shards.read_clips`` takes it.
        out: folder on this machine; made if missing.
        clips: the first so many, or those of these keys; None takes all.
        progress: called as (key of the clip at work, frames drawn, frames to draw), both over all clips.
        model_folder: folder with smplx/SMPLX_*.npz for bodies other than the open ones.

    Returns:
        The files written: the page, the overview, then sheet, movie and middle frame of each clip.

    Raises:
        ThfmError: there is no such data set, it is damaged, holds no clip, or none of a given key.
    """
    chosen = choose_clips(url, clips)
    total, done = sum(c.frames for c in chosen), 0
    out = Path(out)
    folder = out / "clips"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ThfmError(f"{out} cannot hold the preview ({error.strerror}): name another folder.") from error
    entries, rows, written = [], [], []
    with ExitStack() as stack:
        try:
            renderer = stack.enter_context(MeshRenderer())
            note = None
        except OverlayUnavailable as error:
            renderer, note = None, f"Recomputed bodies are not drawn: {error}"
        for clip in _read(url, chosen):

            def drawn(frames: int, key: str = clip.key, before: int = done) -> None:
                if progress:
                    progress(key, before + frames, total)

            drawn(0)
            entry, row = _write_clip(clip, folder, renderer, note, model_folder, drawn)
            entries.append(entry)
            if len(rows) < _OVERVIEW_ROWS:
                rows.append(row)
            written += [out / entry.sheet, out / entry.movie, out / entry.still]
            done += clip.num_frames
    for words in sorted({words for entry in entries for words in entry.notes}):
        log.warning("%s", words)
    overview(rows).save(out / "overview.png")
    (out / "index.html").write_text(page(Path(str(url).rstrip("/")).name or "data set", entries), encoding="utf-8")
    return [out / "index.html", out / "overview.png", *written]


def choose_clips(url: Any, clips: int | Sequence[str] | None) -> list[_Chosen]:
    """The clips that a preview shows, in the order of the data set. Only headers are read."""
    if isinstance(clips, int) and clips < 1:
        raise ThfmError(f"{clips} clips cannot be shown: ask for one at least.")
    wanted = None if clips is None or isinstance(clips, int) else set(clips)
    seen, chosen = [], []
    for clip in read_clips(url, fields=[]):
        if isinstance(clips, int) and len(chosen) == clips:
            break
        seen.append(clip.key)
        if wanted is None or clip.key in wanted:
            chosen.append(_Chosen(clip.key, clip.shard, clip.num_frames or 0))
    if not seen:
        raise ThfmError(f"{url} holds no clip: generate some first.")
    unknown = sorted((wanted or set()) - set(seen))
    if unknown:
        few = ", ".join(seen[:_NAMED]) + (", ..." if len(seen) > _NAMED else "")
        raise ThfmError(f"{url} holds no clip {', '.join(unknown)}; its {len(seen)} clips are {few}.")
    if not chosen:
        raise ThfmError("No clip was asked for: name some keys, or leave them out to see all.")
    return chosen


def _read(url: Any, chosen: list[_Chosen]) -> Iterator[Any]:
    keys = {c.key for c in chosen}
    shards = list(dict.fromkeys(c.shard for c in chosen))
    left = len(chosen)
    for clip in read_clips(shards):
        if clip.key in keys:
            yield clip
            left -= 1
        if not left:
            return


def sample_frames(count: int) -> list[int]:
    """The frames of a contact sheet: evenly spread, and off both ends, which lack flow, if the clip is long enough."""
    ends = 1 if count >= _SAMPLES + 2 else 0
    inner = count - 2 * ends
    return sorted({ends + int((i + 0.5) / _SAMPLES * inner) for i in range(_SAMPLES)})


def _heading(clip: Any) -> Heading:
    people = {0: "", 1: " · 1 person"}.get(clip.num_people or 0, f" · {clip.num_people} people")
    seconds = f"{clip.num_frames / clip.fps:.2f} s"
    return Heading(
        key=clip.key,
        caption=str(clip.meta.get("caption") or "") if isinstance(clip.meta, dict) else "",
        facts=f"{clip.width} x {clip.height} px · {clip.fps:g} fps · {clip.num_frames} frames · {seconds}{people}",
    )


def _write_clip(
    clip: Any, folder: Path, renderer: MeshRenderer | None, note: str | None, model_folder: Path | None,
    drawn: Callable[[int], None],
) -> tuple[Entry, OverviewRow]:  # fmt: skip
    if not (clip.num_frames and clip.height and clip.width):
        raise ThfmError(f"{clip.shard}: clip {clip.key} holds no picture of any kind: there is nothing to show.")
    bodies, notes = None, () if note is None else (note,)
    if renderer is not None:
        try:
            bodies = Bodies(clip, model_folder)
        except OverlayUnavailable as error:
            notes = (f"Recomputed bodies are not drawn: {error}",)
    count = clip.num_frames
    samples = [next(frames_of(clip, i, i + 1)) for i in sample_frames(count)]
    panels = panels_of(clip, samples, bodies, renderer)
    heading = _heading(clip)

    size = tile_size(clip.width, clip.height, _SHEET_AREA)
    contact_sheet(heading, panels, samples, clip.fps, size, notes).save(folder / f"{clip.key}.png")
    size = tile_size(clip.width, clip.height, _MOVIE_AREA)

    movie, still = folder / f"{clip.key}.mp4", folder / f"{clip.key}.jpg"

    def pictures() -> Iterator[Any]:
        for frame in frames_of(clip, 0, count):
            picture = movie_frame(panels, frame, size)
            if frame["frame"] == count // 2:
                Image.fromarray(picture).save(still, quality=90)
            yield picture
            drawn(frame["frame"] + 1)

    movie_size = write_movie(movie, pictures(), clip.fps)
    sheet, movie, still = (f"{folder.name}/{clip.key}.{end}" for end in ("png", "mp4", "jpg"))
    entry = Entry(heading, sheet, movie, still, movie_size, notes)
    return entry, _overview_row(heading, panels, samples[len(samples) // 2], (clip.width, clip.height))


def _overview_row(heading: Heading, panels: list[Panel], frame: Frame, size: tuple[int, int]) -> OverviewRow:
    shown = [p for p in panels if p.name in OVERVIEW]
    pictures = {p.name: p.draw(frame, overview_size(*size)) for p in shown}
    return OverviewRow(
        heading,
        {p.name: p.title for p in shown},
        {name: picture for name, picture in pictures.items() if picture is not None},
    )
