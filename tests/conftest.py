"""What tests of several packages share."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.system import chromium
from tests.system.browsing import DEADLINE_MS


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests that look at pages: Playwright runs once in a process."""
    if not chromium.EXECUTABLE.exists():
        pytest.skip(chromium.MISSING)
    expect.set_options(timeout=DEADLINE_MS)
    with chromium.launched() as browser:
        yield browser
