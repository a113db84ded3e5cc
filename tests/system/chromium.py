"""Debian's Chromium, headless, driven by Playwright: for the browser tests and the screenshots."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

EXECUTABLE = Path("/usr/bin/chromium")
MISSING = "Debian's package chromium is missing: apt install chromium"
# nothing of the browser's own may use the network
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def launched(*arguments: str) -> Iterator[Browser]:
    """Run the browser, with more `arguments`. Raises FileNotFoundError, which names the package, if it is missing."""
    if not EXECUTABLE.exists():
        raise FileNotFoundError(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=[*ARGUMENTS, *arguments])
        try:
            yield browser
        finally:
            browser.close()
