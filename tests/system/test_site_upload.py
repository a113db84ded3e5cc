"""Uploading: many pictures at once, each checked before it is sent, with outcomes as they arrive."""

import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Dialog, Page, Route, expect

from tests.system.browsing import PHONE, PREDICTION, Audit, NewPage, forget, judge, overflow, row, save

pytestmark = [pytest.mark.system, pytest.mark.browser]

SHAPES = [(40, 40, "each side needs at least 64 px"), (64, 9000, "at most 8"), (7000, 7000, "at most 40 megapixels")]
ENDINGS = (".png", ".jpg", ".bmp", ".webp", ".tif")
# a file as the clipboard and a drag carry it
CARRY = """([type, name, data]) => {
  const carried = new DataTransfer();
  carried.items.add(new File([Uint8Array.from(data)], name, { type: "image/png" }));
  const options = { bubbles: true, cancelable: true };
  document.querySelector("main").dispatchEvent(
    type === "paste"
      ? new ClipboardEvent(type, { ...options, clipboardData: carried })
      : new DragEvent(type, { ...options, dataTransfer: carried }),
  );
}"""


def test_each_of_many_gets_its_outcome(
    page: Page, defective: Path, tmp_path: Path, renamed: Callable[[Path], Path], axe: Audit
) -> None:
    tiny = save(tmp_path / "tiny.png", np.zeros((40, 40), np.uint8))
    sheets = [renamed(defective), renamed(defective)]
    page.goto("/upload")
    page.set_input_files("#file", [*sheets, tiny])
    expect(row(page, tiny)).to_contain_text("each side needs at least 64 px")
    expect(row(page, sheets[0])).to_contain_text("256 px")
    assert axe(page) == []
    page.get_by_role("button", name="Judge 2 sheets").click()
    for sheet in sheets:
        expect(row(page, sheet).locator(".badge")).to_have_text("Defect found")
        expect(row(page, sheet).locator(".row-probability")).to_contain_text("%")
        picture = row(page, sheet).locator("img")
        expect(picture).to_have_attribute("src", re.compile("/thumbnail"))
        expect(picture).to_have_js_property("naturalWidth", 640)
    expect(page.locator("#stage")).to_have_text("2 of 3 judged, 1 refused")
    assert axe(page) == []
    page.click("#send")
    expect(page.get_by_role("alert")).to_have_text("All that can be judged is judged already.")
    row(page, sheets[1]).get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(sheets[1].name)


def test_one_alone_leads_to_its_prediction(page: Page, defective: Path) -> None:
    judge(page, defective)
    expect(page.get_by_role("heading", level=1)).to_have_text(defective.name)


@pytest.mark.parametrize("way", ["paste", "drop"])
def test_a_picture_can_be_pasted_and_dropped(page: Page, defective: Path, way: str) -> None:
    page.goto("/upload")
    page.evaluate(CARRY, [way, "carried.png", list(defective.read_bytes())])
    expect(page.locator(".row", has_text="carried.png")).to_contain_text("256 px")
    expect(page.get_by_role("button", name="Judge 1 sheet")).to_be_enabled()


def test_a_folder_gives_its_pictures(page: Page, defective: Path, tmp_path: Path) -> None:
    (tmp_path / "shift/night").mkdir(parents=True)
    for name in ("shift/a.png", "shift/night/b.png"):
        (tmp_path / name).write_bytes(defective.read_bytes())
    (tmp_path / "shift/notes.txt").write_text("no picture")
    page.goto("/upload")
    with page.expect_file_chooser() as chosen:
        page.get_by_role("button", name="Choose a folder").click()
    chosen.value.set_files(tmp_path / "shift")
    expect(page.locator(".row")).to_have_count(2)


def test_namesakes_of_two_folders_are_both_taken(page: Page, defective: Path, tmp_path: Path) -> None:
    for camera in ("coil/cam1", "coil/cam2"):
        picture = tmp_path / camera / "0001.png"
        picture.parent.mkdir(parents=True)
        picture.write_bytes(defective.read_bytes())
        os.utime(picture, (0, 0))
    page.goto("/upload")
    with page.expect_file_chooser() as chosen:
        page.get_by_role("button", name="Choose a folder").click()
    chosen.value.set_files(tmp_path / "coil")
    expect(page.get_by_role("button", name="Judge 2 sheets")).to_be_enabled()


def test_what_is_taken_off_the_list_is_let_go(page: Page, defective: Path) -> None:
    page.goto("/upload")
    page.evaluate("window.released = []; URL.revokeObjectURL = (address) => released.push(address)")
    page.set_input_files("#file", defective)
    preview = row(page, defective).locator("img")
    expect(preview).to_have_attribute("src", re.compile("^blob:"))
    address = preview.get_attribute("src")
    row(page, defective).get_by_role("button", name="Remove").click()
    expect(page.locator(".row")).to_have_count(0)
    assert address in page.evaluate("released")


def test_what_would_be_refused_is_not_sent(page: Page, tmp_path: Path) -> None:
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    wrong = {
        tmp_path / "notes.jpg": (b"no picture at all, only words " * 9, "It is no JPEG, PNG, BMP, TIFF or WebP"),
        tmp_path / "huge.png": (b"\x89PNG\r\n\x1a\n" + bytes(17 * 1024 * 1024), "at most 16 MB"),
    }
    reasons = {path: reason for path, (_, reason) in wrong.items()}
    for path, (content, _) in wrong.items():
        path.write_bytes(content)
    for number, (height, width, reason) in enumerate(SHAPES):
        for ending in ENDINGS:
            path = save(tmp_path / f"shape {number}{ending}", np.zeros((height, width), np.uint8))
            # without compression the file is too large first
            reasons[path] = "at most 16 MB" if path.stat().st_size > 16 * 1024 * 1024 else reason
    page.goto("/upload")
    page.set_input_files("#file", list(reasons))
    for path, reason in reasons.items():
        expect(row(page, path).locator(".row-state")).to_contain_text(reason)
    page.click("#send")
    expect(page.get_by_role("alert")).to_contain_text("None of these can be judged")
    expect(page.locator("#file")).to_be_focused()
    expect(page.locator("#stage")).to_be_hidden()
    assert posts == []
    page.get_by_role("button", name="Clear the list").click()
    expect(page.get_by_role("alert")).to_be_hidden()


def test_a_sheet_without_a_verdict_says_why(
    page: Page, defective: Path, tmp_path: Path, renamed: Callable[[Path], Path]
) -> None:
    tiny = save(tmp_path / f"tiny {secrets.token_hex(4)}.png", np.zeros((64, 64), np.uint8))
    page.goto("/upload")
    page.set_input_files("#file", [tiny, renamed(defective)])
    page.click("#send")
    expect(row(page, tiny).locator(".badge")).to_have_text("No verdict")
    expect(row(page, tiny).locator(".row-state")).to_contain_text("px")
    expect(row(page, tiny).locator(".row-probability")).to_be_empty()


def test_a_reader_of_the_screen_hears_each_outcome_once_and_keeps_the_place(
    page: Page, defective: Path, renamed: Callable[[Path], Path]
) -> None:
    page.goto("/upload")
    page.click("#send")
    expect(page.locator("#file")).to_have_attribute("aria-invalid", "true")
    page.set_input_files("#file", [renamed(defective), renamed(defective)])
    expect(page.locator("#file")).to_have_attribute("aria-invalid", "false")
    expect(page.locator("#send")).to_have_text("Judge 2 sheets")
    page.evaluate(
        """() => {
          window.told = [];
          const stage = document.getElementById("stage");
          new MutationObserver(() => window.told.push(stage.textContent)).observe(stage, { childList: true });
        }"""
    )
    page.locator("#send").press("Enter")
    expect(page.locator("#stage")).to_have_text("2 of 2 judged")
    expect(page.locator("#send")).to_be_focused()
    told = page.evaluate("window.told")
    assert len(told) == len(set(told))


def test_leaving_while_sending_warns(page: Page, defective: Path, renamed: Callable[[Path], Path]) -> None:
    warned: list[str] = []
    held: list[Route] = []
    page.goto("/upload")
    page.route("**/upload", lambda route: held.append(route))  # noqa: PLW0108  # playwright looks at its code
    page.set_input_files("#file", [renamed(defective), renamed(defective)])
    page.click("#send")
    expect(page.locator(".row").first).to_have_attribute("data-kind", "sending")

    def stay(dialog: Dialog) -> None:
        warned.append(dialog.type)
        dialog.dismiss()

    page.once("dialog", stay)
    page.get_by_role("link", name="Media", exact=True).click(no_wait_after=True)
    expect(page.locator(".row").first).to_be_visible()
    assert warned == ["beforeunload"]
    for route in held:
        route.continue_()
    expect(page.locator("#stage")).to_have_text("2 of 2 judged")


def test_forced_colours_leave_the_bar(new_page: NewPage) -> None:
    page = new_page(forced_colors="active")
    page.goto("/upload")
    page.evaluate("document.getElementById('all').hidden = false")
    bar = page.locator("#bar")
    empty = bar.screenshot()
    bar.evaluate("(bar) => (bar.value = bar.max)")
    assert bar.screenshot() != empty


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
    expect(page.locator(".row")).to_contain_text("256 px")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(PREDICTION)


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


def test_a_phone_shows_the_outcomes_without_scrolling_sideways(
    new_page: NewPage, defective: Path, tmp_path: Path, renamed: Callable[[Path], Path], axe: Audit
) -> None:
    page = new_page(viewport=PHONE)
    sheet = renamed(defective)
    page.goto("/upload")
    page.set_input_files("#file", [sheet, save(tmp_path / "tiny.png", np.zeros((40, 40), np.uint8))])
    page.click("#send")
    expect(row(page, sheet).locator(".badge")).to_have_text("Defect found")
    assert overflow(page) == 0
    assert axe(page) == []
