"""The page: complete, well-formed, needs nothing else, and says what the numbers say."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
from PIL import Image

from train.inference.gallery import board
from train.inference.report import Report, Row, TaskReport, number
from train.inference.report_html import to_html

_VOID = {"meta", "img", "input"}


class Page(HTMLParser):
    """Checks that tags are closed in order; collects texts, links and pictures."""

    def __init__(self, text: str):
        super().__init__()
        self.open, self.texts, self.links, self.images, self.tags = [], [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        values = dict(attributes)
        self.links += [values[k] for k in ("href", "src") if k in values]
        if tag == "img":
            self.images.append(values["src"])
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def make_report(keys: tuple[str, ...]) -> Report:
    rows = (
        Row("abs_rel", 0.0625, 0.5, "", False, "mean |d - d*| / d*"),
        Row("rmse", 1.25, None, "m", False, "root"),
        Row("delta1", None, 0.75, "", True, "share"),
    )
    details = (Row("error", 0.01, 0.2, "", False, "mean", "left_wrist"),)
    clips = tuple((key, 0.1 * i, 0.5) for i, key in enumerate(keys))
    task = TaskReport("depth", "one scale & shift", "abs_rel", rows, details, clips, keys[:1], keys[-1:])
    return Report("run on <set>", {"model": "runs/a"}, "the mean", (task,), {"bad<clip>": "cut off"}, 2)


def test_the_page_holds_everything_and_nothing_foreign(tmp_path: Path) -> None:
    keys = ("first", "2 < 3 & more", "last")
    paths = {key: tmp_path / f"{i}.webp" for i, key in enumerate(keys)}
    for i, path in enumerate(paths.values()):
        board([np.full((4, 20, 30, 3), 60 * r + i, np.uint8) for r in range(3)]).save(path)
    report = make_report(keys)
    text = to_html(report, {"depth": {keys[0]: paths[keys[0]], keys[2]: paths[keys[2]]}})
    page = Page(text)
    assert all(link.startswith(("#", "data:image/webp;base64,")) for link in page.links)
    assert "http" not in text.replace("http-equiv", "") and "<script" not in text
    said = " ".join(page.texts)
    for expected in ("run on <set>", "one scale & shift", "0.06250", "1.250", "0.7500", "left_wrist", "bad<clip>"):
        assert expected in said
    assert "2 clips have no label" in said and all(key in said for key in keys)
    assert page.tags.count("circle") == len(keys)
    assert len(page.images) == 2
    picture = Image.open(io.BytesIO(base64.b64decode(page.images[0].partition(",")[2])))
    assert picture.size == Image.open(paths[keys[0]]).size
    assert 'class="card wins"' in text


def test_a_board_is_rows_of_frames_that_fit() -> None:
    rows = [np.full((4, 900, 1600, 3), value, np.uint8) for value in (10, 120, 240)]
    picture = np.asarray(board(rows)).astype(int)
    height, width = picture.shape[:2]
    assert width <= 4 * 263 and height <= 3 * 203
    middle = [picture[round(height * (r + 0.5) / 3), 20, 0] for r in range(3)]
    np.testing.assert_allclose(middle, [10, 120, 240], atol=1)


def test_missing_pictures_and_one_clip_make_a_page_too(tmp_path: Path) -> None:
    report = make_report(("only",))
    page = Page(to_html(report, {"depth": {"only": tmp_path / "gone.webp"}}))
    assert not page.images and number(0.0625) in page.texts


def test_a_hundred_thousand_clips_make_a_page_that_a_browser_opens(tmp_path: Path) -> None:
    count = 100_000
    report = make_report(tuple(f"{k:06d}" for k in range(count)))  # the error grows with the number
    report = replace(report, failed={f"lost {k}": "the network was down" for k in range(count)})
    text = to_html(report, {})
    assert len(text) < 300_000
    page = Page(text)
    listed = [word for word in page.texts if len(word) == 6 and word.isdigit()]
    ends = [f"{k:06d}" for k in (*range(250), *range(count - 250, count))]
    assert listed == ends and "99,500 clips between them stand in report.json" in " ".join(page.texts)
    assert page.tags.count("circle") == 0
    assert "lost 99" in page.texts and "lost 100" not in page.texts
    assert "99,900 more clips stand in report.json." in page.texts
    # The columns of the spread hold every clip: 0 to 9,999.9 evenly.
    shares = [int(word.split(" of ")[0].replace(",", "")) for word in page.texts if " of 100,000 clips" in word]
    assert sum(shares) == count and max(shares) < 1.2 * min(shares)
