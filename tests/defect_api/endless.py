"""What never ends, such as the threads that attend to something, run for a while."""

import time
from collections.abc import Callable

import pytest


class Enough(BaseException):
    """Ends what never ends."""


def run_until_sleep(number: int, endless: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run `endless` until it goes to sleep for the time of this number; before that it does not sleep either."""
    slept = 0

    def sleep(_seconds: float) -> None:
        nonlocal slept
        slept += 1
        if slept == number:
            raise Enough

    with monkeypatch.context() as patch:
        patch.setattr(time, "sleep", sleep)
        with pytest.raises(Enough):
            endless()
