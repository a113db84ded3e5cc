"""More clients than a service has places, each doing as it is told."""

import http.client
import time
from collections import defaultdict
from concurrent.futures import Executor
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Outcome:
    """An answer: its status, how long it took, and how many seconds to wait it asks for."""

    status: int
    ms: float
    retry_after_s: float


def overload(url: str, pictures: list[bytes], count: int, seconds: float, pool: Executor) -> dict[int, list[Outcome]]:
    """Post from `count` clients for some seconds; return their outcomes by status."""
    end = time.monotonic() + seconds
    found: dict[int, list[Outcome]] = defaultdict(list)
    for outcomes in pool.map(lambda client: _client(url, pictures, client, end), range(count)):
        for outcome in outcomes:
            found[outcome.status].append(outcome)
    return found


def _client(url: str, pictures: list[bytes], client: int, end: float) -> list[Outcome]:
    outcomes: list[Outcome] = []
    while time.monotonic() < end:
        number = len(outcomes)
        outcome = post(url, f"crowd-{client}-{number}.jpg", pictures[(client + number) % len(pictures)])
        outcomes.append(outcome)
        time.sleep(outcome.retry_after_s)
    return outcomes


def post(url: str, name: str, picture: bytes) -> Outcome:
    """Post a sheet through nginx."""
    begun = time.perf_counter()
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    connection.request("POST", f"/api/v1/inspections?filename={name}", picture, {"Content-Type": "image/jpeg"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return Outcome(answer.status, (time.perf_counter() - begun) * 1000, float(answer.headers.get("Retry-After", 0)))
