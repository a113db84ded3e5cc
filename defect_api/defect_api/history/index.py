"""The index in its database: entries in and out, pages, counts, the oldest. Knows nothing of files."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Engine, Select, bindparam, delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from defect_api.history.schema import VERDICTS, Base, Entry, row
from defect_api.history.search import (
    Filters,
    Ordering,
    Position,
    conditions,
    following,
    sort_column,
    sorting,
    with_verdict,
)
from defect_api.media import StoredRecord
from defect_api.record import Verdict

BATCH = 500
ATTEMPTS = 20  # each time that workers meet at one entry, one of them gets through
# made once, and of the table itself: composing them, and what the ORM does beside, takes longer than the database
TABLE = Base.metadata.tables[Entry.__tablename__]
LEAVE = delete(TABLE).where(TABLE.c.id == bindparam("gone"))
LEAVE_IF_SEEN = LEAVE.where(TABLE.c.stamp == bindparam("seen"))
ENTER = insert(TABLE)


@dataclass(frozen=True)
class Listed:
    """An entry of a page: its id, where it stands, and the stamp of the record that it was made from."""

    id: str
    place: Position
    stamp: int


@dataclass(frozen=True)
class Aged:
    """An entry as retention sees it: `created_at` in milliseconds since 1970, UTC."""

    id: str
    created_at: int
    bytes: int
    stamp: int


class Index:
    """The index of the inspections. Every method raises SQLAlchemyError where the database is away."""

    def __init__(self, engine: Engine) -> None:
        """Work on `engine`, whose schema is up to date."""
        self.engine = engine

    def put(self, records: Sequence[StoredRecord]) -> None:
        """Enter `records`, each in place of an older entry of its id."""
        rows = [row(stored) for stored in records]
        for start in range(0, len(rows), BATCH):
            self._replace(rows[start : start + BATCH])

    def drop(self, stamps: Iterable[tuple[str, int]]) -> None:
        """Remove the entries with these ids and stamps; one that was renewed meanwhile has another stamp and stays."""
        gone = [{"gone": key, "seen": stamp} for key, stamp in stamps]
        if gone:
            with self.engine.begin() as connection:
                connection.execute(LEAVE_IF_SEEN, gone)

    def clear(self) -> None:
        """Remove every entry."""
        with self.engine.begin() as connection:
            connection.execute(delete(Entry))

    def stamps(self) -> dict[str, int]:
        """Return the stamps of all entries by id."""
        with self.engine.connect() as connection:
            return {found.id: found.stamp for found in connection.execute(select(Entry.id, Entry.stamp))}

    def page(self, filters: Filters, ordering: Ordering, limit: int, after: Position | None) -> list[Listed]:
        """Return up to `limit` entries after the place `after`, or from the first."""
        with self.engine.connect() as connection:
            rows = connection.execute(page_query(filters, ordering, limit, after)).all()
        return [Listed(key, Position(value, key), stamp) for key, value, stamp in rows]

    def counts(self, filters: Filters) -> dict[Verdict, int]:
        """Count the entries by verdict; a wanted verdict of `filters` is disregarded."""
        with self.engine.connect() as connection:
            counted = connection.execute(counts_query(filters)).one()
        return dict(zip(VERDICTS, tuple(counted), strict=True))

    def of_each_model(self, filters: Filters) -> list[str]:
        """Return the id of one entry that `filters` want of each model that judged any of them."""
        query = select(func.max(Entry.id)).where(*with_verdict(filters))
        with self.engine.connect() as connection:
            return list(connection.scalars(query.group_by(Entry.model_name, Entry.model_version)))

    def oldest(self, limit: int) -> list[Aged]:
        """Return the `limit` oldest entries, the oldest first."""
        columns = select(Entry.id, Entry.created_at, Entry.bytes, Entry.stamp)
        query = columns.order_by(Entry.created_at, Entry.id).limit(limit)
        with self.engine.connect() as connection:
            return [Aged(*found) for found in connection.execute(query)]

    def total_bytes(self) -> int:
        """Return the bytes of all inspections together."""
        with self.engine.connect() as connection:
            return int(connection.execute(select(func.coalesce(func.sum(Entry.bytes), 0))).scalar_one())

    def _replace(self, rows: list[dict[str, object]]) -> None:
        for _ in range(ATTEMPTS - 1):
            with suppress(IntegrityError):  # another worker entered one of them between our two statements
                return self._put_in_place(rows)
        return self._put_in_place(rows)

    def _put_in_place(self, rows: list[dict[str, object]]) -> None:
        with self.engine.begin() as connection:
            connection.execute(LEAVE, [{"gone": values["id"]} for values in rows])
            connection.execute(ENTER, rows)


def page_query(filters: Filters, ordering: Ordering, limit: int, after: Position | None) -> Select[str, float, int]:
    """Return the query of a page: ids, what is sorted by, stamps."""
    wanted = conditions(filters)
    if filters.verdict:
        # the empty string keeps SQLite from gathering and sorting all of that verdict: the sort's own index has it too
        wanted.append(Entry.verdict + "" == filters.verdict)
    if after:
        wanted.append(following(after, ordering))
    query = select(Entry.id, sort_column(ordering), Entry.stamp)
    return query.where(*wanted).order_by(*sorting(ordering)).limit(limit)


def counts_query(filters: Filters) -> Select[*tuple[int, ...]]:
    """Return the query of the counts by verdict, in the order of VERDICTS."""
    wanted = conditions(filters)
    # by name there are few, found by the name's index; the empty string keeps SQLite from the verdict's
    verdict = Entry.verdict + "" if filters.filename is not None else Entry.verdict
    counted = select(func.count()).select_from(Entry).where(*wanted)
    return select(*(counted.where(verdict == name).scalar_subquery() for name in VERDICTS))
