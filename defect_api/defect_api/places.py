"""Numbered places that all processes of the service share. A lost process gives up what it held."""

import fcntl
import os
import shutil
import struct
import tempfile
import time
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

# names the folder that the server made before its workers
FOLDER = "PLACES_DIR"
LOOK_S = 0.1


class Places:
    """A semaphore of locks on files, which the kernel takes back from a process that ends, however it does.

    Counting semaphores of an operating system would lose a killed worker's places for good.
    """

    def __init__(self, count: int, folder: Path | None = None) -> None:
        """Share `count` places with whoever names the same folder, as `shared` does; None: within this process."""
        self.count = count
        if folder is None:
            folder = Path(tempfile.mkdtemp(prefix="places-"))
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._door = folder / "door"
        self._keys = folder / "keys"
        self._places = [folder / str(number) for number in range(count)]

    @contextmanager
    def hold(self, patience_s: float = 0) -> Iterator[bool]:
        """Hold a place where one is free at once or, looked for again and again, within `patience_s`; gives whether."""
        end = time.monotonic() + patience_s
        with ExitStack() as stack:
            while not (free := self._finds_free_one(stack)) and time.monotonic() < end:
                time.sleep(LOOK_S)  # a lock on a file cannot be waited for with a limit
            yield free

    def taken(self) -> int:
        """Count the places that somebody holds."""
        with locked(self._door, wait=True), ExitStack() as stack:
            return sum(not stack.enter_context(locked(place)) for place in self._places)

    @contextmanager
    def wait(self) -> Iterator[None]:
        """Wait for a place, one after the other, and hold it."""
        with ExitStack() as stack:
            with locked(self._door, wait=True):
                if not self._takes_free_one(stack):
                    # turns are about as long as each other, so the one that began first ends first
                    first = min(self._places, key=lambda place: place.stat().st_mtime_ns)
                    stack.enter_context(locked(first, wait=True))
            yield

    @contextmanager
    def alone(self, key: int) -> Iterator[None]:
        """Wait until nobody else is at `key`, of at most 63 bits, and be there alone."""
        with self._keys.open("ab") as file:
            # a byte for each key, of an opened file and so between threads too: fcntl(2), struct flock
            fcntl.fcntl(file, fcntl.F_OFD_SETLKW, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, key, 1, 0))
            yield

    def _finds_free_one(self, stack: ExitStack) -> bool:
        # one looks at a time: a place that was free when it began is not taken before it gets there
        with locked(self._door, wait=True):
            return self._takes_free_one(stack)

    def _takes_free_one(self, stack: ExitStack) -> bool:
        for place in self._places:
            with ExitStack() as attempt:
                if attempt.enter_context(locked(place)):
                    stack.push(attempt.pop_all())
                    return True
        return False


def shared(name: str) -> Path | None:
    """Return the folder of the places that all workers of the server share, or None where there is no server."""
    folder = os.environ.get(FOLDER)
    return Path(folder, name) if folder else None


@contextmanager
def locked(path: Path, *, wait: bool = False) -> Iterator[bool]:
    """Lock a file; gives whether that was possible. Locks belong to the opened file, so threads exclude each other.

    Raises OSError where it cannot be made.
    """
    with _opened(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            locked = False
        else:
            os.utime(file.fileno())
            locked = True
        yield locked


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("ab")
    except FileNotFoundError:  # rare, so that no lock of a request looks for its folder first
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("ab")
