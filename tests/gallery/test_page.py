"""The gallery in a real browser, from disk and served."""

from __future__ import annotations

import json

import numpy as np
from playwright.sync_api import Page, expect

from synth.lens import rays
from synth.preview.overlay import body_of, body_vertices
from synth.preview.palette import PART_TABLE
from synth.shards import FIELDS, Clip


def cards(page: Page):
    return page.locator(".card")


def open_clip(page: Page, address: str, state: str) -> None:
    page.goto(f"{address}#{state}")
    page.locator(".player[data-frame]").wait_for()


def at_frame(page: Page, frame: int) -> None:
    page.locator(f'.player[data-frame="{frame}"]').wait_for()


def test_it_filters_searches_sorts_and_keeps_all_of_it_in_the_address(tab: Page, address: str) -> None:
    tab.goto(address)
    expect(cards(tab)).to_have_count(3)
    expect(tab.locator("#count")).to_have_text("3 clips")
    tab.get_by_label("orbit", exact=True).check()
    expect(cards(tab)).to_have_count(2)
    tab.get_by_role("searchbox").fill("STEPS spot")
    expect(cards(tab)).to_have_count(1)
    expect(cards(tab).locator(".caption")).to_have_text("a woman <steps> on the spot")
    link = tab.url
    tab.get_by_role("button", name="clear filters").click()
    expect(cards(tab)).to_have_count(3)
    tab.get_by_label("Sort by").select_option("-people")
    assert tab.locator(".card .key").all_inner_texts() == ["three", "two", "one"]
    tab.goto("about:blank")
    tab.goto(link)
    expect(cards(tab)).to_have_count(1)
    expect(tab.get_by_role("searchbox")).to_have_value("STEPS spot")
    expect(tab.get_by_label("orbit", exact=True)).to_be_checked()


def test_an_address_that_makes_no_sense_shows_everything(tab: Page, address: str) -> None:
    tab.goto(f"{address}#ranges=x&traits=y&constructor=z")
    expect(cards(tab)).to_have_count(3)


def test_a_range_of_a_number_keeps_those_within(tab: Page, address: str, clips: dict[str, Clip]) -> None:
    focal = {k: float(np.median(c.intrinsics[:, 0, 0])) * 36 / 96 for k, c in clips.items()}
    cover = {"one": 10, "two": 20, "three": 20}
    assert max(focal.values()) - min(focal.values()) < 1e-6
    tab.goto(f"{address}#n.cover=15~25")
    expect(cards(tab)).to_have_count(sum(15 <= c <= 25 for c in cover.values()))
    tab.locator("#n\\.cover\\.from").focus()
    tab.keyboard.press("Home")
    expect(cards(tab)).to_have_count(3)


def test_rejected_draws_show_when_asked_for_with_their_reason(tab: Page, address: str) -> None:
    tab.goto(address)
    tab.get_by_label("rejected", exact=True).check()
    expect(cards(tab)).to_have_count(2)
    expect(tab.locator("#count")).to_have_text("1 of 3 clips and 1 rejected draw")
    assert tab.locator(".facet .bar i").evaluate_all(
        "(bars) => bars.every((b) => b.offsetWidth <= b.parentNode.offsetWidth)"
    )
    tab.get_by_role("link", name="Clip four, rejected").click()
    expect(tab.get_by_role("heading", name="Rejected by a check")).to_be_visible()
    expect(tab.locator(".checks")).to_contain_text("0.4 m/s on average")
    expect(tab.locator("code").first).to_contain_text("--clip 3 --attempt 1")


def test_a_card_plays_while_it_is_pointed_at(tab: Page, address: str) -> None:
    tab.goto(address)
    cards(tab).first.hover()
    video = cards(tab).first.locator("video")
    video.wait_for()
    tab.wait_for_function("document.querySelector('.card video').currentTime > 0.1")
    tab.get_by_role("searchbox").hover()
    expect(video).to_have_count(0)


def test_plots_show_a_dot_a_clip_that_leads_to_it(tab: Page, address: str) -> None:
    tab.goto(f"{address}#view=plots&x=cover&y=distance")
    expect(tab.locator(".scatter a")).to_have_count(3)
    tab.get_by_role("link", name="Clip two").focus()
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", name="two", exact=True)).to_be_visible()


def test_it_plays_scrubs_and_steps(tab: Page, address: str) -> None:
    open_clip(tab, address, "clip=one&frame=4")
    at_frame(tab, 4)
    tab.keyboard.press(".")
    at_frame(tab, 5)
    tab.get_by_role("button", name="One frame back").click()
    at_frame(tab, 4)
    tab.get_by_role("slider", name="Frame").fill("9")
    at_frame(tab, 9)
    assert "frame=9" in tab.url
    tab.get_by_role("button", name="Play").click()
    tab.wait_for_function("+document.querySelector('.player').dataset.frame % 9 > 1")
    tab.get_by_role("button", name="Pause").click()


def test_the_pointer_reads_what_is_stored(tab: Page, address: str, clips: dict[str, Clip]) -> None:
    clip = clips["one"]
    rng = np.random.default_rng(3)
    for frame in (0, 8, 9):  # of both files
        open_clip(tab, address, f"clip=one&frame={frame}")
        at_frame(tab, frame)
        rows, columns = np.nonzero(clip.parts[frame])
        inside = rng.integers(len(rows), size=2)
        places = [(int(columns[i]), int(rows[i])) for i in inside] + [(1, 62), (0, 0), (95, 63)]
        for x, y in places:
            _point(tab, x, y, frame)
            for name in ("depth", "normals", "instances", "parts", "semantics", "surface", "matte", "flow_forward"):
                told = json.loads(tab.locator(f"#value-{name}").get_attribute("data-value"))
                stored = getattr(clip, name)[frame, y, x]
                if told is None:
                    assert np.isnan(stored).all(), (name, frame, x, y)
                elif FIELDS[name].dtype == "uint8":
                    assert told == stored
                else:
                    np.testing.assert_allclose(told, stored, rtol=2e-7, atol=2e-7, err_msg=f"{name} {frame} {x} {y}")
        part = clip.parts[frame, places[0][1], places[0][0]]
        assert part > 0


def _point(page: Page, x: int, y: int, frame: int) -> None:
    box = page.locator(".stage:not(.space)").bounding_box()
    page.mouse.move(box["x"] + (x + 0.5) / 96 * box["width"], box["y"] + (y + 0.5) / 64 * box["height"])
    page.locator(f'.readout[data-at="{frame} {x} {y}"]').wait_for()


def _pixels(page: Page, canvas: str) -> np.ndarray:
    flat = page.evaluate(
        """(canvas) => { const c = document.querySelector(canvas);
        return [...c.getContext("2d").getImageData(0, 0, c.width, c.height).data]; }""",
        canvas,
    )
    return np.array(flat, np.uint8).reshape(64, 96, 4)


def test_colour_and_overlay_are_those_of_the_frame(tab: Page, address: str, clips: dict[str, Clip]) -> None:
    clip = clips["one"]
    open_clip(tab, address, "clip=one&frame=9&over=parts&mix=40")
    at_frame(tab, 9)
    shown = _pixels(tab, ".stage .colour")[..., :3].astype(int)
    error = [np.abs(shown - clip.rgb[frame].astype(int)).mean() for frame in range(clip.num_frames)]
    assert int(np.argmin(error)) == 9 and error[9] < 4, error
    label = _pixels(tab, ".stage .label")
    people = clip.parts[9] > 0
    assert np.array_equal(label[..., 3] > 0, people)
    assert np.array_equal(label[people][:, :3], PART_TABLE[clip.parts[9]][people])
    assert tab.locator(".stage .label").evaluate("(c) => getComputedStyle(c).opacity") == "0.4"
    tab.locator("#over").select_option("depth")
    expect(tab.locator("#legend-title")).to_have_text("Depth")
    tab.wait_for_function(
        "document.querySelector('.stage .label').getContext('2d').getImageData(1, 62, 1, 1).data[3] > 0"
    )
    hit = np.isfinite(clip.depth[9])
    assert np.array_equal(_pixels(tab, ".stage .label")[..., 3] > 0, hit)


def test_a_rejected_clip_points_at_the_frame_of_its_failed_check(tab: Page, address: str) -> None:
    open_clip(tab, address, "clip=three")
    expect(tab.get_by_role("region", name="Failed checks")).to_contain_text("Rejected by a check")
    expect(tab.locator(".ticks i")).to_have_count(1)
    tab.get_by_role("button", name="show frame 2").click()
    at_frame(tab, 2)


def test_all_of_it_works_by_keyboard_and_is_told_to_screen_readers(tab: Page, address: str) -> None:
    tab.goto(address)
    expect(cards(tab)).to_have_count(3)
    tab.keyboard.press("Tab")
    expect(tab.get_by_role("link", name="Skip to the clips")).to_be_focused()
    cards(tab).first.focus()
    tab.keyboard.press("ArrowRight")
    expect(cards(tab).nth(1)).to_be_focused()
    chosen = cards(tab).nth(1).locator(".key").inner_text()
    tab.keyboard.press("Enter")
    tab.locator(".player[data-frame]").wait_for()
    stage = tab.get_by_role("img", name=f"Clip {chosen}")
    stage.focus()
    tab.keyboard.press("Shift+ArrowLeft")
    expect(tab.get_by_role("status")).to_contain_text("Depth")
    tab.keyboard.press("Escape")
    expect(cards(tab).nth(1)).to_be_focused()
    tab.get_by_role("searchbox").fill("side by side")
    expect(tab.get_by_role("status")).to_contain_text("1 of 3 clips")


def test_space_shows_points_bodies_and_camera_where_they_are(tab: Page, address: str, clips: dict[str, Clip]) -> None:
    clip, frame = clips["one"], 8
    open_clip(tab, address, f"clip=one&frame={frame}&space=1")
    at_frame(tab, frame)
    tab.locator(".space canvas").wait_for()
    drawn = tab.evaluate(
        """async () => { const c = document.querySelector(".space canvas");
        const pen = new OffscreenCanvas(c.width, c.height).getContext("2d"); pen.drawImage(c, 0, 0);
        return [...pen.getImageData(0, 0, c.width, c.height).data]; }"""
    )
    assert (np.array(drawn, np.uint8).reshape(-1, 4)[:, :3].max(1) > 60).mean() > 0.01
    cloud, pixels, body = tab.evaluate(
        """async (frame) => { const about = await thfm.load("clips/one/clip"), frames = thfm.framesOf(about);
        const cloud = thfm.cloudOf(about, await frames.codes("depth", frame), frame, 1);
        const body = thfm.verticesOf(about.bodies, await frames.bodies(frame), 0);
        return [[...cloud.places], [...cloud.pixels], [...body]]; }""",
        frame,
    )
    depth = clip.depth[frame]
    rows, columns = np.nonzero(np.isfinite(depth))
    assert np.array_equal(pixels, rows * clip.width + columns)
    seen = rays(np.stack([columns, rows], -1) + 0.5, clip.intrinsics[frame], clip.distortion[frame])
    camera = clip.world_to_camera[frame]
    places = (seen * depth[rows, columns][:, None] - camera[:3, 3]) @ camera[:3, :3]
    assert clip.distortion.any()
    np.testing.assert_allclose(np.reshape(cloud, (-1, 3)), places, rtol=1e-5, atol=1e-4)
    person = clip.smplx[0]
    vertices = body_vertices(body_of(person), person)[frame]
    assert np.abs(np.reshape(body, (-1, 3)) - vertices).max() < 0.0003


def test_the_view_of_space_is_turned_by_keys(tab: Page, site) -> None:
    open_clip(tab, site.as_uri(), "clip=one")
    tab.get_by_role("button", name="In space").click()
    canvas = tab.locator(".space canvas")
    canvas.wait_for()
    before = canvas.screenshot()
    canvas.focus()
    tab.keyboard.press("ArrowLeft")
    tab.keyboard.press("+")
    assert canvas.screenshot() != before
    tab.get_by_role("button", name="In space").click()
    expect(tab.get_by_role("img", name="Arrow keys move the pointer")).to_be_visible()
