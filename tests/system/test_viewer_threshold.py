"""What the threshold's slider finds, in a real browser: as the service's replay does, in figures and in rows."""

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
from tests.system.browsing import forget, inspection, judge, move_slider, part, ready, view
from tests.system.platform import Platform

pytestmark = [pytest.mark.system, pytest.mark.browser]

ROWS = "document.querySelectorAll('.defects tbody tr')"
THRESHOLDS = [0.02, 0.113, 0.5, 0.7, 0.999]


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


def test_the_focus_does_not_stay_on_a_button_that_can_do_no_more(page: Page, defective: Path) -> None:
    view(page, defective)
    move_slider(page, 0.02)
    reset = part(page, "reset")
    expect(reset).to_be_enabled()
    reset.press("Enter")
    expect(reset).to_be_disabled()
    expect(page.locator("#threshold")).to_be_focused()


def test_rows_are_sorted_by_any_column(page: Page, defective: Path) -> None:
    view(page, defective)
    move_slider(page, 0.02)
    heading = page.locator("th[data-field=length_px]")
    for order in ("descending", "ascending"):
        heading.get_by_role("button").click()
        expect(heading).to_have_attribute("aria-sort", order)


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


@pytest.mark.parametrize(
    ("status", "record", "why"),
    [
        (503, {}, "service does not answer"),
        (404, {}, "deleted meanwhile"),
        (200, {"created_at": "2026-01-31T12:00:05.123Z", "defects": []}, "judged anew meanwhile: load the page again"),
    ],
)
def test_a_threshold_that_is_not_answered_is_told(
    page: Page, defective: Path, complaints: list[str], status: int, record: dict[str, Any], why: str
) -> None:
    view(page, defective)
    page.route("**/api/v1/inspections/*?threshold=*", lambda route: route.fulfill(status=status, json=record))
    move_slider(page, 0.42)
    told = page.get_by_role("alert").filter(has_text=why)
    expect(told).to_be_visible()
    expect(page.locator(".defects tbody [data-field=length_px]").first).to_have_text("\u2013")
    page.keyboard.press("r")
    expect(told).to_be_hidden()
    forget(complaints, status)


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
    expect(page.get_by_role("button", name="List all 200")).to_be_visible()
    expect(rows).to_have_count(25)
    # on paper nobody can ask for the others
    page.evaluate(f"addEventListener('beforeprint', () => (window.printed = {ROWS}.length))")
    page.pdf()
    assert page.evaluate("printed") == 200
    expect(rows).to_have_count(25)
    page.get_by_role("button", name="List all 200").click()
    expect(rows).to_have_count(200)
    expect(rows.nth(25).get_by_role("button")).to_be_focused()
    # between them lies nothing that counts, and each spot is one
    assert set(page.locator(".defects .row-type").all_inner_texts()) == {f"class {kind}" for kind in (1, 2, 3, 4)}
    # a row that goes leaves the focus to what can bring it back
    rows.last.get_by_role("button").focus()
    move_slider(page, 1)
    expect(rows).to_have_count(0)
    expect(page.locator("#threshold")).to_be_focused()


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
