"""Pages of the media volume and of the inspections; a cursor names the last entry seen, so new ones do no harm."""

import base64
import binascii
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice

from pydantic import BaseModel, Field

from defect_api.history.history import History
from defect_api.history.schema import VERDICTS
from defect_api.history.search import position
from defect_api.media import MediaFile, MediaVolume
from defect_api.problems import Unprocessable
from defect_api.record import Record, Verdict, rfc3339
from defect_api.schemas import RecordQuery


class MediaEntry(BaseModel):
    """A file on the media volume."""

    name: str
    bytes: int
    modified: str = Field(description="UTC, RFC 3339")
    inspection_id: str | None = Field(description="of which inspection it is a file; null for a client's own picture")


class MediaPage(BaseModel):
    """A page of the media volume, newest first."""

    items: list[MediaEntry]
    next_cursor: str | None
    total: int


class RecordPage(BaseModel):
    """A page of inspections."""

    items: list[Record]
    next_cursor: str | None
    total: int = Field(description="inspections that all filters want")
    counts: dict[Verdict, int] = Field(description="those that the filters want, a verdict's own aside, by verdict")


def media_page(media: MediaVolume, limit: int, cursor: str | None) -> MediaPage:
    """Return up to `limit` files after `cursor`, newest first. Raises Unprocessable for a cursor that is none."""
    files = media.files()
    after = _position(cursor) if cursor else None
    page = list(islice((file for file in files if after is None or file.order > after), limit + 1))
    next_cursor = _cursor(page[limit - 1]) if len(page) > limit else None
    items = [_entry(file, media.inspection_of(file.name)) for file in page[:limit]]
    return MediaPage(items=items, next_cursor=next_cursor, total=len(files))


def record_page(history: History, query: RecordQuery) -> RecordPage:
    """Return the page of records that `query` wants.

    Raises Unprocessable for a cursor that is none of this order, and HistoryAway.
    """
    after = position(query.cursor, query) if query.cursor else None
    found = list(islice(history.records(query, query, query.limit + 1, after), query.limit + 1))
    page = found[: query.limit]
    next_cursor = page[-1][0].cursor(query) if len(found) > query.limit else None
    # what is all on the first page need not be searched for again
    seen = next_cursor is None and query.cursor is None and query.verdict is None
    counts = _counted(record for _, record in page) if seen else history.counts(query)
    total = sum(count for verdict, count in counts.items() if query.verdict in (None, verdict))
    return RecordPage(items=[record for _, record in page], next_cursor=next_cursor, total=total, counts=counts)


def _counted(records: Iterable[Record]) -> dict[Verdict, int]:
    found = Counter(record.verdict for record in records)
    return {verdict: found[verdict] for verdict in VERDICTS}


def _entry(file: MediaFile, inspection_id: str | None) -> MediaEntry:
    modified = rfc3339(datetime.fromtimestamp(file.modified, UTC))
    return MediaEntry(name=file.name, bytes=file.bytes, modified=modified, inspection_id=inspection_id)


def _cursor(file: MediaFile) -> str:
    order, name = file.order
    return base64.urlsafe_b64encode(f"{order}:{name}".encode()).decode()


def _position(cursor: str) -> tuple[int, str]:
    try:
        order, _, name = base64.b64decode(cursor, altchars=b"-_", validate=True).decode().partition(":")
        return int(order), name
    except (binascii.Error, ValueError) as error:
        raise Unprocessable("The cursor is not one that this service gave.") from error
