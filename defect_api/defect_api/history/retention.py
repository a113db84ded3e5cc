"""Deletes the oldest inspections where they are too old or all together too large. Off unless the settings say so."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from defect_api.history.index import Aged, Index
from defect_api.history.schema import milliseconds
from defect_api.places import locked
from defect_api.settings import Settings

GIB = 1024**3
# deleted at most at once, so that the client of an inspection does not wait for a backlog; the next sweep takes more
MOST_AT_ONCE = 100


def sweep(settings: Settings, index: Index, spare: str | None, delete: Callable[[Aged], None]) -> None:
    """Delete what the settings no longer keep, the oldest first, but never the inspection `spare`.

    The newest one goes for its age only, however large it is. Does nothing while another worker is at it.
    Raises SQLAlchemyError, OSError and what `delete` raises.
    """
    if not (settings.retention_days or settings.retention_gb):
        return
    with locked(settings.state_dir / "retention.lock") as chosen:
        if chosen:
            for entry in _superfluous(settings, index):
                if entry.id != spare:
                    delete(entry)


def _superfluous(settings: Settings, index: Index) -> Iterator[Aged]:
    oldest_kept = datetime.now(UTC) - timedelta(days=settings.retention_days)
    excess = index.total_bytes() - int(settings.retention_gb * GIB) if settings.retention_gb else 0
    oldest = index.oldest(MOST_AT_ONCE + 1)
    for entry in oldest:
        too_old = bool(settings.retention_days) and entry.created_at < milliseconds(oldest_kept)
        if not too_old and (excess <= 0 or entry is oldest[-1]):
            return
        yield entry
        excess -= entry.bytes
