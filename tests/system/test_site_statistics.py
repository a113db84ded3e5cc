"""The statistics, in a real browser, through the real nginx, uWSGI and Gunicorn."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.system.browsing import DESKTOP, PAPER, NewPage, overflow

pytestmark = [pytest.mark.system, pytest.mark.browser]


@pytest.mark.usefixtures("three")
def test_a_bar_leads_to_its_sheets(page: Page, word: str) -> None:
    page.goto(f"/statistics?last=24h&text={word}&zone=UTC")
    canvas = page.locator("#verdicts ~ .chart-box canvas")
    # Chart.js sizes a canvas when it draws it
    expect(canvas).to_have_attribute("style", re.compile("height"))
    box = canvas.bounding_box()
    assert box is not None
    # the uppermost of three bars is that of the sheets with a defect, which all of them have
    canvas.click(position={"x": box["width"] / 2, "y": box["height"] / 6})
    page.wait_for_url("**/history?*")
    assert "verdict=defect" in page.url
    assert f"text={word}" in page.url
    expect(page.locator("#gallery li").first).to_be_visible()


@pytest.mark.usefixtures("three")
def test_on_paper_no_chart_is_cut_off(new_page: NewPage) -> None:
    page = new_page(viewport=DESKTOP, color_scheme="dark")
    page.goto("/statistics?last=24h&zone=UTC")
    expect(page.locator(".chart-box canvas").last).to_have_attribute("style", re.compile("height"))
    page.set_viewport_size(PAPER)
    page.emulate_media(media="print")
    right = "(parts) => parts.map((part) => part.getBoundingClientRect().right)"
    charts, boxes = (page.locator(parts).evaluate_all(right) for parts in (".chart-box canvas", ".chart-box"))
    assert all(chart <= box for chart, box in zip(charts, boxes, strict=True))
    assert overflow(page) == 0
    expect(page.locator("body")).to_have_css("color", "rgb(17, 25, 23)")


@pytest.mark.usefixtures("three")
def test_without_scripts_the_statistics_are_tables(new_page: NewPage, word: str) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(f"/statistics?last=24h&text={word}")
    expect(page.locator("canvas").first).to_be_hidden()
    page.get_by_role("table").get_by_role("link", name="Defect found", exact=True).click()
    expect(page.locator("#gallery li").first).to_be_visible()


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_days_are_the_readers(new_page: NewPage, zone: str) -> None:
    page = new_page(timezone_id=zone)
    page.goto("/statistics?last=24h")
    expect(page.locator(".title-row")).to_contain_text(zone)
