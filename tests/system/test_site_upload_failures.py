"""Uploading when something fails: what passes is tried again, what does not is told, and nothing is lost."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.system.browsing import PREDICTION, forget, row
from tests.waiting import wait_until

pytestmark = [pytest.mark.system, pytest.mark.browser]


def test_what_the_service_refuses_for_good_is_told_and_not_offered_again(
    page: Page, defective: Path, tmp_path: Path, complaints: list[str]
) -> None:
    torn = tmp_path / "torn.png"
    torn.write_bytes(defective.read_bytes()[:20_000])
    page.goto("/upload")
    page.set_input_files("#file", torn)
    page.click("#send")
    expect(row(page, torn)).to_contain_text("damaged or incomplete")
    expect(row(page, torn)).to_have_attribute("data-kind", "refused")
    expect(page.locator("#stage")).to_have_text("0 of 1 judged, 1 refused")
    expect(page.get_by_role("button", name=re.compile("again"))).to_have_count(0)
    page.click("#send")
    expect(page.get_by_role("alert")).to_contain_text("None of these can be judged")
    forget(complaints, 422)


@pytest.mark.parametrize(
    ("status", "answer", "words"),
    [
        (503, '{"detail": "The inspection service cannot be reached."}', "The inspection service cannot be reached."),
        (502, "<h1>no site behind nginx</h1>", "The site cannot be reached."),
        (429, "<h1>nginx counts</h1>", "Too many requests at once."),
    ],
)
def test_what_passes_is_told_and_asked_again(
    page: Page,
    defective: Path,
    renamed: Callable[[Path], Path],
    complaints: list[str],
    status: int,
    answer: str,
    words: str,
) -> None:
    sheet = renamed(defective)
    waiting = {"Retry-After": "2"}
    page.goto("/upload")
    page.route("**/upload", lambda route: route.fulfill(status=status, headers=waiting, body=answer), times=1)
    page.set_input_files("#file", sheet)
    page.click("#send")
    expect(row(page, sheet).locator(".row-state")).to_contain_text(f"{words} Next try in 2")
    page.wait_for_url(PREDICTION)
    forget(complaints, status)


def test_a_site_that_cannot_be_reached_is_told_at_once(
    page: Page, defective: Path, renamed: Callable[[Path], Path], complaints: list[str]
) -> None:
    sheet = renamed(defective)
    page.goto("/upload")
    page.route("**/upload", lambda route: route.abort(), times=1)
    page.set_input_files("#file", sheet)
    page.evaluate(
        """() => {
          window.told = new Set();
          const stage = document.getElementById("queue");
          new MutationObserver(() => window.told.add(stage.querySelector(".row-state")?.textContent))
            .observe(stage, { subtree: true, childList: true, characterData: true });
          addEventListener("pagehide", () => sessionStorage.setItem("told", [...window.told].join("|")));
        }"""
    )
    page.click("#send")
    page.wait_for_url(PREDICTION)
    assert "The site cannot be reached. Trying again…" in page.evaluate("sessionStorage.getItem('told')")
    complaints[:] = [text for text in complaints if "ERR_FAILED" not in text]


@pytest.mark.parametrize("button", ["#again", "#send"])
def test_what_failed_can_be_tried_again(
    page: Page, defective: Path, renamed: Callable[[Path], Path], complaints: list[str], button: str
) -> None:
    sheets = [renamed(defective), renamed(defective)]
    page.goto("/upload")
    page.route("**/upload", lambda route: route.fulfill(status=507, json={"detail": "The disk is full."}))
    page.set_input_files("#file", sheets)
    page.click("#send")
    for sheet in sheets:
        expect(row(page, sheet)).to_contain_text("The disk is full.")
    expect(page.locator("#stage")).to_have_text("0 of 2 judged, 2 failed")
    page.unroute("**/upload")
    page.click(button)
    for sheet in sheets:
        expect(row(page, sheet).locator(".badge")).to_have_text("Defect found")
    forget(complaints, 507)


def test_what_failed_without_a_network_is_sent_once_there_is_one_though_others_are_under_way(
    page: Page, defective: Path, renamed: Callable[[Path], Path], complaints: list[str]
) -> None:
    sheets = [renamed(defective), renamed(defective)]
    held: list[Route] = []
    page.goto("/upload")
    page.route("**/upload", lambda route: held.append(route) if len(held) < len(sheets) else route.continue_())
    page.set_input_files("#file", sheets)
    page.click("#send")
    # the browser's events are taken while it is asked something
    wait_until(lambda: page.title() and len(held) == len(sheets), "the pictures were not sent")
    held[0].fulfill(status=507, json={"detail": "The disk is full."})
    expect(page.locator("#stage")).to_have_text("0 of 2 judged, 1 failed")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#stage")).to_have_text("1 of 2 judged")
    held[1].continue_()
    expect(page.locator("#stage")).to_have_text("2 of 2 judged")
    forget(complaints, 507)
