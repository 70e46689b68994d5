"""The page needs nothing but itself, and reads well in a browser."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from synth.stats import gather, to_html
from tests.stats.sets import clip, spec, write

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    people = spec()["people"]
    people[0] = people[0] | {"skin": "a <very> long name of a skin that nobody would think of " * 2}
    made = [clip(1.5 + k, 0.3 * k, (0.5 * k - 1,) * 10, 0.1 * k) for k in range(4)]
    meta = {"qa": {"measures": {"too_dark": 0.3, "too_bright": 0.5}}}
    write(folder / "set", [(fields, meta | {"spec": spec(people=people)}) for fields in made],
          rejected=[{"key": "x", "attempt": 0, "reasons": ["too_dark: so"], "spec": spec()}] * 6)  # fmt: skip
    (folder / "set" / "shard-000001.tar").write_bytes(b"broken")
    (folder / "page.html").write_text(to_html(gather(str(folder / "set"))), encoding="utf-8")
    return folder / "page.html"


def test_the_page_is_whole(page):
    html = page.read_text()
    open_tags = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag, attrs):
            if tag not in ("meta", "img", "br", "line", "rect", "circle"):
                open_tags.append(tag)

        def handle_endtag(self, tag):
            if tag not in ("line", "rect", "circle"):
                assert open_tags.pop() == tag

    Tags().feed(html)
    assert open_tags == []
    assert not re.search(r'(src|href)="(?!data:|#)', html) and "http" not in html and "<very>" not in html
    assert "shard-000001.tar is truncated" in html and "prefers-color-scheme:dark" in html


@pytest.mark.skipif(not any(map(shutil.which, BROWSERS)), reason="needs a Chromium")
def test_a_browser_shows_it_on_a_desk_and_on_a_phone(page):
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, BROWSERS)))
    flags = ["--no-sandbox", "--disable-gpu"]
    with sync_playwright() as play, play.chromium.launch(executable_path=path, args=flags) as browser:
        for width, scheme in ((1360, "light"), (390, "dark")):
            tab = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
            said = []
            tab.on("console", lambda message, said=said: said.append(message.text))
            tab.goto(page.as_uri())
            assert tab.evaluate("document.documentElement.scrollWidth") <= width and said == []
            links = tab.eval_on_selector_all("nav a", "all => all.map(a => a.getAttribute('href'))")
            assert links == [f"#{name}" for name in ("people", "motion", "camera", "picture", "scene", "rejected")]
            sizes = tab.eval_on_selector_all("svg, .heat", "all => all.map(e => e.getBoundingClientRect().width)")
            assert len(sizes) > 30 and min(sizes) > 100
            tab.close()
