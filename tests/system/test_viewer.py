"""The viewer of a sheet, in a real browser: its threshold, its keys, its links, and the page without any of it."""

import re
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.system.browsing import DESKTOP, PHONE, Audit, NewPage, forget, judge

pytestmark = [pytest.mark.system, pytest.mark.browser]

THRESHOLDS = [0.02, 0.113, 0.5, 0.7, 0.999]
MOST_SCRIPT_BYTES = 150_000
# what Google calls good is 0.1; nothing should move at all
MOST_SHIFT = 0.01
SHIFTS = """
() => new Promise((resolve) => new PerformanceObserver((list) =>
  resolve(list.getEntries().reduce((sum, entry) => sum + entry.value, 0))
).observe({type: 'layout-shift', buffered: true}) || setTimeout(() => resolve(0), 1000))
"""


def view(page: Page, sheet: Path) -> None:
    """Have a sheet judged and wait for its viewer."""
    judge(page, sheet)
    ready(page)


def ready(page: Page) -> None:
    page.wait_for_selector("sheet-viewer[data-state=ready]")


def part(page: Page, name: str) -> Any:
    return page.locator(f"[data-part={name}]")


def move_slider(page: Page, threshold: float) -> None:
    page.locator("#threshold").evaluate(
        "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')); }", threshold
    )


def inspection(page: Page) -> str:
    """Where the REST service has the inspection of this page."""
    origin = "/".join(page.url.split("/")[:3])
    return f"{origin}/api/v1/inspections/" + page.locator(".facts .code").nth(1).inner_text()


def test_the_slider_says_what_the_services_replay_says(page: Page, defective: Path) -> None:
    view(page, defective)
    found = []
    for threshold in THRESHOLDS:
        move_slider(page, threshold)
        replay = requests.get(inspection(page), params={"threshold": threshold}, timeout=60).json()["defects"]
        expect(part(page, "count")).to_have_text(re.compile(rf"^{len(replay)}\s"))
        area = sum(defect["area_px"] for defect in replay)
        expect(part(page, "area")).to_have_text(re.compile("^" + r"\D?".join(f"{area:,}".split(",")) + r"\spx"))
        found.append(area)
    assert len(set(found)) > 2, "the thresholds found the same"


def test_the_rows_follow_the_threshold_with_the_services_measurements(page: Page, defective: Path) -> None:
    view(page, defective)
    move_slider(page, 0.3)
    first = requests.get(inspection(page), params={"threshold": 0.3}, timeout=60).json()["defects"][0]
    row = page.locator(".defects tbody tr").first
    expect(row.locator("[data-field=length_px]")).to_contain_text(f"{first['length_px']:.1f}")
    expect(row.locator("[data-field=area_px] small")).to_have_count(1)


def test_the_keys_do_what_their_list_says(page: Page, defective: Path) -> None:
    view(page, defective)
    judged = part(page, "threshold").inner_text()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("back to the threshold that judged")
    page.keyboard.press("Escape")
    page.keyboard.press(".")
    expect(part(page, "threshold")).not_to_have_text(judged)
    page.keyboard.press("r")
    expect(part(page, "threshold")).to_have_text(judged)
    page.keyboard.press("3")
    expect(page.locator("canvas[data-picture=heat]")).to_be_hidden()
    page.keyboard.press("o")
    expect(page.get_by_role("button", name="Defects")).to_have_attribute("aria-pressed", "false")
    zoom = part(page, "zoom").inner_text()
    page.keyboard.press("n")
    expect(part(page, "zoom")).not_to_have_text(zoom)
    page.keyboard.press("f")
    expect(part(page, "zoom")).to_have_text(zoom)


def test_keys_can_be_turned_off_for_good(page: Page, defective: Path) -> None:
    view(page, defective)
    page.keyboard.press("?")
    page.get_by_label("Single keys").uncheck()
    page.get_by_role("button", name="Close", exact=True).click()
    page.reload()
    ready(page)
    page.keyboard.press("o")
    expect(page.get_by_role("button", name="Defects")).to_have_attribute("aria-pressed", "true")


def test_everything_is_reached_by_tab(page: Page, defective: Path) -> None:
    view(page, defective)
    reached = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.className.split(' ')[0]"))
    assert {"threshold", "mark", "tool", "panes", "row-pick", "button"} <= reached


def test_a_row_shows_its_defect_and_a_defect_its_row(page: Page, defective: Path) -> None:
    view(page, defective)
    pick = page.locator(".row-pick").first
    pick.click()
    expect(pick).to_have_attribute("aria-pressed", "true")
    middle = page.locator("canvas[data-picture=overlay]")
    box = middle.bounding_box()
    assert box is not None
    page.keyboard.press("Escape")
    expect(pick).to_have_attribute("aria-pressed", "false")
    # the camera still looks at the defect
    middle.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    expect(pick).to_have_attribute("aria-pressed", "true")


def test_rows_are_sorted_by_any_column(page: Page, defective: Path) -> None:
    view(page, defective)
    move_slider(page, 0.02)
    heading = page.locator("th[data-field=length_px]")
    for order in ("descending", "ascending"):
        heading.get_by_role("button").click()
        expect(heading).to_have_attribute("aria-sort", order)


def test_a_link_carries_the_whole_view(page: Page, new_page: NewPage, defective: Path) -> None:
    view(page, defective)
    for key in (",", ",", "n", "+", "o", "3", "x"):
        page.keyboard.press(key)
    page.locator("[data-state=contrast]").fill("40")
    shown = {name: part(page, name).inner_text() for name in ("threshold", "zoom", "count")}
    page.wait_for_function("() => location.hash.includes('contrast=40')")
    other = new_page()
    other.goto(page.url)
    ready(other)
    for name, text in shown.items():
        expect(part(other, name)).to_have_text(text)
    expect(other.locator("canvas[data-picture=heat]")).to_be_hidden()
    expect(other.get_by_role("button", name="Smooth")).to_have_attribute("aria-pressed", "false")
    expect(other.locator("[data-state=contrast]")).to_have_value("40")


def test_next_and_previous_lead_through_the_history(page: Page, defective: Path, tmp_path: Path) -> None:
    for name in ("earlier.png", "later.png"):
        sheet = tmp_path / name
        sheet.write_bytes(defective.read_bytes())
        view(page, sheet)
    page.keyboard.press("j")
    expect(page.get_by_role("heading", level=1)).to_have_text("earlier.png")
    ready(page)
    page.keyboard.press("k")
    expect(page.get_by_role("heading", level=1)).to_have_text("later.png")


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


def test_a_map_that_is_gone_leaves_the_pictures_and_says_so(page: Page, defective: Path, complaints: list[str]) -> None:
    judge(page, defective)
    page.route("**/*_class.png", lambda route: route.fulfill(status=404))
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("threshold cannot be moved")
    expect(page.locator("#threshold")).to_be_hidden()
    expect(page.get_by_role("img", name="Overlay of")).to_be_visible()
    forget(complaints, 404)


def test_without_scripts_the_pictures_and_the_table_are_there(new_page: NewPage, defective: Path) -> None:
    page = new_page(java_script_enabled=False)
    judge(page, defective)
    for name in ("Original", "Overlay", "Heat map"):
        expect(page.get_by_role("img", name=f"{name} of")).to_be_visible()
    expect(page.get_by_role("table").get_by_role("row").nth(1)).to_contain_text("px")
    expect(page.locator("#threshold")).to_be_hidden()
