"""What appears, changes and goes by itself on the gallery and the live wall, while they are looked at."""

import secrets
from collections.abc import Callable
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, Route, expect

from tests.system.browsing import PAGE_SIZE, Inspect, card, look_away

pytestmark = [pytest.mark.system, pytest.mark.browser]

# fills the list with what came before, to as many as it keeps
LENGTHEN = """() => {
  const gallery = document.getElementById("gallery");
  for (let number = gallery.children.length; number < 480; number++) {
    const older = gallery.lastElementChild.cloneNode(true);
    Object.assign(older.dataset, { id: `older-${number}`, version: "1" });
    gallery.append(older);
  }
}"""
# what takes ten seconds takes as many hundredths
HURRY = "{ const limit = AbortSignal.timeout; AbortSignal.timeout = (ms) => limit.call(AbortSignal, ms / 100); }"


@pytest.mark.parametrize("path", ["/history?text={}", "/history?view=wall&text={}"])
def test_a_new_inspection_appears_by_itself(
    page: Page, word: str, three: list[dict[str, Any]], inspect: Inspect, path: str
) -> None:
    page.goto(path.format(word))
    expect(page.locator("#gallery li").first).to_have_attribute("data-id", three[-1]["id"])
    new = inspect()
    expect(page.locator("#gallery li").first).to_have_attribute("data-id", new["id"])
    expect(card(page, three[-1])).to_have_count(1)


@pytest.mark.parametrize(("view", "focused"), [("", ".summary-defect"), ("&view=wall", '[data-id="{}"] a')])
def test_what_appears_takes_the_focus_from_nothing(
    page: Page, word: str, three: list[dict[str, Any]], inspect: Inspect, view: str, focused: str
) -> None:
    page.goto(f"/history?text={word}{view}")
    expect(card(page, three[-1])).to_be_visible()
    total = page.locator("#summary b").first
    before = int(total.inner_text())
    place = page.locator(focused.format(three[-1]["id"]))
    place.focus()
    inspect()
    expect(total).to_have_text(str(before + 1))
    expect(place).to_be_focused()


def test_more_than_a_page_of_new_inspections_appear_without_a_gap(page: Page, inspect: Inspect, tiny: bytes) -> None:
    word = f"burst{secrets.token_hex(4)}"
    first = inspect(tiny, f"{word} first.png")
    page.goto(f"/history?text={word}")
    expect(card(page, first)).to_be_visible()
    look_away(page, "hidden")
    for number in range(PAGE_SIZE + 2):
        newest = inspect(tiny, f"{word} {number}.png")
    look_away(page, "visible")
    expect(page.locator("#gallery li")).to_have_count(PAGE_SIZE + 3)
    expect(page.locator("#gallery li").first).to_have_attribute("data-id", newest["id"])
    expect(page.locator("#gallery li").last).to_have_attribute("data-id", first["id"])


@pytest.mark.parametrize("age", [0, 2], ids=["the newest", "an older one"])
def test_a_sheet_that_is_judged_anew_takes_its_new_place_and_stays_ticked(
    page: Page, word: str, platform_url: str, three: list[dict[str, Any]], inspect: Inspect, age: int
) -> None:
    old = three[-1 - age]
    page.goto(f"/history?text={word}")
    card(page, old).get_by_role("checkbox").check()
    version = card(page, old).get_attribute("data-version")
    assert version is not None
    look_away(page, "hidden")
    requests.delete(f"{platform_url}/api/v1/inspections/{old['id']}", timeout=10).raise_for_status()
    assert inspect(name=old["image"]["filename"])["id"] == old["id"]
    look_away(page, "visible")
    expect(card(page, old)).not_to_have_attribute("data-version", version)
    expect(page.locator("#gallery li").first).to_have_attribute("data-id", old["id"])
    expect(card(page, old).get_by_role("checkbox")).to_be_checked()


@pytest.mark.parametrize(("view", "nothing"), [("&view=wall", "Nothing yet."), ("", "No sheet is like that.")])
def test_the_first_inspection_appears_on_an_empty_page(page: Page, inspect: Inspect, view: str, nothing: str) -> None:
    other = f"first{secrets.token_hex(4)}"
    page.goto(f"/history?text={other}{view}")
    expect(page.get_by_text(nothing)).to_be_visible()
    new = inspect(name=f"{other}.png")
    expect(card(page, new)).to_be_visible()
    expect(page.get_by_text(nothing)).to_be_hidden()


def test_what_others_delete_goes_by_itself(page: Page, platform_url: str, inspect: Inspect) -> None:
    word = f"others{secrets.token_hex(4)}"
    first, second = (inspect(name=f"{word} {number}.png") for number in range(2))
    page.goto(f"/history?text={word}")
    for record in (first, second):
        card(page, record).get_by_role("checkbox").check()
    requests.delete(f"{platform_url}/api/v1/inspections/{second['id']}", timeout=10).raise_for_status()
    expect(card(page, second)).to_have_count(0)
    expect(page.get_by_role("group", name="What is ticked")).to_contain_text("1 ticked")
    expect(card(page, first)).to_be_visible()
    requests.delete(f"{platform_url}/api/v1/inspections/{first['id']}", timeout=10).raise_for_status()
    expect(page.get_by_text("No sheet is like that.")).to_be_visible()


def test_a_list_that_grows_all_day_begins_anew(page: Page, many: str, inspect: Inspect, tiny: bytes) -> None:
    page.goto(f"/history?text={many}")
    page.evaluate(LENGTHEN)
    older = page.locator("[data-id^=older]")
    page.locator("#gallery li").first.get_by_role("checkbox").check()
    kept = inspect(tiny, f"{many} kept.png")
    expect(card(page, kept)).to_be_visible()
    expect(older).to_have_count(480 - PAGE_SIZE)
    page.get_by_role("button", name="Untick").click()
    newest = inspect(tiny, f"{many} newest.png")
    expect(card(page, newest)).to_be_visible()
    expect(older).to_have_count(0)
    # and it goes on while one scrolls, to all of them
    page.locator("#gallery li").last.scroll_into_view_if_needed()
    expect(page.locator("#gallery li")).to_have_count(PAGE_SIZE + 7 + 2)


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("fails", [lambda route: route.abort(), lambda _: None], ids=["away", "hangs"])
def test_a_service_that_is_away_is_told_until_it_is_back(
    page: Page, word: str, complaints: list[str], fails: Callable[[Route], None]
) -> None:
    page.goto(f"/history?text={word}")
    page.evaluate(HURRY)
    page.route("**/api/v1/inspections?*", fails)
    expect(page.locator("#away")).to_be_visible()
    page.unroute("**/api/v1/inspections?*")
    expect(page.locator("#away")).to_be_hidden()
    complaints[:] = [text for text in complaints if "ERR_FAILED" not in text]
