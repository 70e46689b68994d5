"""What the gallery's pages look like to eyes and to screen readers: names, contrast, phones, axes."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Page, expect

# Controls that screen readers would have no words for.
NAMELESS = """() => [...document.querySelectorAll("button, input, select, a[href], [role=img], summary")]
  .filter((n) => n.checkVisibility())
  .filter((n) => !(n.ariaLabel || n.textContent.trim() || n.labels?.[0]?.textContent.trim()))
  .map((n) => n.outerHTML.slice(0, 120))"""

# WCAG's contrast of an element's text to the page's ground.
CONTRAST = """(selector) => {
  const linear = (x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
  const luminance = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map((x) => linear(x / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const text = luminance(getComputedStyle(document.querySelector(selector)).color);
  const ground = luminance(getComputedStyle(document.body).backgroundColor);
  return (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
}"""


@pytest.mark.parametrize(
    ("state", "there"), [("", ".card"), ("view=plots", ".scatter"), ("clip=one", ".player[data-frame]")]
)
def test_every_control_has_a_name(tab: Page, address: str, state: str, there: str) -> None:
    tab.goto(f"{address}#{state}")
    tab.locator(there).first.wait_for()
    assert not tab.evaluate(NAMELESS)
    assert tab.locator("h1:visible").count() == 1


@pytest.mark.parametrize(
    ("state", "there"), [("", ".card"), ("view=plots", ".scatter"), ("clip=one", ".player[data-frame]")]
)
def test_nothing_is_wider_than_a_phone(tab: Page, site, state: str, there: str) -> None:
    tab.set_viewport_size({"width": 390, "height": 844})
    tab.goto(f"{site.as_uri()}#{state}")
    tab.locator(there).first.wait_for()
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    if state != "clip=one":
        expect(tab.get_by_label("orbit", exact=True)).to_be_hidden()
        tab.get_by_role("button", name="Filters").click()
        tab.get_by_label("orbit", exact=True).check()
        expect(tab.locator("#count")).to_contain_text("2 of 3")


@pytest.mark.parametrize("numbers", ["x=focal&y=distance", "x=cover&y=visible", "x=height&y=speed"])
def test_axes_have_round_numbers_each_once(tab: Page, site, numbers: str) -> None:
    tab.goto(f"{site.as_uri()}#view=plots&{numbers}")
    tab.locator(".scatter").wait_for()
    for anchor in ("end", "middle"):
        told = tab.locator(f'.scatter text[text-anchor="{anchor}"]:not(.axis)').all_text_contents()
        values = [float(t) for t in told]
        assert len(told) == len(set(told)) and 2 <= len(told) <= 12, told
        steps = np.diff(sorted(values))
        assert np.allclose(steps, steps[0], rtol=1e-6), told
        assert f"{steps[0]:.0e}"[0] in "125", told
    expect(tab.locator(".scatter a")).to_have_count(3)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_light_and_dark(tab: Page, site, scheme: str) -> None:
    tab.emulate_media(color_scheme=scheme)
    tab.goto(site.as_uri())
    tab.locator(".card").first.wait_for()
    for selector in (".caption", ".card .small", ".facet .count", "#count"):
        assert tab.evaluate(CONTRAST, selector) > 4.5, selector
