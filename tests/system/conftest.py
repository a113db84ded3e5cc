"""One platform for all system tests: real processes, or containers where PLATFORM=containers says so."""

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page

from nginx.local.__main__ import CannotStart, find_nginx
from tests.system import compose
from tests.system.browsing import (
    AXE,
    DEADLINE_MS,
    DESKTOP,
    PAGE_SIZE,
    TELL_VIOLATIONS,
    Audit,
    Inspect,
    NewPage,
    audit,
    save,
)
from tests.system.platform import Platform, start
from training import sheets

GENEROUS = {"RATE_LIMIT": "1000", "UPLOAD_RATE_LIMIT": "1000"}
IN_CONTAINERS = os.environ.get("PLATFORM") == "containers"


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """The three services as `make run` starts them; stopping them at the end must leave no process."""
    if IN_CONTAINERS:
        pytest.skip("looks at processes, and containers hide them")
    try:
        find_nginx()
    except CannotStart:
        pytest.skip("nginx is needed: apt install nginx-light")
    platform = start(tmp_path_factory.mktemp("platform"), **GENEROUS)
    try:
        platform.wait_until_ready()
        yield platform
    finally:
        platform.stop()


@pytest.fixture(scope="session")
def project() -> Iterator[compose.Project]:
    """The three services as containers."""
    project = compose.start()
    yield project
    project.down()


@pytest.fixture(scope="session")
def platform_url(request: pytest.FixtureRequest) -> str:
    """Where the platform's front door is, whichever way it runs."""
    url: str = request.getfixturevalue("project" if IN_CONTAINERS else "platform").url
    return url


@pytest.fixture(scope="session")
def defective_sheet() -> bytes:
    """A generated sheet with a patch and scratches, as PNG."""
    return encoded(sheets.generate(7, defects=[3, 4]))


@pytest.fixture(scope="session")
def clean_sheet() -> bytes:
    """A generated sheet without a defect, as PNG."""
    return encoded(sheets.generate(8, defects=[]))


def encoded(sheet: sheets.Sheet) -> bytes:
    return cv2.imencode(".png", sheet.image)[1].tobytes()


@pytest.fixture(scope="session")
def real_picture() -> Path:
    """A real picture of the public data, which is not part of the repository."""
    folder = Path(__file__).resolve().parents[3] / "shared/data/severstal/images"
    if not folder.is_dir():
        pytest.skip("../shared/data is not here: no real picture to look at")
    return min(folder.iterdir())


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained of: errors on the console, exceptions, refused or failed resources."""
    return []


@pytest.fixture
def new_page(browser: Browser, platform_url: str, complaints: list[str]) -> Iterator[NewPage]:
    """A function that opens a page with the given context options; at the end there must be no complaint."""
    contexts: list[BrowserContext] = []

    def open_page(**options: Any) -> Page:
        context = browser.new_context(**{"base_url": platform_url, "viewport": DESKTOP, **options})
        context.set_default_timeout(DEADLINE_MS)
        contexts.append(context)
        context.add_init_script(TELL_VIOLATIONS)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """A page on a desktop's screen."""
    return new_page()


@pytest.fixture(scope="session")
def axe() -> Audit:
    """A function that returns what axe-core finds wrong with a page: nothing, one hopes."""
    if not AXE.exists():
        pytest.skip("axe-core is missing: make test installs it")
    return audit


@pytest.fixture(scope="session")
def defective(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sheet with one large patch, which the model is sure to find."""
    return save(tmp_path_factory.mktemp("sheets") / "coil 8841.png", sheets.generate(8, defects=[4]).image)


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


@pytest.fixture
def renamed(tmp_path: Path) -> Callable[[Path], Path]:
    """A function that copies a sheet under a name of its own, so that it is a new inspection."""

    def rename(sheet: Path) -> Path:
        copy = tmp_path / f"coil {secrets.token_hex(4)}.png"
        copy.write_bytes(sheet.read_bytes())
        return copy

    return rename
