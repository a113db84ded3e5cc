"""Makes the README's pictures: starts the platform, uploads generated sheets and photographs every page.

`python -m tests.system.screenshots` writes to images/.
"""

import io
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page

from defect_api.client import Inspector
from defect_api.record import rfc3339
from tests.system import chromium
from tests.system.browsing import DEADLINE_MS
from tests.system.platform import running_platform
from training import sheets

IMAGES = Path(__file__).resolve().parents[2] / "images"
# what the pages are to call themselves, whatever port is free
SHOWN_AT = "127.0.0.1:2020"
LARGEST_BYTES = 400_000
# grey sheets and pages of few colours lose nothing that the eye sees; a pixel is grey whose channels differ by less
GREY_SPREAD = 24
COLOURS = (256, 128, 64, 32)
SCREENS: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1440, "height": 900}},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
}
PAGES = {
    "home": "/",
    "about": "/about",
    "media": "/media/",
    "history": "/history",
    "wall": "/history?view=wall",
    "statistics": "/statistics?last=30d",
}
# on the wall there is one screen, and nobody scrolls
ONE_SCREEN = {"wall"}
# also what a browser leaves out until it is scrolled to
DRAW_ALL = """() => {
  for (const card of document.querySelectorAll(".sheet-card")) card.style.contentVisibility = "visible";
  return Promise.all([...document.images].map((image) => (image.loading = "eager") && image.decode()));
}"""
PREDICTION = re.compile(r"/prediction\?filename=")
# name, seed and defect classes of the sheets that are uploaded; the last one is shown
COILS: Sequence[tuple[str, int, list[int]]] = (
    *(
        (f"coil-{8801 + number}.png", 40 + number, kinds)
        for number, kinds in enumerate([[], [3], [], [1], [4], [], [2]] * 3)
    ),
    ("coil-8838.png", 31, []),
    ("coil-8839.png", 1, [1]),
    ("coil-8840.png", 3, [3]),
    ("coil-8841.png", 8, [3, 4]),
)
# the time over which they are spread, so that the statistics have something to tell
DAYS = 14


def main() -> None:
    """Write all pictures anew."""
    IMAGES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_platform(Path(folder)) as running_at,
        chromium.launched(f"--host-resolver-rules=MAP {SHOWN_AT} {running_at.removeprefix('http://')}") as browser,
    ):
        address = f"http://{SHOWN_AT}"
        coils = list(generated(Path(folder)))
        with Inspector(f"{running_at}/api") as inspector:
            for coil in coils[:-1]:
                inspector.inspect(coil)
        prediction = upload(browser, address, coils[-1])
        spread(Path(folder))
        for kind, screen in SCREENS.items():
            context = browser.new_context(base_url=address, color_scheme="dark", **screen)
            context.set_default_timeout(DEADLINE_MS)
            photograph(context.new_page(), prediction, coils[-4:], kind)
            context.close()


def generated(folder: Path) -> Iterator[Path]:
    """Write the sheets to `folder` and yield their paths."""
    for name, seed, defects in COILS:
        path = folder / name
        cv2.imwrite(str(path), sheets.generate(seed, defects=defects, dark_side=False).image)
        yield path


def spread(home: Path) -> None:
    """Date the inspections back, evenly over two weeks, and make the index anew."""
    records = sorted((home / "media").glob("*.json"))
    for number, path in enumerate(records):
        record = json.loads(path.read_text())
        moment = datetime.fromisoformat(record["created_at"]) - timedelta(days=DAYS) * (1 - (number + 1) / len(records))
        path.write_text(json.dumps({**record, "created_at": rfc3339(moment)}))
    environment = {**os.environ, "MEDIA_DIR": str(home / "media"), "STATE_DIR": str(home / "state")}
    subprocess.run([sys.executable, "-m", "defect_api.history", "rebuild"], env=environment, check=True)


def upload(browser: Browser, address: str, sheet: Path) -> str:
    """Have a sheet judged as a person would, and return the address of its prediction."""
    page = browser.new_page(base_url=address)
    page.goto("/upload")
    page.set_input_files("#file", sheet)
    page.click("#send")
    page.wait_for_url(PREDICTION)
    found = page.url
    page.close()
    return found


def photograph(page: Page, prediction: str, chosen: Sequence[Path], kind: str) -> None:
    """Take each page once."""
    for name, path in (("prediction", prediction), *PAGES.items()):
        page.goto(path)
        save(page, f"{name}-{kind}", whole=name not in ONE_SCREEN)
    page.goto("/upload")
    page.set_input_files("#file", chosen)
    page.click("#send")
    page.wait_for_function(
        "() => document.querySelectorAll('.row .badge').length === document.querySelectorAll('.row').length"
    )
    save(page, f"upload-{kind}")


def save(page: Page, name: str, *, whole: bool = True) -> None:
    """Write one picture of a page, the `whole` or what a screen shows. Raises ValueError when it is too heavy."""
    page.wait_for_load_state("networkidle")
    page.evaluate(DRAW_ALL)
    shot = taken(page, whole=whole)
    path = IMAGES / f"{name}.png"
    for colours in COLOURS:
        shot.quantize(palette=palette(shot, colours), dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size <= LARGEST_BYTES:
            return
    raise ValueError(f"{path.name} has {path.stat().st_size} bytes, more than {LARGEST_BYTES}")


def taken(page: Page, *, whole: bool) -> Image.Image:
    """Return a picture of a page, the `whole` or what a screen shows."""
    screen = page.viewport_size
    assert screen is not None
    if whole:
        # not full_page=True: a phone would then be drawn as if it had a mouse
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": screen["width"], "height": height})
    shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    page.set_viewport_size(screen)
    return shot


def palette(shot: Image.Image, colours: int) -> Image.Image:
    """Return a palette in which the few coloured pixels have as many places as the many grey ones."""
    pixels = np.asarray(shot).reshape(-1, 3)
    coloured = np.ptp(pixels, axis=1) >= GREY_SPREAD
    parts = [pixels[coloured], pixels[~coloured]]
    found = [
        Image.fromarray(part[None]).quantize(colours // 2, kmeans=1).getpalette() or [] for part in parts if len(part)
    ]
    image = Image.new("P", (1, 1))
    image.putpalette([value for part in found for value in part[: 3 * (colours // 2)]])
    return image


if __name__ == "__main__":
    main()
