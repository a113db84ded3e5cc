"""locust: sheets that arrive at a constant rate, whether or not earlier ones are answered.

`RATE` is that of all users together, `USERS` how many take turns, `PICTURES` the folder of the sheets.
"""

import os
import time
from itertools import count
from pathlib import Path

import gevent
from locust import FastHttpUser, task

RATE, USERS = float(os.environ["RATE"]), int(os.environ["USERS"])
PICTURES = [path.read_bytes() for path in sorted(Path(os.environ["PICTURES"]).iterdir())]
NUMBERS, STARTED = count(), count()


class Line(FastHttpUser):
    """A camera."""

    def on_start(self) -> None:
        """Begin one after the other: locust starts users once a second, and each second's sheets would come at once."""
        gevent.sleep(next(STARTED) / RATE)
        self.due = time.monotonic()

    def wait_time(self) -> float:
        """Return the seconds until this user's turn comes again."""
        self.due += USERS / RATE
        return max(0.0, self.due - time.monotonic())

    @task
    def sheet(self) -> None:
        """Post the next sheet under a name of its own."""
        number = next(NUMBERS)
        self.client.post(
            f"/api/v1/inspections?filename=open-{RATE:.1f}-{number}.jpg",
            data=PICTURES[number % len(PICTURES)],
            headers={"Content-Type": "image/jpeg"},
            name="sheet",
        )
