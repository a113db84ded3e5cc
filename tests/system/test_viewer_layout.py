"""How the page of a sheet is laid out, on every screen, on paper and without scripts, and what loading it takes."""

import secrets
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.system.browsing import DESKTOP, PAPER, PHONE, Audit, NewPage, camera, judge, overflow, ready, save, view
from training import sheets

pytestmark = [pytest.mark.system, pytest.mark.browser]

MOST_SCRIPT_BYTES = 150_000
# what Google calls good is 0.1; nothing should move at all
MOST_SHIFT = 0.01
SHIFTS = """
() => new Promise((resolve) => new PerformanceObserver((list) =>
  resolve(list.getEntries().reduce((sum, entry) => sum + entry.value, 0))
).observe({type: 'layout-shift', buffered: true}) || setTimeout(() => resolve(0), 1000))
"""


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=lambda size: str(size["width"]))
def test_axe_finds_nothing(
    new_page: NewPage, axe: Audit, defective: Path, viewport: dict[str, int], scheme: str
) -> None:
    page = new_page(viewport=viewport, color_scheme=scheme)
    view(page, defective)
    assert axe(page) == []
    page.keyboard.press("?")
    assert axe(page) == []


def test_a_phone_shows_the_first_defect_by_the_sheets_full_height(new_page: NewPage, defective: Path) -> None:
    page = new_page(viewport=PHONE)
    view(page, defective)
    seen = page.evaluate("(({camera}) => camera.view.height / camera.scale)(document.querySelector('sheet-viewer'))")
    assert round(seen) == 256


def test_a_desktop_shows_the_whole_overlay_without_scrolling(page: Page, defective: Path) -> None:
    view(page, defective)
    bottom = "document.querySelector('canvas[data-picture=overlay]').getBoundingClientRect().bottom"
    assert page.evaluate(bottom) <= DESKTOP["height"]


@pytest.mark.parametrize("width", [320, 360, 760, 820, 900, 1000, 1100, 1280, 2560])
def test_no_width_is_too_narrow_for_the_page_and_its_table(new_page: NewPage, defective: Path, width: int) -> None:
    page = new_page(viewport={"width": width, "height": 900})
    view(page, defective)
    assert overflow(page) == 0
    assert page.locator(".defects").evaluate("(part) => part.scrollWidth - part.clientWidth") == 0


def test_a_phones_keyboard_goes_through_the_parts_as_the_eye_does(new_page: NewPage, defective: Path) -> None:
    page = new_page(viewport=PHONE)
    view(page, defective)
    tops = "[...document.querySelector('sheet-viewer').children].map((part) => part.getBoundingClientRect())"
    for size in (PHONE, DESKTOP):
        page.set_viewport_size(size)
        expect(page.locator("sheet-viewer > :nth-child(3 of :not([hidden]))")).to_be_visible()
        seen = page.evaluate(f"{tops}.filter(({{height}}) => height).map(({{top}}) => top)")
        assert len(seen) == 5
        assert seen == sorted(seen)


def test_paper_carries_all_columns_and_nothing_to_press(new_page: NewPage, defective: Path) -> None:
    page = new_page(viewport=PAPER)
    view(page, defective)
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation", name="Pages")).to_be_hidden()
    expect(page.locator("#threshold")).to_be_hidden()
    expect(page.locator("canvas[data-picture=overlay]")).to_be_visible()
    expect(page.locator(".defects tbody tr").first).to_have_css("display", "table-row")
    assert overflow(page) == 0


def test_paper_has_the_whole_sheet_with_its_outlines_however_it_is_looked_at(page: Page, defective: Path) -> None:
    view(page, defective)
    looked_at = """(({camera, state: {overlay, opacity}}) => [camera.fitted, overlay, opacity])
                   (document.querySelector('sheet-viewer'))"""
    page.locator(".defects tbody button").first.click()
    page.keyboard.press("o")
    expect(page.locator("[data-toggle=overlay]")).to_have_attribute("aria-pressed", "false")
    before = [page.evaluate(looked_at), camera(page)]
    assert before[0] == [False, False, 100]
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    page.set_viewport_size(PAPER)
    page.evaluate("new Promise(requestAnimationFrame)")
    assert page.evaluate(looked_at) == [True, True, 100]
    page.emulate_media(media="screen")
    page.set_viewport_size(DESKTOP)
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.evaluate("new Promise(requestAnimationFrame)")
    assert page.evaluate(looked_at) == before[0]
    assert camera(page)["scale"] == before[1]["scale"]


def test_the_focus_stays_when_the_parts_change_places(page: Page, defective: Path) -> None:
    view(page, defective)
    tool = page.get_by_role("button", name="Fit")
    tool.focus()
    page.set_viewport_size(PHONE)
    # the parts have changed places when the tools stand below the pictures
    tops = "['.tools', '.panes'].map((part) => document.querySelector(part).getBoundingClientRect().top)"
    page.wait_for_function(f"(([tools, panes]) => tools > panes)({tops})")
    page.evaluate("new Promise(requestAnimationFrame)")
    expect(tool).to_be_focused()


def test_a_long_name_takes_two_lines_and_is_whole_on_hover(page: Page, defective: Path, tmp_path: Path) -> None:
    sheet = tmp_path / f"{'a sheet of this coil ' * 9}.png"
    sheet.write_bytes(defective.read_bytes())
    judge(page, sheet)
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_attribute("title", sheet.name)
    assert heading.evaluate("(name) => name.offsetHeight / parseFloat(getComputedStyle(name).lineHeight)") < 2.1


def test_nothing_moves_while_the_page_loads(page: Page, defective: Path) -> None:
    view(page, defective)
    page.reload()
    ready(page)
    page.wait_for_load_state("networkidle")
    assert page.evaluate(SHIFTS) < MOST_SHIFT


def test_the_scripts_are_light(page: Page, defective: Path) -> None:
    view(page, defective)
    scripts = "performance.getEntriesByType('resource').filter(({name}) => new URL(name).pathname.endsWith('.js'))"
    sizes: list[int] = page.evaluate(f"{scripts}.map(({{encodedBodySize}}) => encodedBodySize)")
    assert len(sizes) > 5
    assert sum(sizes) < MOST_SCRIPT_BYTES


def test_without_scripts_the_pictures_and_the_table_are_there(new_page: NewPage, defective: Path) -> None:
    page = new_page(java_script_enabled=False)
    judge(page, defective)
    for name in ("Original", "Overlay", "Heat map"):
        expect(page.get_by_role("img", name=f"{name} of")).to_be_visible()
    expect(page.get_by_role("table").get_by_role("row").nth(1)).to_contain_text("px")
    for scripted in (page.locator("#threshold"), page.get_by_text("With the threshold that the slider shows")):
        expect(scripted).to_be_hidden()


@pytest.mark.parametrize("size", [(800, 128), (2048, 2048)], ids=["800x128", "square"])
def test_a_sheet_of_any_size_fits_and_keeps_its_shape(page: Page, tmp_path: Path, size: tuple[int, int]) -> None:
    width, height = size
    name = f"sheet {width} {secrets.token_hex(3)}.png"
    view(page, save(tmp_path / name, sheets.generate(5, width=width, height=height, defects=[4]).image))
    for selector in ("canvas[data-picture=heat]", ".minimap"):
        box = page.locator(selector).bounding_box()
        assert box is not None
        assert box["width"] / box["height"] == pytest.approx(width / height, rel=0.05)
    seen = camera(page)
    assert seen["scale"] * width <= seen["width"] + 1
    assert overflow(page) == 0


def test_a_picture_that_is_shown_again_is_drawn_again(page: Page, tmp_path: Path) -> None:
    # beside each other, the others grow while one is hidden
    name = f"square {secrets.token_hex(3)}.png"
    view(page, save(tmp_path / name, sheets.generate(5, width=512, height=512, defects=[4]).image))
    original = page.locator("canvas[data-picture=original]")
    drawn = "(canvas) => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean)"
    assert original.evaluate(drawn)
    page.keyboard.press("1")
    expect(original).to_be_hidden()
    page.keyboard.press("1")
    expect(original).to_be_visible()
    page.evaluate("new Promise(requestAnimationFrame)")
    assert original.evaluate(drawn)


@pytest.mark.parametrize("colours", ["active", "none"])
def test_forced_colours_and_less_motion_lose_nothing(
    new_page: NewPage, axe: Audit, defective: Path, colours: str
) -> None:
    page = new_page(forced_colors=colours, reduced_motion="reduce")
    view(page, defective)
    assert axe(page) == []
    assert page.evaluate("document.getAnimations().length") == 0
    expect(page.locator(".result .badge")).to_be_visible()
    # what a state is told by is not the same for both states
    style = "(part) => [getComputedStyle(part).backgroundColor, getComputedStyle(part).borderBlockEndColor]"
    page.keyboard.press("1")
    expect(page.locator("[data-toggle=showOriginal]")).to_have_attribute("aria-pressed", "false")
    released, pressed = (page.locator(f"[data-toggle={name}]") for name in ("showOriginal", "showHeat"))
    assert released.evaluate(style)[0] != pressed.evaluate(style)[0]
    page.goto("/history")
    here, there = page.locator(".menu [aria-current]"), page.locator(".menu a:not([aria-current])").first
    assert here.evaluate(style)[1] != there.evaluate(style)[1]
