"""Memory for large pictures: one of them at a time, in all processes of the service."""

from collections.abc import Iterator
from contextlib import contextmanager

from defect_api.places import Places, shared
from defect_api.problems import RoomTaken

LARGE = 2048 * 2048  # px; the largest picture permitted takes 0.9 GB while it is inspected, one of this size a tenth
# the site waits 60 s for an answer and nginx 75 s; the largest picture takes about 10 s itself
PATIENCE_S = 45
# in all processes; those who wait hold threads and places that small pictures need
MOST_LARGE = 4


class Room:
    """Where pictures are decoded and judged. Large ones wait for each other; small ones go in at once."""

    def __init__(self) -> None:
        """Share the room with all workers of the server, where there is one."""
        self._large = Places(1, shared("large"))
        self._waiting = Places(MOST_LARGE, shared("large-waiting"))

    @contextmanager
    def of(self, pixels: int) -> Iterator[None]:
        """Be in the room with a picture of so many pixels; not to be asked for again from within.

        Raises RoomTaken where others take too long for the client to wait.
        """
        if pixels <= LARGE:
            yield
        else:
            with self._waiting.hold() as may_wait, self._large.hold(PATIENCE_S if may_wait else 0) as free:
                if not free:
                    raise RoomTaken("Large pictures go one at a time, and too many wait; please try again in a moment.")
                yield
