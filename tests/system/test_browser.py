"""What a person does with the site, in a real browser, through the real nginx, uWSGI and Gunicorn."""

import secrets
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.system import chromium
from tests.system.browsing import DESKTOP, PHONE, WIDE, NewPage, forget, judge, overflow

pytestmark = [pytest.mark.system, pytest.mark.browser]

# WCAG 2.2, reflow: no page needs more
NARROW = {"width": 320, "height": 640}


def test_upload_leads_to_the_prediction_and_the_media_listing(page: Page, defective: Path, tmp_path: Path) -> None:
    # under a name of its own it is a new inspection, and so on the listing's first page
    sheet = tmp_path / f"coil {secrets.token_hex(4)}.png"
    sheet.write_bytes(defective.read_bytes())
    judge(page, sheet)
    expect(page.locator(".result .badge")).to_have_text("Defect found")
    expect(page.get_by_role("heading", level=1)).to_have_text(sheet.name)
    expect(page.get_by_role("table").get_by_role("row").nth(1)).to_contain_text("px")
    overlay = page.get_by_role("link", name="Overlay coil").inner_text().splitlines()[-1]
    page.get_by_role("link", name="Media", exact=True).click()
    page.get_by_role("link", name=f"Prediction: {overlay}").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(sheet.name)


@pytest.mark.parametrize("viewport", [NARROW, PHONE, DESKTOP, WIDE], ids=lambda viewport: str(viewport["width"]))
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_no_page_scrolls_sideways_or_makes_the_browser_complain(
    new_page: NewPage, defective: Path, viewport: dict[str, int], scheme: str
) -> None:
    page = new_page(viewport=viewport, color_scheme=scheme)
    judge(page, defective)
    prediction = page.url
    for path in (prediction, "/", "/about", "/upload", "/media/"):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert overflow(page) == 0, path


def test_with_twice_the_text_no_page_scrolls_sideways(new_page: NewPage, defective: Path) -> None:
    page = new_page(viewport=PHONE)
    judge(page, defective)
    for path in ("/", "/about", "/upload", "/history", "/statistics", "/media/", page.url):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert overflow(page) == 0, path


def test_pages_go_by_the_size_of_text_that_the_browser_is_set_to(
    browser: Browser, new_page: NewPage, platform_url: str, defective: Path
) -> None:
    page = new_page()
    judge(page, defective)
    paths = ("/", "/about", "/upload", "/history", "/statistics", "/media/", page.url)
    settings = [*chromium.ARGUMENTS, "--blink-settings=defaultFontSize=32"]
    with browser.browser_type.launch(executable_path=chromium.EXECUTABLE, args=settings) as other:
        for width in (768, 1280):
            page = other.new_page(base_url=platform_url, viewport={"width": width, "height": 900})
            for path in paths:
                page.goto(path)
                page.wait_for_load_state("networkidle")
                assert overflow(page) == 0, (width, path)
            page.goto("/statistics")
            size = "import('/static/vendor/chart.js').then(({ Chart }) => Chart.defaults.font.size)"
            assert page.evaluate(size) == 24
            page.goto("/upload")
            # 16 px of it left a letter in each line
            assert page.locator("#rules dd").first.evaluate("(words) => words.clientWidth") > 10 * 32, width


def test_times_are_the_readers_with_utc_on_hover(new_page: NewPage, defective: Path) -> None:
    page = new_page(timezone_id="Asia/Kolkata")
    judge(page, defective)
    time = page.locator("time").first
    hover = time.get_attribute("title") or ""
    assert hover.endswith(" UTC")
    assert hover.removesuffix(" UTC")[:16] != time.inner_text()[:16]


def test_an_unknown_name_is_a_page_of_ours(page: Page, complaints: list[str]) -> None:
    page.goto("/prediction?filename=nosuch.png")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing here by that name")
    forget(complaints, 404)
