"""The gallery, in a real browser, through the real nginx, uWSGI and Gunicorn."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.system.browsing import (
    DESKTOP,
    PAGE_SIZE,
    PHONE,
    PREDICTION,
    Audit,
    Inspect,
    NewPage,
    card,
    forget,
    gone,
    overflow,
)

pytestmark = [pytest.mark.system, pytest.mark.browser]


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


# a page that is loaded again, and one that the browser kept: it keeps none while it is driven by a test
@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("kept", [False, True], ids=["loaded", "kept"])
def test_the_browsers_back_shows_the_filters_that_are_in_force(page: Page, word: str, kept: bool) -> None:
    page.goto(f"/history?text={word}")
    page.get_by_label("File name").fill("other")
    page.get_by_label("Verdict").select_option("No defect found")
    if kept:
        page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    else:
        page.get_by_role("button", name="Show", exact=True).click()
        page.wait_for_url("**verdict=clean*")
        page.go_back()
    expect(page.get_by_label("File name")).to_have_value(word)
    expect(page.get_by_label("Verdict")).to_have_value("")


def test_after_the_browsers_back_no_other_sheet_is_ticked(
    page: Page, word: str, three: list[dict[str, Any]], inspect: Inspect
) -> None:
    page.goto(f"/history?text={word}")
    card(page, three[1]).get_by_role("checkbox").check()
    page.goto("/about")
    newest = inspect(name=f"{word} newest.png")
    page.go_back()
    expect(card(page, newest)).to_be_visible()
    expect(page.locator("#gallery :checked")).to_have_count(0)


def test_a_wrong_filter_that_is_folded_away_is_shown(page: Page) -> None:
    page.goto("/history")
    more = page.get_by_text("Time, probability, area")
    more.click()
    page.get_by_label("Probability from").fill("80")
    more.click()
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_label("Probability from")).to_be_focused()


@pytest.mark.usefixtures("three")
def test_on_paper_it_says_what_it_is_filtered_by(page: Page, word: str) -> None:
    page.goto(f"/history?text={word}&verdict=defect")
    only = page.get_by_text(f"Only file name {word}, verdict Defect found.")
    page.get_by_role("checkbox").first.check()
    ticked = page.get_by_role("group", name="What is ticked")
    expect(ticked).to_be_visible()
    expect(only).to_be_hidden()
    page.emulate_media(media="print")
    expect(only).to_be_visible()
    expect(ticked).to_be_hidden()
    expect(page.locator(".summary-defect")).to_be_visible()
    expect(page.locator(".summary-clean")).to_be_hidden()


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("view", ["", "&view=wall"], ids=["history", "wall"])
def test_with_twice_the_text_nothing_on_a_card_is_cut(new_page: NewPage, word: str, view: str) -> None:
    page = new_page(viewport=PHONE)
    page.goto(f"/history?text={word}{view}")
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    right = "(parts) => parts.map((part) => part.getBoundingClientRect().right)"
    cards = page.locator(".sheet-card").evaluate_all(right)
    for part in (".badge", ".sheet-more time"):
        inner = page.locator(f".sheet-card {part}").evaluate_all(right)
        assert all(end <= edge for end, edge in zip(inner, cards, strict=True)), part


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
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_no_page_shuts_anybody_out(new_page: NewPage, axe: Audit, viewport: dict[str, int], scheme: str) -> None:
    page = new_page(viewport=viewport, color_scheme=scheme)
    for path in PAGES:
        page.goto(path)
        assert axe(page) == [], path
        assert overflow(page) == 0, path


def test_a_filter_that_is_none_can_be_put_right(page: Page, axe: Audit, complaints: list[str]) -> None:
    page.goto("/history?probability_min=7&text=coil")
    expect(page.get_by_role("alert")).to_contain_text("The list cannot be shown.")
    assert axe(page) == []
    page.get_by_label("Probability from").fill("0.7")
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_url("**probability_min=0.7*")
    expect(page.get_by_role("alert")).to_have_count(0)
    assert "text=coil" in page.url
    forget(complaints, 400)
