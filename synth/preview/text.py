"""Type on pictures, in the font that comes with Pillow, so that sheets look the same on every machine."""

from __future__ import annotations

import functools
import unicodedata

from PIL import ImageDraw, ImageFont

from synth.preview.palette import INK


@functools.cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """Aileron of ``size`` pixels."""
    return ImageFont.load_default(size)


def plain(text: str) -> str:
    """``text`` in the letters that the font has: accents fall, what is still unknown becomes '?'."""
    text = text.translate({0x2013: "-", 0x2014: "-", 0xD7: "x", 0x2019: "'"})
    folded = (unicodedata.normalize("NFKD", c) if ord(c) > 126 and c not in "·°“”" else c for c in text)
    letters = (c for c in "".join(folded) if not unicodedata.combining(c))
    return "".join(c if 32 <= ord(c) < 127 or c in "·°“”" else "?" for c in letters)


def width(text: str, size: int) -> float:
    return font(size).getlength(plain(text))


def write(draw: ImageDraw.ImageDraw, xy: tuple[float, float], text: str, size: int, colour=INK, anchor="ls") -> None:
    """One line; by default ``xy`` is where its baseline begins."""
    draw.text(xy, plain(text), font=font(size), fill=colour, anchor=anchor)


def wrapped(text: str, size: int, room: float, lines: int) -> list[str]:
    """``text`` in at most ``lines`` lines no wider than ``room`` pixels, cut with '...' if it is longer."""
    out, words = [], plain(text).split()
    while words and len(out) < lines:
        count = next((n for n in range(len(words), 1, -1) if width(" ".join(words[:n]), size) <= room), 1)
        out.append(" ".join(words[:count]))
        words = words[count:]
    if out and (words or width(out[-1], size) > room):
        last = out[-1]
        while last and width(last + "...", size) > room:
            last = last[:-1]
        out[-1] = last.rstrip() + "..."
    return out
