"""Rejected draws on the page: the frame of the failed check, and on it the check, its limit, and where to look."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from synth import shards
from synth.gallery import write_gallery
from synth.qa import QaConfig, check_clip, evidence_of
from tests.gallery.conftest import meta, serving
from tests.qa.rolling import FRAMES, HEIGHT, WIDTH, rolling_ball

ASIDE = 1.2  # metres by which the ball leaves the frame


def _record(key: str, attempt: int, aside: float, darker: int = 1) -> dict:
    """Of a ball that half leaves the frame on the right, or that is too dark, as the generator makes it."""
    fields, bodies = rolling_ball()
    fields["world_to_camera"][:, 0, 3] += aside
    fields["rgb"] //= darker
    verdict = check_clip(fields, bodies, QaConfig())
    assert not verdict.passed
    wanted = "in_frame" if aside else "too_dark"
    checks = [c for c in verdict.checks if c["name"] == wanted]
    record = evidence_of(replace(verdict, checks=tuple(checks)), fields)
    spec = meta(1, "pan", "", index=7)["spec"] | {"width": WIDTH, "height": HEIGHT, "frames": FRAMES}
    reasons = [r for r in verdict.reasons if r.startswith(wanted)]
    return {"key": key, "attempt": attempt, "reasons": reasons, "spec": spec, **record}


@pytest.fixture(scope="module")
def records() -> list[dict]:
    cut, dark = _record("00000007", 0, ASIDE), _record("00000007", 1, 0.0, darker=20)
    old = {k: v for k, v in _record("00000008", 0, 0.0, darker=20).items() if k not in ("checks", "pictures")}
    damaged = dark | {"key": "00000009", "pictures": {"1": "no base64!"}}
    return [cut, dark, old, damaged]


@pytest.fixture(scope="module")
def page(records: list[dict], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of a data set of which every draw was rejected."""
    root = tmp_path_factory.mktemp("rejected")
    shards.write_shard(root / "people", "shard-000000", [], records)
    manifest = shards.build_manifest(root / "people", {"seed": 5})
    assert [sorted(r) for r in manifest["rejected"]][0] == ["attempt", "checks", "key", "reasons", "spec"]
    assert write_gallery(root / "people", root / "site")[1] == 0
    return root / "site" / "index.html"


def test_cards_show_the_frame_and_the_check(tab: Page, page: Path, records: list[dict]) -> None:
    tab.goto(f"{page.as_uri()}#t.verdict=rejected")
    expect(tab.locator(".card")).to_have_count(4)
    expect(tab.locator("#count")).to_have_text("4 rejected draws")
    cut = tab.locator(".card").nth(0)
    tab.wait_for_function(f"document.querySelector('.card img').naturalWidth === {WIDTH}")
    value = 100 * records[0]["checks"][0]["value"]
    expect(cut.locator(".badge")).to_have_text(f"in frame {value:.3g} % on average, at least 90 %")
    expect(cut.locator(".marks rect.box:not(.halo)")).to_have_count(1)
    expect(cut.locator(".marks line.cut")).to_have_count(1)
    dark = tab.locator(".card").nth(1)
    expect(dark.locator(".badge")).to_contain_text("too dark")
    expect(dark.locator(".marks rect.cut")).to_have_count(1)
    for without in (2, 3):
        expect(tab.locator(".card").nth(without)).to_contain_text("No picture")


def test_a_data_set_of_rejected_draws_alone_offers_them(tab: Page, page: Path) -> None:
    tab.goto(page.as_uri())
    expect(tab.locator("#main")).to_contain_text("The data set holds no clip.")
    tab.get_by_role("button", name="Show 4 rejected draws").click()
    expect(tab.locator(".card")).to_have_count(4)


def test_the_page_of_a_draw_marks_the_body_and_the_side_it_is_cut_at(
    tab: Page, page: Path, records: list[dict]
) -> None:
    tab.goto(f"{page.as_uri()}#clip=00000007.0&t.verdict=rejected")
    check = records[0]["checks"][0]
    figure = tab.locator("figure.failed")
    expect(figure).to_have_count(1)
    expect(figure.locator(".verdicts li")).to_contain_text("at least 90 %")
    expect(figure.get_by_role("img")).to_have_attribute("alt", f"Frame {check['frame']}. in frame: "
        f"{100 * check['value']:.3g} % on average, at least 90 %")  # fmt: skip
    tab.wait_for_function("document.querySelector('.failed img').naturalWidth > 0")
    stage = figure.locator(".stage").bounding_box()
    drawn = figure.locator("rect.box:not(.halo)").bounding_box()
    left, top, right, bottom = check["boxes"][0]
    scale = stage["width"] / WIDTH
    assert right > WIDTH
    expected = {
        "x": stage["x"] + left * scale, "y": stage["y"] + top * scale, "width": (WIDTH - left) * scale,
        "height": (bottom - top) * scale,
    }  # fmt: skip
    assert {name: drawn[name] for name in expected} == pytest.approx(expected, abs=3)
    cut = figure.locator("line.cut").bounding_box()
    assert cut["x"] + cut["width"] / 2 == pytest.approx(stage["x"] + stage["width"], abs=6)
    expect(tab.locator("code").first).to_contain_text("--clip 7")


def test_draws_without_pictures_say_so(tab: Page, page: Path) -> None:
    tab.goto(f"{page.as_uri()}#clip=00000008.0&t.verdict=rejected")
    expect(tab.get_by_text("turned down without a picture")).to_be_visible()
    expect(tab.locator(".checks")).to_contain_text("mean luminance")
    tab.goto("about:blank")
    tab.goto(f"{page.as_uri()}#clip=00000009.1&t.verdict=rejected")
    expect(tab.get_by_text("No picture of this draw was kept")).to_be_visible()


def test_a_remade_draw_has_its_check_on_the_frame(tab: Page, clips: dict[str, shards.Clip], tmp_path: Path) -> None:
    two = clips["two"]
    arrays = {name: getattr(two, name) for name in two.fields()}
    about = meta(2, "pan", "remade", ("in_frame: so (at least 90 %).",), 3)
    check = {
        "name": "in_frame", "value": 0.25, "limit": 0.9, "at_least": True, "mean": True, "unit": "%", "frame": 1,
        "boxes": [[-20, 5, 40, 60]],
    }  # fmt: skip
    about["qa"]["checks"] = [check]
    members = shards.encode_clip("00000003", 25, arrays, about)
    shards.write_shard(tmp_path / "one", "shard-000000", [("00000003", members)])
    page, *_ = write_gallery(tmp_path / "one", tmp_path / "site")
    tab.goto(f"{page.as_uri()}#clip=00000003")
    tab.locator('.player[data-frame="0"]').wait_for()
    expect(tab.locator(".flag")).to_be_hidden()
    tab.keyboard.press(".")
    expect(tab.locator(".flag")).to_be_visible()
    expect(tab.locator(".flag .verdicts")).to_have_text("in frame 25 % on average, at least 90 %")
    expect(tab.locator(".flag line.cut")).to_have_count(1)


def looked_until(tab: Page, condition: Callable[[], bool]) -> None:
    """Let the page look at the data set again and again, which it does some seconds after each look has ended."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "nothing new is shown"
        tab.clock.run_for(4000)
        tab.wait_for_timeout(400)


def test_draws_of_a_run_that_goes_on_appear_and_stay(tab: Page, records: list[dict], clips, tmp_path: Path) -> None:
    two = clips["two"]
    arrays = {name: getattr(two, name) for name in two.fields()}
    shards.stage_clip(tmp_path / "run", "00000001", shards.encode_clip("00000001", 25, arrays, meta(2, "pan", "")))
    shards.stage_rejection(tmp_path / "run", "00000007", 0, records[0])
    with serving(tmp_path / "run", tmp_path / "cache") as address:
        tab.clock.install()
        tab.goto(f"{address}#t.verdict=rejected")
        expect(tab.locator(".card .marks")).to_have_count(1)
        shards.stage_rejection(tmp_path / "run", "00000007", 1, records[1])
        looked_until(tab, lambda: tab.locator(".card").count() == 2)
        tab.locator(".card").first.evaluate("(card) => { card.dataset.first = 1; }")
        looks: list[str] = []
        tab.on(
            "requestfinished", lambda request: looks.append(request.url) if "/data/index.js" in request.url else None
        )
        looked_until(tab, lambda: len(looks) >= 2)  # the first may have been on its way
        tab.wait_for_timeout(300)
        assert tab.locator(".card").first.get_attribute("data-first"), "what has not changed is not drawn anew"
