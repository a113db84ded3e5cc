"""Files of one inspection on their way to the media volume: written at once, and visible together."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path


class Publication:
    """Files of one inspection on their way to the disk, beside each other and beside what else is done meanwhile."""

    def __init__(
        self,
        pool: Executor,
        write: Callable[[str, bytes], Path],
        move: Callable[[dict[str, Path]], None],
        sync: Callable[[], None],
    ) -> None:
        """Have `pool` run `write`, which returns where the file of a name lies until `move` gives it that name.

        After `sync`, which `pool` runs too, names are on the disk.
        """
        self._pool = pool
        self._write, self._move, self._sync = write, move, sync
        self._parts: dict[str, Future[Path]] = {}
        self._synced: Future[None] | None = None

    def stage(self, name: str, data: bytes) -> None:
        """Begin to write a file."""
        self._parts[name] = self._pool.submit(self._write, name, data)

    def wait(self) -> dict[str, Path]:
        """Wait until what was staged is on the disk; return where, in the order of staging. Raises OSError."""
        return {name: part.result() for name, part in self._parts.items()}

    def appear(self) -> Future[None]:
        """Have all that was staged appear, in order; it is there to stay when the publication ends. Raises OSError."""
        self._move(self.wait())
        self._synced = self._pool.submit(self._sync)
        return self._synced

    def end(self) -> None:
        """Wait until all has appeared to stay. Raises OSError."""
        (self._synced or self.appear()).result()

    def discard(self) -> None:
        """Remove what did not appear."""
        for part in self._parts.values():
            if part.exception() is None:
                part.result().unlink(missing_ok=True)
