"""The page that lists previews: one static file that works from disk, light or dark as the reader's system is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from synth.preview.sheet import Heading

_STYLE = """
:root { color-scheme: light dark; --ink: #16181d; --faint: #5d646e; --paper: #f6f6f4; --card: #ffffff; --rule: #e2e4e8;
  --accent: #0b66c2; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eceef1; --faint: #9aa0a8; --paper: #14161a; --card: #1b1e24; --rule: #2a2e35; --accent: #6cb6ff; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
header, main { max-width: 1440px; margin: 0 auto; padding: 0 24px; }
header { padding-top: 32px; }
h1 { margin: 0; font-size: 24px; overflow-wrap: anywhere; }
h2 { margin: 0; font-size: 18px; }
p { margin: 0; }
a { color: var(--accent); }
.faint { color: var(--faint); font-size: 14px; }
article { margin: 24px 0; border: 1px solid var(--rule); border-radius: 8px; background: var(--card);
  overflow: hidden; }
article > div { padding: 16px 20px; }
.line { display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: baseline; }
video { display: block; width: 100%; height: auto; background: #14161a; }
"""


@dataclass(frozen=True)
class Entry:
    """A clip on the page: its heading, the names of its files beside the page, what could not be shown and why."""

    heading: Heading
    sheet: str
    movie: str
    size: tuple[int, int]  # of the movie
    notes: tuple[str, ...] = ()


def _article(entry: Entry) -> str:
    sheet, movie = quote(entry.sheet), quote(entry.movie)
    width, height = entry.size
    notes = "".join(f'\n<p class="faint">{escape(note)}</p>' for note in entry.notes)
    return f"""<article id="{escape(entry.heading.key)}">
<video src="{movie}" width="{width}" height="{height}" controls loop muted playsinline preload="metadata"
 aria-label="All modalities of clip {escape(entry.heading.key)}, playing in step"></video>
<div>
<div class="line"><h2>{escape(entry.heading.key)}</h2><span class="faint">{escape(entry.heading.facts)}</span>
<a href="{sheet}">contact sheet</a></div>
<p>{escape(entry.heading.caption)}</p>{notes}
</div>
</article>"""


def page(title: str, entries: Sequence[Entry]) -> str:
    """HTML that shows ``entries``; links are relative."""
    count = "1 clip" if len(entries) == 1 else f"{len(entries)} clips"
    articles = "\n".join(_article(e) for e in entries)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · preview</title>
<style>{_STYLE}</style>
</head>
<body>
<header>
<h1>{escape(title)}</h1>
<p class="faint">{count} · <a href="overview.png">overview</a></p>
</header>
<main>
{articles}
</main>
</body>
</html>
"""
