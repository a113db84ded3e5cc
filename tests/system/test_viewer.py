"""The viewer of a sheet, in a real browser: its threshold, its keys, its links, and the page without any of it."""

import json
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import requests
from playwright.sync_api import Page, expect

from benchmarks.slider import APART, answer, worst_case
from tests.system.browsing import PHONE, NewPage, camera, forget, judge, ready, view
from tests.system.platform import Platform

pytestmark = [pytest.mark.system, pytest.mark.browser]

THRESHOLDS = [0.02, 0.113, 0.5, 0.7, 0.999]


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
    move_slider(page, 0.42)
    first = requests.get(inspection(page), params={"threshold": 0.42}, timeout=60).json()["defects"][0]
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


def test_a_link_to_the_sheet_that_is_shown_selects_its_own_defect(page: Page, defective: Path) -> None:
    judge(page, defective)
    small_and_plain_below_large_and_faint = np.zeros((256, 1600), np.uint8)
    small_and_plain_below_large_and_faint[100:140, 200:260] = 255
    small_and_plain_below_large_and_faint[100:200, 800:1000] = 100
    page.route("**/*_prob.png", answer(cv2.imencode(".png", small_and_plain_below_large_and_faint)[1].tobytes()))
    page.reload()
    ready(page)
    expect(part(page, "count")).to_have_text("1 defect")
    page.evaluate("location.hash = 'threshold=0.1&selected=0'")
    expect(part(page, "count")).to_have_text("2 defects")
    expect(page.locator("tr[data-index='0'] .row-pick")).to_have_attribute("aria-pressed", "true")


@pytest.mark.local
def test_what_the_page_came_without_is_asked_for_and_is_last_in_any_order_while_it_is_unknown(
    page: Page, defective: Path, tmp_path: Path, platform: Platform, complaints: list[str]
) -> None:
    sheet = tmp_path / "many.png"
    sheet.write_bytes(defective.read_bytes())
    view(page, sheet)
    path = platform.media / f"{inspection(page).rpartition('/')[2]}.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"defects": record["defects"] * 201}))
    probabilities = cv2.imread(str(platform.media / record["files"]["probability_map"]), cv2.IMREAD_GRAYSCALE)
    assert probabilities is not None
    probabilities[:40, :40] = 255
    page.route("**/*_prob.png", answer(cv2.imencode(".png", probabilities)[1].tobytes()))
    page.route("**/api/v1/inspections/*?threshold=*", lambda route: route.fulfill(status=503))
    page.reload()
    expect(page.get_by_role("alert").filter(has_text="service does not answer")).to_be_visible()
    lengths = page.locator(".defects tbody [data-field=length_px]")
    for order in ("descending", "ascending"):
        page.locator("th[data-field=length_px]").get_by_role("button").click()
        expect(page.locator("th[data-field=length_px]")).to_have_attribute("aria-sort", order)
        expect(lengths.first).to_contain_text("px")
        expect(lengths.last).to_have_text("\u2013")
    forget(complaints, 503)


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


def test_the_wheel_is_the_pages_and_zooms_with_ctrl(page: Page, defective: Path) -> None:
    view(page, defective)
    page.locator("canvas[data-picture=overlay]").hover()
    fitted = camera(page)["scale"]
    for turned in (300, -300):
        before = page.evaluate("scrollY")
        page.mouse.wheel(0, turned)
        page.wait_for_function("(before) => scrollY !== before", arg=before)
        assert camera(page)["scale"] == fitted
    page.keyboard.down("Control")
    page.mouse.wheel(0, -100)
    page.wait_for_function(f"() => document.querySelector('sheet-viewer').camera.scale > {fitted}")
    page.mouse.wheel(0, 200)
    page.wait_for_function("() => document.querySelector('sheet-viewer').camera.fitted")


def test_a_service_that_cannot_answer_a_threshold_is_told(page: Page, defective: Path, complaints: list[str]) -> None:
    view(page, defective)
    page.route("**/api/v1/inspections/*?threshold=*", lambda route: route.fulfill(status=503))
    move_slider(page, 0.42)
    told = page.get_by_role("alert").filter(has_text="service does not answer")
    expect(told).to_be_visible()
    page.keyboard.press("r")
    expect(told).to_be_hidden()
    forget(complaints, 503)


def test_a_map_that_is_gone_leaves_the_pictures_and_says_so(page: Page, defective: Path, complaints: list[str]) -> None:
    judge(page, defective)
    page.route("**/*_class.png", lambda route: route.fulfill(status=404))
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("threshold cannot be moved")
    expect(page.locator("#threshold")).to_be_hidden()
    expect(page.get_by_role("img", name="Overlay of")).to_be_visible()
    forget(complaints, 404)


def test_a_tone_changes_the_picture_and_nothing_beside_the_sheet(page: Page, defective: Path) -> None:
    view(page, defective)
    page.keyboard.press("-")
    before = pixels(page, "original"), pixels(page, "heat")
    page.locator("[data-state=brightness]").fill("60")
    page.wait_for_function("() => location.hash.includes('brightness=60')")
    after = pixels(page, "original"), pixels(page, "heat")
    assert sum(after[0]) > 1.2 * sum(before[0])
    assert after[1] == before[1]
    page.keyboard.press("b")
    page.wait_for_function("() => !location.hash.includes('brightness')")
    assert pixels(page, "original") == before[0]


@pytest.mark.parametrize(
    ("less", "more", "name", "changed"),
    [("4", "5", "brightness", 10), ("6", "7", "contrast", 10), ("8", "9", "gamma", 1.1)],
)
def test_keys_set_the_tones_and_reset_them(
    page: Page, defective: Path, less: str, more: str, name: str, changed: float
) -> None:
    view(page, defective)
    slider = page.locator(f"[data-state={name}]")
    first = slider.input_value()
    before = pixels(page, "original")
    page.keyboard.press(more)
    expect(slider).to_have_value(str(changed))
    page.wait_for_function(f"() => location.hash.includes('{name}=')")
    assert pixels(page, "original") != before
    page.keyboard.press(less)
    expect(slider).to_have_value(first)
    page.keyboard.press(less)
    expect(slider).not_to_have_value(first)
    page.keyboard.press("b")
    expect(slider).to_have_value(first)
    page.wait_for_function(f"() => !location.hash.includes('{name}=')")
    assert pixels(page, "original") == before


def test_two_fingers_zoom_and_one_moves(new_page: NewPage, defective: Path) -> None:
    page = new_page(viewport=PHONE, has_touch=True, is_mobile=True)
    view(page, defective)
    stage = page.locator("canvas[data-picture=overlay]")
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    before = camera(page)
    touch(page, [[(x - 20, y), (x + 20, y)], [(x - 60, y), (x + 60, y)]])
    closer = camera(page)
    assert closer["scale"] > 2 * before["scale"]
    touch(page, [[(x, y)], [(x - 40, y - 10)]])
    moved = camera(page)
    assert moved["scale"] == closer["scale"]
    assert moved["x"] > closer["x"]
    assert page.evaluate("document.documentElement.clientWidth") == PHONE["width"]


def test_two_hundred_defects_are_counted_listed_and_told_apart(page: Page, defective: Path) -> None:
    judge(page, defective)
    for ending, content in worst_case().items():
        page.route(f"**/*{ending}", answer(content))
    page.reload()
    ready(page)
    page.evaluate(APART)
    move_slider(page, 0.6)
    expect(part(page, "count")).to_have_text("200 defects")
    rows = page.locator(".defects tbody tr")
    expect(rows).to_have_count(25)
    page.get_by_role("button", name="List all 200").click()
    expect(rows).to_have_count(200)
    expect(rows.nth(25).get_by_role("button")).to_be_focused()
    # between them lies nothing that counts, and each spot is one
    assert set(page.locator(".defects .row-type").all_inner_texts()) == {f"class {kind}" for kind in (1, 2, 3, 4)}


@pytest.mark.local
def test_measurements_are_in_mm_where_the_sheet_has_a_scale(page: Page, defective: Path, platform: Platform) -> None:
    view(page, defective)
    path = platform.media / f"{inspection(page).rpartition('/')[2]}.json"
    record = json.loads(path.read_text())
    record["scale"] = {"mm_per_px_x": 0.5, "mm_per_px_y": 0.5}
    for defect in record["defects"]:
        defect |= {"area_mm2": defect["area_px"] / 4, "length_mm": defect["length_px"] / 2, "width_mm": 7.25}
    path.write_text(json.dumps(record))
    page.reload()
    ready(page)
    length = page.locator(".defects tbody tr").first.locator("[data-field=length_px]")
    expect(length).to_contain_text("px")
    page.keyboard.press("u")
    expect(length).to_have_text(re.compile(r"^[\d.]+\smm"))
    expect(part(page, "area")).to_contain_text("mm²")
    page.wait_for_function("() => location.hash.includes('unit=mm')")


def test_what_lies_above_the_threshold_and_is_left_out_is_told(page: Page, defective: Path) -> None:
    judge(page, defective)
    map_with_a_speck = np.zeros((256, 1600), np.uint8)
    map_with_a_speck[100:104, 200:204] = 255
    page.route("**/*_prob.png", answer(cv2.imencode(".png", map_with_a_speck)[1].tobytes()))
    page.reload()
    ready(page)
    expect(part(page, "count")).to_have_text("0 defects")
    expect(part(page, "dropped")).to_contain_text("1 spot under")


def pixels(page: Page, picture: str) -> list[int]:
    """What a picture of the viewer shows, along its middle from edge to edge."""
    row = """(canvas) => Array.from(canvas.getContext("2d").getImageData(0, canvas.height / 2, canvas.width, 1).data)"""
    found: list[int] = page.locator(f"canvas[data-picture={picture}]").evaluate(row)
    return found


def touch(page: Page, steps: list[list[tuple[float, float]]]) -> None:
    """Put fingers on the screen at the places of the first step, move them through the others, and lift them."""
    fingers = page.context.new_cdp_session(page)
    for kind, places in zip(["touchStart"] + ["touchMove"] * (len(steps) - 1), steps, strict=True):
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.evaluate("new Promise(requestAnimationFrame)")
