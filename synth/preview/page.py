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
figure { margin: 0; overflow-x: auto; background: #14161a; }
video { display: block; width: 100%; min-width: 720px; height: auto; }
video:focus-visible { outline: 3px solid var(--accent); outline-offset: -3px; }
"""

# Movies play while they are in sight; a click, space or enter stops and starts them. The browser's own controls would
# hide the lowest row of pictures: they stay for readers without scripts.
_SCRIPT = """
const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
const play = (video) => video.play().catch(() => {});  // stopped before it began
const toggle = (video) => (video.paused ? play(video) : video.pause());
const sight = new IntersectionObserver((seen) => {
  for (const { target: { firstChild: video }, isIntersecting } of seen)
    isIntersecting && !still ? play(video) : video.pause();
}, { threshold: 0.5 });
for (const video of document.querySelectorAll("video")) {
  video.removeAttribute("controls");
  video.tabIndex = 0;
  video.onclick = () => toggle(video);
  video.onkeydown = (event) => {
    if (event.key === " " || event.key === "Enter") { event.preventDefault(); toggle(video); }
  };
  sight.observe(video.parentElement);  // on a phone only a part of the movie is in sight
}
"""


@dataclass(frozen=True)
class Entry:
    """A clip on the page: its heading, the names of its files beside the page, what could not be shown and why."""

    heading: Heading
    sheet: str
    movie: str
    still: str
    size: tuple[int, int]  # of the movie
    notes: tuple[str, ...] = ()


def _article(entry: Entry) -> str:
    sheet, movie, still = quote(entry.sheet), quote(entry.movie), quote(entry.still)
    width, height = entry.size
    notes = "".join(f'\n<p class="faint">{escape(note)}</p>' for note in entry.notes)
    return f"""<article id="{escape(entry.heading.key)}">
<figure><video src="{movie}" poster="{still}" width="{width}" height="{height}" controls loop muted playsinline
 preload="none" aria-label="All modalities of clip {escape(entry.heading.key)}, playing in step"></video></figure>
<div>
<div class="line"><h2>{escape(entry.heading.key)}</h2><span class="faint">{escape(entry.heading.facts)}</span>
<a href="{sheet}">contact sheet</a> <a href="{movie}">movie</a></div>
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
<script>{_SCRIPT}</script>
</body>
</html>
"""
