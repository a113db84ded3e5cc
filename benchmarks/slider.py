"""Measures the frames of the threshold slider in the browser while it is dragged: `python -m benchmarks.slider`.

The platform is started for it; the browser is Debian's Chromium without a graphics card. A frame is all that the page's
thread does for one position of the slider: the input, finding the regions, drawing, style, layout and paint. Given is
the time for which that thread had a processor, so that other programs count less, and its share of a frame at 60 Hz.
What is drawn once the slider rests, and the rows of the table, are not in it.
"""

import json
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import requests
from playwright.sync_api import Browser, Page, Route

from tests.system import chromium
from tests.system.platform import running_platform
from training import sheets

FRAME_MS = 1000 / 60
POSITIONS = 60
SIZE = 256, 1600
WORST = 200
# so many fit on a sheet only where neighbours are not joined, whatever the shipped model's card joins
APART = (
    "Object.assign(document.querySelector('sheet-viewer').sheet.rule, {min_peak: 0, min_region_px: 600, join_px: 0})"
)
CATEGORIES = ["devtools.timeline", "disabled-by-default-devtools.timeline"]


def main() -> None:
    """Print the table."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_platform(Path(folder)) as address,
        chromium.launched() as browser,
    ):
        prediction = address + inspect(address)
        sys.stdout.write("| map | frames | median ms | longest ms | longest, share of a frame |\n")
        sys.stdout.write("| --- | ---: | ---: | ---: | ---: |\n")
        for name, maps in (("of a sheet with two defects", {}), (f"made, {WORST} defects", worst_case())):
            frames = sorted(drag(browser, prediction, maps))
            median, longest = statistics.median(frames), frames[-1]
            row = f"| {name} | {len(frames)} | {median:.1f} | {longest:.1f} | {longest / FRAME_MS:.2f} |"
            sys.stdout.write(row + "\n")


def inspect(address: str) -> str:
    """Have a generated sheet judged; return the path of its prediction."""
    picture = cv2.imencode(".png", sheets.generate(8, defects=[3, 4]).image)[1].tobytes()
    files = {"image": ("coil.png", picture)}
    record = requests.post(f"{address}/api/v1/inspections", files=files, timeout=300).json()
    return f"/prediction?filename={record['files']['original']}"


def worst_case() -> dict[str, bytes]:
    """Return a probability map with many ragged defects, and their class map, as PNG by the end of their names."""
    height, width = SIZE
    columns, rows = 40, WORST // 40
    y, x = np.mgrid[:height, :width].astype(np.float32)
    wide, high = width / columns, height / rows
    distance = np.hypot((x % wide) / wide - 0.5, (y % high) / high - 0.5)
    ragged = cv2.GaussianBlur(np.random.default_rng(0).standard_normal(SIZE).astype(np.float32), (0, 0), 1.5)
    probability = np.clip(1.7 - 3 * distance + 0.3 * ragged, 0, 1)
    classes = ((x // wide) % 4).astype(np.uint8)
    pictures = {"_prob.png": np.rint(255 * probability).astype(np.uint8), "_class.png": classes}
    return {ending: cv2.imencode(".png", picture)[1].tobytes() for ending, picture in pictures.items()}


def drag(browser: Browser, prediction: str, maps: dict[str, bytes]) -> Iterator[float]:
    """Drag the slider over all thresholds with the mouse; yield the ms of each frame; `maps` replace the stored."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    for ending, content in maps.items():
        page.route(f"**/*{ending}", answer(content))
    page.goto(prediction)
    page.wait_for_selector("sheet-viewer[data-state=ready]")
    if maps:
        page.evaluate(APART)
    box = page.locator("#threshold").bounding_box()
    if box is None:
        raise RuntimeError("the slider is not to be seen")
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] - 12, middle)
    page.mouse.down()
    browser.start_tracing(page=page, categories=CATEGORIES)
    for position in range(POSITIONS):
        page.mouse.move(box["x"] + (1 - position / POSITIONS) * (box["width"] - 24) + 6, middle)
        next_frame(page)
    trace = json.loads(browser.stop_tracing())
    page.close()
    yield from frames_of(trace["traceEvents"])


def answer(content: bytes) -> Any:
    """Return what answers a request with a PNG."""

    def fulfill(route: Route) -> None:
        route.fulfill(body=content, content_type="image/png")

    return fulfill


def next_frame(page: Page) -> None:
    """Wait until the browser has drawn."""
    page.evaluate("new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))")


def frames_of(events: list[dict[str, Any]]) -> Iterator[float]:
    """Yield the ms of processor time of each task of a page's thread that moved the threshold and drew."""
    moved = [event for event in events if event["name"] == "EventDispatch" and event["args"]["data"]["type"] == "input"]
    drawn = [event for event in events if event["name"] == "FireAnimationFrame"]
    for task in events:
        if task["name"] == "RunTask" and all(any(_within(event, task) for event in of) for of in (moved, drawn)):
            yield task["tdur"] / 1000


def _within(event: dict[str, Any], task: dict[str, Any]) -> bool:
    same = (event["pid"], event["tid"]) == (task["pid"], task["tid"])
    return bool(same and task["ts"] <= event["ts"] < task["ts"] + task["dur"])


if __name__ == "__main__":
    main()
