"""What a person does with the site, in a real browser, through the real nginx, uWSGI and Gunicorn."""

import re
import secrets
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.system.browsing import DESKTOP, PHONE, PREDICTION, WIDE, NewPage, forget, judge, overflow, save

pytestmark = [pytest.mark.system, pytest.mark.browser]


def natural_width(page: Page) -> int:
    """Wait for the sheet's picture and return its width in px; 0 when it did not load."""
    page.wait_for_function("document.querySelector('.sheet-fit').complete")
    return int(page.evaluate("document.querySelector('.sheet-fit').naturalWidth"))


def test_upload_leads_to_the_prediction_and_the_media_listing(page: Page, defective: Path, tmp_path: Path) -> None:
    # under a name of its own it is a new inspection, and so on the listing's first page
    sheet = tmp_path / f"coil {secrets.token_hex(4)}.png"
    sheet.write_bytes(defective.read_bytes())
    judge(page, sheet)
    expect(page.locator(".result .badge")).to_have_text("Defect found")
    expect(page.get_by_role("heading", level=1)).to_have_text(sheet.name)
    assert natural_width(page) == 1600
    expect(page.get_by_role("table").get_by_role("row").nth(1)).to_contain_text("px")
    overlay = page.get_by_role("link", name="Overlay coil").inner_text().splitlines()[-1]
    page.get_by_role("link", name="Media", exact=True).click()
    page.get_by_role("link", name=f"Prediction: {overlay}").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(sheet.name)


def test_the_pictures_of_a_prediction_are_a_click_away(page: Page, defective: Path) -> None:
    judge(page, defective)
    for name, ending in (("Original", ".png"), ("Probability map", "_prob.png"), ("Overlay", "_overlay.png")):
        page.get_by_role("navigation", name="Picture").get_by_role("link", name=name).click()
        expect(page.locator(".sheet-fit")).to_have_attribute("src", re.compile(rf"[0-9a-f]{{16}}{ending}$"))
        assert natural_width(page) == 1600


def test_it_works_without_scripts(new_page: NewPage, defective: Path) -> None:
    page = new_page(java_script_enabled=False)
    judge(page, defective)
    expect(page.locator(".result .badge")).to_have_text("Defect found")
    page.get_by_role("link", name="Original", exact=True).click()
    expect(page.locator(".sheet-fit")).to_be_visible()


def test_a_refusal_without_scripts_gives_its_reason_on_the_form(
    new_page: NewPage, tmp_path: Path, complaints: list[str]
) -> None:
    page = new_page(java_script_enabled=False)
    page.goto("/upload")
    page.set_input_files("#file", save(tmp_path / "tiny.png", np.zeros((40, 40), np.uint8)))
    page.click("#send")
    expect(page.get_by_role("alert")).to_contain_text("64")
    expect(page.get_by_role("button", name="Judge this sheet")).to_be_visible()
    forget(complaints, 422)


def test_it_works_by_keyboard_alone(page: Page, defective: Path) -> None:
    # the system's own dialog, which no test can see; answered from the start, for it may open at once
    page.on("filechooser", lambda chooser: chooser.set_files(defective))
    page.goto("/upload")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#file")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#preview-facts")).to_contain_text("256 px")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(PREDICTION)


WRONG_FILES: list[tuple[str, bytes, str]] = [
    ("notes.jpg", b"no picture at all, only words " * 9, "is no JPEG, PNG, BMP, TIFF or WebP"),
    ("huge.png", b"\x89PNG\r\n\x1a\n" + bytes(17 * 1024 * 1024), "at most 16 MB"),
]


@pytest.mark.parametrize(("name", "content", "reason"), WRONG_FILES, ids=[name for name, _, _ in WRONG_FILES])
def test_a_wrong_file_is_refused_before_it_is_sent(
    page: Page, tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert_refused_unsent(page, tmp_path / name, reason)


SHAPES = [(40, 40, "each side needs at least 64 px"), (64, 9000, "at most 8"), (7000, 7000, "at most 40 megapixels")]


@pytest.mark.parametrize("ending", [".png", ".jpg", ".bmp", ".webp", ".tif"])
@pytest.mark.parametrize(("height", "width", "reason"), SHAPES)
def test_a_picture_of_the_wrong_size_is_refused_before_it_is_sent(
    page: Page, tmp_path: Path, height: int, width: int, reason: str, ending: str
) -> None:
    if ending == ".bmp" and height == 7000:
        reason = "at most 16 MB"  # without compression the file is too large first
    picture = save(tmp_path / f"shape{ending}", np.zeros((height, width), np.uint8))
    assert_refused_unsent(page, picture, reason)


def assert_refused_unsent(page: Page, file: Path, reason: str) -> None:
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    page.goto("/upload")
    page.set_input_files("#file", file)
    expect(page.get_by_role("alert")).to_contain_text(reason)
    page.click("#send")
    expect(page.locator("#file")).to_be_focused()
    assert posts == []


def test_what_only_the_service_can_see_is_refused_on_the_same_page(
    page: Page, defective: Path, tmp_path: Path, complaints: list[str]
) -> None:
    torn = tmp_path / "torn.png"
    torn.write_bytes(defective.read_bytes()[:20_000])
    page.goto("/upload")
    page.set_input_files("#file", torn)
    page.click("#send")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("#send")).to_be_enabled()
    assert page.url.endswith("/upload")
    forget(complaints, 422)


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP, WIDE], ids=lambda viewport: str(viewport["width"]))
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_no_page_scrolls_sideways_or_makes_the_browser_complain(
    new_page: NewPage, defective: Path, viewport: dict[str, int], scheme: str
) -> None:
    page = new_page(viewport=viewport, color_scheme=scheme)
    judge(page, defective)
    prediction = page.url
    for path in (prediction, f"{prediction}&view=probability", "/", "/about", "/upload", "/media/"):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert overflow(page) == 0, path


def test_times_are_the_readers_with_utc_on_hover(new_page: NewPage, defective: Path) -> None:
    page = new_page(timezone_id="Asia/Kolkata")
    judge(page, defective)
    time = page.locator("time").first
    hover = time.get_attribute("title") or ""
    assert hover.endswith(" UTC")
    assert hover.removesuffix(" UTC")[:16] != time.inner_text()[:16]


def test_a_phone_shows_the_defect_enlarged(new_page: NewPage, defective: Path) -> None:
    page = new_page(viewport=PHONE)
    judge(page, defective)
    strip = page.locator(".sheet-along")
    expect(strip).to_be_visible()
    box = strip.locator("img").bounding_box()
    assert box is not None
    assert box["width"] > 2 * PHONE["width"]


def test_an_unknown_name_is_a_page_of_ours(page: Page, complaints: list[str]) -> None:
    page.goto("/prediction?filename=nosuch.png")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing here by that name")
    forget(complaints, 404)
