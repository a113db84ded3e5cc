"""What tests that drive a browser share: screens, how a sheet is judged, and how a page is looked at."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import requests
from playwright.sync_api import Locator, Page, ViewportSize

PHONE: ViewportSize = {"width": 360, "height": 740}
DESKTOP: ViewportSize = {"width": 1440, "height": 900}
WIDE: ViewportSize = {"width": 1920, "height": 1080}
# A4 with margins of 10 mm
PAPER: ViewportSize = {"width": 718, "height": 1047}
# deadlines of a machine that is busy with other things, not what a person waits
DEADLINE_MS = 120_000
PREDICTION = re.compile(r"/prediction\?filename=")
# policy violations are told to the page; as errors on the console they fail the test like all others
TELL_VIOLATIONS = "addEventListener('securitypolicyviolation', (event) => console.error('CSP', event.blockedURI))"
AXE = Path(__file__).resolve().parents[2] / "flask_app/node_modules/axe-core/axe.min.js"
# what a person needs to find the place; axe says much more
SUMMARY = "({violations}) => violations.map(({id, nodes}) => `${id}: ${nodes.map((node) => node.target).join(' ')}`)"
NewPage = Callable[..., Page]
Audit = Callable[[Page], list[str]]
Inspect = Callable[..., dict[str, Any]]
# sheets on a page of the gallery
PAGE_SIZE = 48


def save(path: Path, image: "np.ndarray[Any, Any]") -> Path:
    cv2.imwrite(str(path), image)
    return path


def judge(page: Page, sheet: Path) -> None:
    """Have one sheet judged as a person would; ends on its prediction."""
    page.goto("/upload")
    page.set_input_files("#file", sheet)
    page.click("#send")
    page.wait_for_url(PREDICTION)


def overflow(page: Page) -> int:
    """Return by how many px the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def audit(page: Page) -> list[str]:
    """Return what axe-core finds wrong with the page as it stands."""
    page.evaluate(AXE.read_text())
    found: list[str] = page.evaluate(f"axe.run().then({SUMMARY})")
    return found


def forget(complaints: list[str], status: int) -> None:
    """Take the browser's own note of a refused request off the list; anything else stays."""
    complaints[:] = [text for text in complaints if str(status) not in text]


def view(page: Page, sheet: Path) -> None:
    """Have a sheet judged and wait for its viewer."""
    judge(page, sheet)
    ready(page)


def ready(page: Page) -> None:
    page.wait_for_selector("sheet-viewer[data-state=ready]")


def camera(page: Page) -> dict[str, float]:
    read = "(({camera: {x, scale, view}}) => ({x, scale, width: view.width}))(document.querySelector('sheet-viewer'))"
    found: dict[str, float] = page.evaluate(read)
    return found


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


def row(page: Page, sheet: Path) -> Locator:
    """Return the row of a sheet on the upload page."""
    return page.locator(".row", has_text=sheet.name)
