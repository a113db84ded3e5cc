"""Makes the index agree with the records on the media volume, which are the truth."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from defect_api.history.index import BATCH, Index
from defect_api.media import MediaVolume, StoredRecord
from defect_api.problems import NotFound, RecordUnreadable

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Repairs:
    """What a comparison found: entries made or renewed, entries dropped, and files that are no record."""

    entered: int
    dropped: int
    unreadable: int


def reconcile(media: MediaVolume, index: Index) -> Repairs:
    """Enter the records that are not in `index` or are newer there, and drop the entries whose record is gone.

    Only names and times of modification are compared, and only what differs is read. A volume without any record is
    taken for one that is not there: other services may share the index. It may run beside a service at
    work: the index is read first, so what is posted meanwhile is never taken for gone. Raises SQLAlchemyError.
    """
    known = index.stamps()
    stored = media.stamps()
    if known and not stored:
        log.error("the media volume has no record, and the index %d, which are kept: is it mounted?", len(known))
        return Repairs(0, 0, 0)
    gone = [(key, stamp) for key, stamp in known.items() if key not in stored]
    index.drop(gone)
    changed = [key for key, stamp in stored.items() if known.get(key) != stamp]
    records = _readable(media, changed)
    entered = 0
    while batch := list(islice(records, BATCH)):
        index.put(batch)
        entered += len(batch)
    return Repairs(entered, len(gone), len(changed) - entered)


def _readable(media: MediaVolume, identifiers: Iterable[str]) -> Iterator[StoredRecord]:
    for identifier in identifiers:
        try:
            yield media.stored(identifier)
        except NotFound:  # deleted meanwhile
            continue
        except RecordUnreadable as error:
            log.warning("not listed: %s", error)
