"""Contact sheets: a clip's modalities over a few of its frames, and one row a clip for the overview."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from synth.preview import text
from synth.preview.palette import FAINT, INK, NO_VALUE, PAPER, RULE, rgb
from synth.preview.panels import Frame, Legend, Panel, Size

_MARGIN, _GAP = 28, 6
_LABEL = 226  # width of the column of titles and legends
_LEAST_ROW = 178  # the tallest legend
_ROUND = 64  # size of a round legend
_HEADER, _COLUMNS = 92, 26
_LINE = 17


@dataclass(frozen=True)
class Heading:
    """What is said about a clip above its pictures."""

    key: str
    caption: str
    facts: str


def tile_size(width: int, height: int, area: float) -> Size:
    """A tile of about ``area`` pixels in the proportions of a clip; a small clip grows by a whole number."""
    scale = math.sqrt(area / (width * height))
    scale = round(scale) if scale > 1.25 else min(scale, 1.0)
    return max(1, round(width * scale)), max(1, round(height * scale))


def tile(panel: Panel, frame: Frame, size: Size) -> Image.Image:
    """A panel's picture of a frame; a frame without any value says so."""
    picture = panel.draw(frame, size)
    if picture is not None:
        return Image.fromarray(picture)
    image = Image.new("RGB", size, NO_VALUE)
    words = "no value in this frame"
    if text.width(words, 12) < size[0] - 8:
        text.write(ImageDraw.Draw(image), (size[0] / 2, size[1] / 2), words, 12, FAINT, "mm")
    return image


def contact_sheet(
    heading: Heading,
    panels: Sequence[Panel],
    samples: Sequence[Frame],
    fps: float,
    size: Size,
    notes: Sequence[str] = (),
) -> Image.Image:
    """A row a modality, a column a frame; tall sheets are folded into two or three blocks.

    Args:
        size: (width, height) of a tile. notes: lines under the pictures.
    """
    row = max(size[1], _LEAST_ROW) + 2 * _GAP
    block = _LABEL + len(samples) * (size[0] + _GAP) - _GAP

    def extent(blocks: int) -> Size:
        rows = math.ceil(len(panels) / blocks)
        width = 2 * _MARGIN + blocks * block + (blocks - 1) * 2 * _MARGIN
        return width, _HEADER + _COLUMNS + rows * row + _MARGIN + 20 * len(notes)

    blocks = min((1, 2, 3), key=lambda n: abs(math.log(extent(n)[0] / extent(n)[1] / 0.8)))
    rows = math.ceil(len(panels) / blocks)
    image = Image.new("RGB", extent(blocks), PAPER)
    draw = ImageDraw.Draw(image)
    _header(draw, heading, image.width)
    for i, panel in enumerate(panels):
        left = _MARGIN + (i // rows) * (block + 2 * _MARGIN)
        top = _HEADER + _COLUMNS + (i % rows) * row
        if i % rows == 0:
            for k, frame in enumerate(samples):
                at = (left + _LABEL + k * (size[0] + _GAP), top - 8)
                text.write(draw, at, f"frame {frame['frame']} · {frame['frame'] / fps:.2f} s", 12, FAINT)
        draw.line((left, top, left + block, top), RULE)
        text.write(draw, (left, top + _GAP + 15), panel.title, 17)
        draw_legend(image, panel.legend, left, top + _GAP + 24)
        for k, frame in enumerate(samples):
            image.paste(tile(panel, frame, size), (left + _LABEL + k * (size[0] + _GAP), top + _GAP))
    for i, note in enumerate(notes):
        for line in text.wrapped(note, 13, image.width - 2 * _MARGIN, 1):
            text.write(draw, (_MARGIN, image.height - _MARGIN - 20 * (len(notes) - 1 - i)), line, 13, FAINT)
    return image


def _header(draw: ImageDraw.ImageDraw, heading: Heading, width: int) -> None:
    text.write(draw, (_MARGIN, 40), heading.key, 24)
    after = _MARGIN + text.width(heading.key, 24) + 16
    text.write(draw, (after, 40), heading.facts, 14, FAINT)
    room = width - 2 * _MARGIN
    for i, line in enumerate(text.wrapped(heading.caption, 15, room, 2)):
        text.write(draw, (_MARGIN, 64 + 19 * i), line, 15, INK)


def draw_legend(image: Image.Image, legend: Legend, left: int, top: int) -> None:
    """Text, picture and chips of a legend from (left, top) downwards; many chips take two columns."""
    draw = ImageDraw.Draw(image)
    room = _LABEL - 20
    for line in legend.lines:
        text.write(draw, (left, top + 12), line, 12, FAINT)
        top += _LINE
    if legend.picture is not None:
        flat = legend.picture.shape[0] == 1
        size = (room, 10) if flat else (_ROUND, _ROUND)
        picture = Image.fromarray(legend.picture).resize(size, Image.Resampling.BICUBIC)
        if flat:
            image.paste(picture, (left, top + 6))
        else:
            big = Image.new("L", (_ROUND * 4, _ROUND * 4), 0)
            ImageDraw.Draw(big).ellipse((2, 2, _ROUND * 4 - 3, _ROUND * 4 - 3), fill=255)
            image.paste(picture, (left, top + 8), big.reduce(4))
        top += size[1] + 8
        if legend.ends:
            text.write(draw, (left, top + 14), legend.ends[0], 12, FAINT)
            text.write(draw, (left + room, top + 14), legend.ends[1], 12, FAINT, "rs")
            top += _LINE
    columns = 2 if len(legend.chips) > 6 else 1
    rows = math.ceil(len(legend.chips) / columns)
    for i, (label, colour, hollow) in enumerate(legend.chips):
        x, y = left + (i // rows) * (room // 2 + 2), top + 2 + (i % rows) * _LINE
        _chip(image, x, y, colour, hollow)
        size = 12 if columns == 1 else 11
        text.write(draw, (x + 15, y + 10), label, size, FAINT)


def _chip(image: Image.Image, x: int, y: int, colour: str, hollow: bool) -> None:
    big = Image.new("RGB", (44, 44), PAPER)
    draw = ImageDraw.Draw(big)
    draw.ellipse((1, 1, 42, 42), fill=colour)
    if hollow:
        draw.ellipse((10, 10, 33, 33), fill=PAPER)
    image.paste(big.reduce(4), (x, y))


# Overview ----------------------------------------------------------------------------------------------------------
OVERVIEW = ("rgb", "keypoints", "body", "parts", "surface", "depth", "normals", "flow_forward")
_OVERVIEW_WIDTH, _OVERVIEW_TALL = 1600, 260


@dataclass(frozen=True)
class OverviewRow:
    """One clip in the overview: its heading and its middle frame, modality -> picture at the clip's size or larger."""

    heading: Heading
    titles: dict[str, str]
    pictures: dict[str, np.ndarray]


def overview_size(width: int, height: int) -> Size:
    """Size (width, height) at which the overview shows pictures of a clip."""
    cell = (_OVERVIEW_WIDTH - 2 * _MARGIN + _GAP) // len(OVERVIEW) - _GAP
    scale = min(cell / width, _OVERVIEW_TALL / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def overview(rows: Sequence[OverviewRow]) -> Image.Image:
    """One row a clip, one column a modality."""
    cell = (_OVERVIEW_WIDTH - 2 * _MARGIN + _GAP) // len(OVERVIEW) - _GAP
    heights = [max(p.shape[0] for p in r.pictures.values()) if r.pictures else 0 for r in rows]
    image = Image.new("RGB", (_OVERVIEW_WIDTH, 2 * _MARGIN + 14 + sum(h + 34 for h in heights)), PAPER)
    draw = ImageDraw.Draw(image)
    titles = {name: title for row in rows for name, title in row.titles.items()}
    columns = [name for name in OVERVIEW if name in titles or not titles]
    for i, name in enumerate(columns):
        text.write(draw, (_MARGIN + i * (cell + _GAP), _MARGIN + 10), titles.get(name, ""), 15, INK)
    top = _MARGIN + 20
    for row, height in zip(rows, heights, strict=True):
        for i, name in enumerate(columns):
            left = _MARGIN + i * (cell + _GAP)
            if name in row.pictures:
                picture = Image.fromarray(row.pictures[name])
                image.paste(picture, (left + (cell - picture.width) // 2, top))
            else:
                draw.rectangle((left, top, left + cell - 1, top + height - 1), fill=rgb(NO_VALUE))
        line = f"{row.heading.key} · {row.heading.caption}" if row.heading.caption else row.heading.key
        for words in text.wrapped(line, 12, _OVERVIEW_WIDTH - 2 * _MARGIN, 1):
            text.write(draw, (_MARGIN, top + height + 18), words, 12, FAINT)
        top += height + 34
    return image
