"""Deleting from the gallery, with ten seconds in which it can be undone."""

import secrets
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.system.browsing import Inspect, card, forget, gone
from tests.waiting import wait_until

pytestmark = [pytest.mark.system, pytest.mark.browser]


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
    expect(page.locator("#summary")).to_contain_text("Defect found 1")


def test_where_the_last_in_a_list_is_deleted_the_one_before_has_the_focus_and_then_the_page_says_so(
    page: Page, inspect: Inspect
) -> None:
    word = f"empty{secrets.token_hex(4)}"
    records = [inspect(name=f"{word} {number}.png") for number in range(2)]
    page.goto(f"/history?text={word}&sort=created_at&order=asc")
    for record in reversed(records):
        card(page, record).get_by_role("checkbox").check()
        page.get_by_role("button", name="Delete", exact=True).click()
        page.get_by_role("button", name="Delete now").click()
        expect(card(page, record)).to_have_count(0)
        if record == records[1]:
            expect(card(page, records[0]).get_by_role("link")).to_be_focused()
    expect(page.get_by_text("No sheet is like that.")).to_be_visible()


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


def test_what_could_not_be_deleted_is_told_beside_what_will_be(
    page: Page, word: str, three: list[dict[str, Any]], complaints: list[str]
) -> None:
    page.route("**/history/delete", lambda route: route.fulfill(status=503, json={}))
    page.goto(f"/history?text={word}")
    for record in three[:2]:
        card(page, record).get_by_role("checkbox").check()
        page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.locator("#undo")).to_contain_text("1 inspection could not be deleted.")
    expect(page.locator("#undo")).to_contain_text("1 inspection will be deleted in 10 seconds")
    page.get_by_role("button", name="Undo").click()
    expect(card(page, three[1])).to_be_visible()
    forget(complaints, 503)


def test_what_is_posted_again_after_it_was_deleted_is_shown(
    page: Page, word: str, three: list[dict[str, Any]], inspect: Inspect
) -> None:
    page.goto(f"/history?text={word}")
    card(page, three[2]).get_by_role("checkbox").check()
    page.get_by_role("button", name="Delete", exact=True).click()
    with page.expect_response("**/history/delete"):
        page.get_by_role("button", name="Delete now").click()
    assert inspect(name=three[2]["image"]["filename"])["id"] == three[2]["id"]
    expect(card(page, three[2])).to_be_visible()
