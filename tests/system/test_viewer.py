"""The viewer of a sheet, in a real browser: its keys, its links, its gestures, and the page without any of it."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from benchmarks.slider import answer
from tests.system.browsing import PHONE, NewPage, camera, forget, judge, part, ready, view

pytestmark = [pytest.mark.system, pytest.mark.browser]


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
    page.evaluate("location.hash = 'threshold=0.05&selected=0'")
    expect(part(page, "count")).to_have_text("2 defects")
    expect(page.locator("tr[data-index='0'] .row-pick")).to_have_attribute("aria-pressed", "true")


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


def test_a_map_that_is_gone_leaves_the_pictures_and_says_so(page: Page, defective: Path, complaints: list[str]) -> None:
    judge(page, defective)
    page.route("**/*_class.png", lambda route: route.fulfill(status=404))
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("threshold cannot be moved")
    expect(page.locator("#threshold")).to_be_hidden()
    expect(page.get_by_role("img", name="Overlay of")).to_be_visible()
    expect(page.get_by_text("With the threshold that the slider shows")).to_be_hidden()
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
    # at the sheet's lower edge a finger goes on with the page
    touch(page, [[(x, y)], [(x, y - 40)], [(x, y - 400)]])
    scrolled = page.evaluate("scrollY")
    touch(page, [[(x, y)], [(x, y - 30)], [(x, y - 60)]])
    # browsers take the first of it for a trembling finger
    assert scrolled + 40 < page.evaluate("scrollY") <= scrolled + 60


def test_two_fingers_zoom_from_one_picture_to_another(new_page: NewPage, defective: Path) -> None:
    page = new_page(viewport=PHONE, has_touch=True, is_mobile=True)
    view(page, defective)
    page.keyboard.press("+")
    page.locator(".panes").evaluate("(panes) => panes.scrollIntoView()")
    original, overlay = (
        page.locator(f"canvas[data-picture={name}]").bounding_box() for name in ("original", "overlay")
    )
    assert original is not None
    assert overlay is not None
    x, upper, lower = original["x"] + 150, original["y"] + 90, overlay["y"] + 30
    apart = lower - upper
    before = camera(page)
    touch(page, [[(x, upper), (x, lower)], [(x, upper - apart / 2), (x, lower + apart / 2)]])
    assert camera(page)["scale"] == pytest.approx(2 * before["scale"], rel=0.02)


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
    # the page may scroll on in a thread of its own, and tells its scripts of it at a later frame
    page.evaluate("""async () => {
      for (let before = NaN; before !== scrollY; ) {
        before = scrollY;
        for (let frames = 0; frames < 5; frames += 1) await new Promise(requestAnimationFrame);
      }
    }""")
