"""The gallery, the live wall and the statistics, in a real browser, through the real nginx, uWSGI and Gunicorn."""

import re
import secrets
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from playwright.sync_api import Page, expect

from tests.system.browsing import DESKTOP, PAPER, PHONE, PREDICTION, Audit, NewPage, forget, overflow, save
from tests.waiting import wait_until

pytestmark = [pytest.mark.system, pytest.mark.browser]

Inspect = Callable[..., dict[str, Any]]
PAGE_SIZE = 48


@pytest.fixture(scope="module")
def word() -> str:
    """What this module's sheets alone have in their names."""
    return f"line{secrets.token_hex(3)}"


@pytest.fixture(scope="module")
def inspect(platform_url: str, word: str, defective: Path) -> Inspect:
    """A function that has a sheet judged as a machine does, under a name of its own, and returns its record."""

    def post(content: bytes = b"", name: str = "") -> dict[str, Any]:
        name = name or f"{word} {secrets.token_hex(4)}.png"
        files = {"image": (name, content or defective.read_bytes())}
        answer = requests.post(f"{platform_url}/api/v1/inspections", files=files, timeout=120)
        answer.raise_for_status()
        record: dict[str, Any] = answer.json()
        return record

    return post


@pytest.fixture
def three(inspect: Inspect) -> list[dict[str, Any]]:
    """Three inspections, the newest last."""
    return [inspect() for _ in range(3)]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A sheet that is too small to be judged: quick."""
    return save(tmp_path_factory.mktemp("tiny") / "tiny.png", np.zeros((64, 64), np.uint8)).read_bytes()


@pytest.fixture(scope="module")
def many(inspect: Inspect, word: str, tiny: bytes) -> str:
    """More than a page of inspections; gives the word that they have in their names."""
    for number in range(PAGE_SIZE + 7):
        inspect(tiny, f"many{word} {number}.png")
    return f"many{word}"


def look_away(page: Page, away: str) -> None:
    """Have the page believe that it is `hidden`, as behind another tab, or `visible` again."""
    page.evaluate(
        """(value) => {
          Object.defineProperty(document, "visibilityState", { value, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        away,
    )


def card(page: Page, record: dict[str, Any]) -> Any:
    return page.locator(f'[data-id="{record["id"]}"]')


def gone(platform_url: str, record: dict[str, Any]) -> bool:
    return requests.get(f"{platform_url}/api/v1/inspections/{record['id']}", timeout=10).status_code == 404


def test_a_sheet_is_seen_with_its_thumbnail_and_leads_to_its_prediction(
    page: Page, word: str, three: list[dict[str, Any]]
) -> None:
    page.goto(f"/history?text={word}&verdict=defect")
    newest = page.locator("#gallery li").first
    expect(newest.locator(".badge")).to_have_text("Defect found")
    expect(newest.locator("img")).to_have_js_property("naturalWidth", 640)
    newest.get_by_role("link").click()
    page.wait_for_url(PREDICTION)
    # the prediction goes on through what was filtered
    assert f"text={word}" in page.url
    assert "verdict=defect" in page.url
    expect(page.get_by_role("heading", level=1)).to_have_text(three[-1]["image"]["filename"])


@pytest.mark.usefixtures("three")
def test_filters_narrow_the_list_and_stand_in_the_address(page: Page, word: str) -> None:
    page.goto("/history")
    page.get_by_label("File name").fill(word)
    page.get_by_label("Verdict").select_option("No defect found")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("No sheet is like that.")).to_be_visible()
    assert f"text={word}" in page.url
    assert "verdict=clean" in page.url


@pytest.mark.parametrize("path", ["/history?text={}", "/history?view=wall&text={}"])
def test_a_new_inspection_appears_by_itself(
    page: Page, word: str, three: list[dict[str, Any]], inspect: Inspect, path: str
) -> None:
    page.goto(path.format(word))
    expect(page.locator("#gallery li").first).to_have_attribute("data-id", three[-1]["id"])
    new = inspect()
    expect(page.locator("#gallery li").first).to_have_attribute("data-id", new["id"])
    expect(card(page, three[-1])).to_have_count(1)


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


def test_the_first_inspection_appears_on_an_empty_page(page: Page, inspect: Inspect) -> None:
    other = f"first{secrets.token_hex(4)}"
    page.goto(f"/history?text={other}&view=wall")
    expect(page.get_by_text("Nothing yet.")).to_be_visible()
    new = inspect(name=f"{other}.png")
    expect(card(page, new)).to_be_visible()
    expect(page.get_by_text("Nothing yet.")).to_have_count(0)


@pytest.mark.usefixtures("three")
def test_a_service_that_is_away_is_told_until_it_is_back(page: Page, word: str, complaints: list[str]) -> None:
    page.goto(f"/history?text={word}")
    page.route("**/api/v1/inspections?*", lambda route: route.abort())
    expect(page.locator("#away")).to_be_visible()
    page.unroute("**/api/v1/inspections?*")
    expect(page.locator("#away")).to_be_hidden()
    complaints[:] = [text for text in complaints if "ERR_FAILED" not in text]


def test_the_list_goes_on_while_one_scrolls(page: Page, many: str) -> None:
    page.goto(f"/history?text={many}")
    page.locator("#gallery li").last.scroll_into_view_if_needed()
    expect(page.locator("#gallery li")).to_have_count(PAGE_SIZE + 7)
    expect(page.locator("#paging a")).to_have_count(0)


def test_without_scripts_the_list_has_pages_and_deleting_asks(new_page: NewPage, many: str, platform_url: str) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(f"/history?text={many}")
    expect(page.locator("#gallery li")).to_have_count(PAGE_SIZE)
    page.get_by_role("link", name="More", exact=True).click()
    rest = page.locator("#gallery li")
    expect(rest).to_have_count(7)
    identifier = rest.first.get_attribute("data-id")
    rest.first.get_by_role("checkbox").check()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Delete 1 inspection?")
    page.get_by_role("button", name="Delete").click()
    page.wait_for_url(f"**/history?text={many}*")
    assert gone(platform_url, {"id": identifier})


def test_what_is_ticked_is_exported(page: Page, word: str, three: list[dict[str, Any]]) -> None:
    page.goto(f"/history?text={word}")
    for record in three[:2]:
        card(page, record).get_by_role("checkbox").check()
    ticked = page.get_by_role("group", name="What is ticked")
    expect(ticked).to_contain_text("2 ticked")
    with page.expect_download() as download:
        ticked.get_by_role("button", name="Export").click()
    rows = download.value.path().read_text().splitlines()[1:]
    assert {row.split(",")[0] for row in rows} == {record["id"] for record in three[:2]}


def test_deleting_can_be_undone(page: Page, word: str, three: list[dict[str, Any]], platform_url: str) -> None:
    page.goto(f"/history?text={word}")
    for record in three[:2]:
        card(page, record).get_by_role("checkbox").check()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(card(page, three[0])).to_be_hidden()
    page.get_by_role("button", name="Undo").click()
    expect(card(page, three[0])).to_be_visible()
    expect(page.get_by_role("group", name="What is ticked")).to_contain_text("2 ticked")
    expect(page.get_by_role("button", name="Delete", exact=True)).to_be_focused()
    assert not gone(platform_url, three[0])


def test_what_is_deleted_is_not_counted_in_any_order(page: Page, inspect: Inspect) -> None:
    word = f"order{secrets.token_hex(4)}"
    records = [inspect(name=f"{word} {number}.png") for number in range(2)]
    page.goto(f"/history?text={word}&sort=created_at&order=asc")
    card(page, records[0]).get_by_role("checkbox").check()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Delete now").click()
    expect(card(page, records[1]).get_by_role("link")).to_be_focused()
    expect(page.locator("#summary")).to_contain_text("1 sheet")
    expect(page.locator("#summary")).to_contain_text("1 defect found")


@pytest.mark.parametrize("how", ["at once", "by leaving"])
def test_what_is_not_undone_is_deleted(
    page: Page, word: str, three: list[dict[str, Any]], platform_url: str, how: str
) -> None:
    page.goto(f"/history?text={word}")
    for record in three[:2]:
        card(page, record).get_by_role("checkbox").check()
    page.get_by_role("button", name="Delete", exact=True).click()
    if how == "at once":
        page.get_by_role("button", name="Delete now").click()
    else:
        page.goto("/about")
    for record in three[:2]:
        wait_until(partial(gone, platform_url, record), "it was not deleted")
    assert not gone(platform_url, three[2])


def test_the_gallery_works_by_keyboard_alone(page: Page, word: str, three: list[dict[str, Any]]) -> None:
    page.goto(f"/history?text={word}")
    card(page, three[2]).get_by_role("link").focus()
    page.keyboard.press("ArrowRight")
    expect(card(page, three[1]).get_by_role("link")).to_be_focused()
    page.keyboard.press("x")
    expect(card(page, three[1]).get_by_role("checkbox")).to_be_checked()
    page.keyboard.press("End")
    page.keyboard.press("Home")
    expect(page.locator("#gallery li").first.get_by_role("link")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(PREDICTION)


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


PAGES = [
    "/",
    "/upload",
    "/history",
    "/history?view=wall",
    "/statistics?last=24h",
    "/media/",
    "/about",
    "/history?text=x",
]


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("viewport", [PHONE, {"width": 1440, "height": 900}], ids=["phone", "desktop"])
def test_no_page_shuts_anybody_out(new_page: NewPage, axe: Audit, viewport: dict[str, int], scheme: str) -> None:
    page = new_page(viewport=viewport, color_scheme=scheme)
    for path in PAGES:
        page.goto(path)
        assert axe(page) == [], path
        assert overflow(page) == 0, path


def test_a_filter_that_is_none_is_a_page_of_ours(page: Page, axe: Audit, complaints: list[str]) -> None:
    page.goto("/history?verdict=good")
    expect(page.get_by_role("heading", level=1)).to_have_text("That request made no sense")
    assert axe(page) == []
    forget(complaints, 400)
