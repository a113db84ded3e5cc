"""One platform for all system tests: real processes, or containers where PLATFORM=containers says so."""

import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from nginx.local.__main__ import CannotStart, find_nginx
from tests.system import compose
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
