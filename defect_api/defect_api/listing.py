"""Pages of what lies on the media volume, newest first; a cursor names the last entry seen, so new ones do no harm."""

import base64
import binascii
import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import islice
from typing import TypeVar

from pydantic import BaseModel, Field, ValidationError

from defect_api.media import MediaFile, MediaVolume, safe_stem
from defect_api.problems import NotFound, Unprocessable
from defect_api.record import Record, rfc3339

log = logging.getLogger(__name__)
Item = TypeVar("Item")


class MediaEntry(BaseModel):
    """A file on the media volume."""

    name: str
    bytes: int
    modified: str = Field(description="UTC, RFC 3339")
    inspection_id: str | None


class MediaPage(BaseModel):
    """A page of the media volume, newest first."""

    items: list[MediaEntry]
    next_cursor: str | None
    total: int


class RecordPage(BaseModel):
    """A page of inspections, newest first."""

    items: list[Record]
    next_cursor: str | None


def media_page(media: MediaVolume, limit: int, cursor: str | None) -> MediaPage:
    """Return up to `limit` files after `cursor`. Raises Unprocessable for a cursor that is none."""
    files = media.files()
    items, next_cursor = _page(files, limit, cursor, _entry)
    return MediaPage(items=items, next_cursor=next_cursor, total=len(files))


def record_page(media: MediaVolume, limit: int, cursor: str | None, filename: str | None) -> RecordPage:
    """Return up to `limit` records after `cursor`, of the pictures that the client called `filename` (all, if None).

    Raises Unprocessable for a cursor that is none.
    """

    def wanted(file: MediaFile) -> Record | None:
        record = _record(media, file)
        return record if record and filename in (None, record.image.filename) else None

    files = media.records(safe_stem(filename) if filename is not None else "")
    items, next_cursor = _page(files, limit, cursor, wanted)
    return RecordPage(items=items, next_cursor=next_cursor)


def _page(
    files: Iterable[MediaFile], limit: int, cursor: str | None, show: Callable[[MediaFile], Item | None]
) -> tuple[list[Item], str | None]:
    after = _position(cursor) if cursor else None
    shown = ((file, item) for file in files if after is None or file.order > after if (item := show(file)) is not None)
    page = list(islice(shown, limit + 1))
    more = len(page) > limit
    return [item for _, item in page[:limit]], _cursor(page[limit - 1][0]) if more else None


def _entry(file: MediaFile) -> MediaEntry:
    modified = rfc3339(datetime.fromtimestamp(file.modified, UTC))
    return MediaEntry(name=file.name, bytes=file.bytes, modified=modified, inspection_id=file.inspection_id)


def _record(media: MediaVolume, file: MediaFile) -> Record | None:
    try:
        return media.record(file.name.removesuffix(".json"))
    except NotFound:  # deleted meanwhile
        return None
    except ValidationError:
        log.warning("%s is not a record of this version and is not listed", file.name)
        return None


def _cursor(file: MediaFile) -> str:
    order, name = file.order
    return base64.urlsafe_b64encode(f"{order}:{name}".encode()).decode()


def _position(cursor: str) -> tuple[int, str]:
    try:
        order, _, name = base64.b64decode(cursor, altchars=b"-_", validate=True).decode().partition(":")
        return int(order), name
    except (binascii.Error, ValueError) as error:
        raise Unprocessable("The cursor is not one that this service gave.") from error
