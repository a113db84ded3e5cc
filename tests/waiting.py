"""Waiting for something to become true, with a deadline and without a fixed sleep."""

import time
from collections.abc import Callable

INTERVAL_S = 0.05


def wait_until(condition: Callable[[], object], failure: str, deadline_s: float = 60) -> None:
    """Poll `condition`; fail with the sentence `failure` if it does not become true in time."""
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, f"{failure} within {deadline_s} s"
        time.sleep(INTERVAL_S)
