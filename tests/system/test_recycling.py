"""Workers are replaced after some thousand requests; nobody notices. The platform is this test's own."""

import itertools
import re
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.system.conftest import GENEROUS
from tests.system.platform import Platform, start
from tests.system.test_flow import TIMEOUT_S, inspect
from tests.waiting import wait_until

pytestmark = [pytest.mark.system, pytest.mark.local]
CLIENTS, RECYCLED = 3, 4
LEFT, CAME = "Autorestarting worker", "is in service"
# both workers would leave at the same number of requests
AFTER = "--max-requests 60 --max-requests-jitter 0"


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    platform = start(tmp_path, **GENEROUS, THREADS="8", QUEUE="4", GUNICORN_CMD_ARGS=AFTER)
    try:
        platform.wait_until_ready()
        yield platform
    finally:
        platform.stop()


def ready_workers(log: str) -> list[int]:
    """Return how many workers were ready after each line that says that one came or left; two may say it of one."""
    ready, numbers = set[str](), list[int]()
    for line, process in re.findall(r'^(.*"process": (\d+).*)$', log, re.MULTILINE):
        if CAME in line or LEFT in line:
            (ready.add if CAME in line else ready.discard)(process)
            numbers.append(len(ready))
    return numbers


def test_recycled_workers_cost_no_request_and_one_is_always_ready(platform: Platform, clean_sheet: bytes) -> None:
    answers: Counter[tuple[str, int]] = Counter()
    enough = threading.Event()

    def post(client: int) -> None:
        for number in itertools.takewhile(lambda _: not enough.is_set(), itertools.count()):
            # a trailing byte makes each picture a new one
            picture = clean_sheet + f"{client} {number}".encode()
            answers["inspection", inspect(platform.url, "sheet.png", picture).status_code] += 1

    def look() -> None:
        while not enough.is_set():
            answers["readyz", requests.get(f"{platform.url}/api/readyz", timeout=TIMEOUT_S).status_code] += 1

    with ThreadPoolExecutor(CLIENTS + 1) as pool:
        try:
            working = [pool.submit(look), *(pool.submit(post, client) for client in range(CLIENTS))]
            wait_until(lambda: platform.log.count(LEFT) >= RECYCLED, "the workers were not recycled", 300)
        finally:
            enough.set()
        for each in working:
            each.result()
    assert set(answers) == {("inspection", 201), ("readyz", 200)}
    assert min(ready_workers(platform.log)[1:]) >= 1
