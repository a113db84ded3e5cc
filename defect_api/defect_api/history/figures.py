"""What the statistics rest on, counted by the database: never a record is read, nor all entries fetched."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, case, cast, func, literal, select, union_all
from sqlalchemy.orm import InstrumentedAttribute

from defect_api.history.observed import Aggregate, columns, observed
from defect_api.history.schema import TYPE_MARK, VERDICTS, Entry, milliseconds
from defect_api.history.search import Filters, with_verdict
from defect_api.limit_use import Watched
from defect_api.record import Verdict

Number = InstrumentedAttribute[float] | InstrumentedAttribute[int]


@dataclass(frozen=True)
class Tally:
    """Some inspections, counted; `probability` is the mean of their defect probabilities, None where there are none."""

    verdicts: dict[Verdict, int]
    defects: int
    probability: float | None

    @property
    def total(self) -> int:
        """Return how many there are."""
        return sum(self.verdicts.values())


@dataclass(frozen=True)
class Section:
    """What is wanted of one section of the time: counted, and what was measured on the pictures."""

    tally: Tally
    observed: dict[Watched, Aggregate]


@dataclass(frozen=True)
class Overview:
    """All that is wanted: counted, the times of the oldest and the newest, and the largest defective area, px."""

    tally: Tally
    span: tuple[datetime, datetime] | None
    largest_area: int


def overview(connection: Connection, filters: Filters) -> Overview:
    """Look at all that `filters` want."""
    extremes = func.min(Entry.created_at), func.max(Entry.created_at), func.max(Entry.defect_area_px)
    row = connection.execute(select(*extremes, *_counted()).where(*with_verdict(filters))).one()
    oldest, newest, largest = row[:3]
    tally = _tally(row[3:])
    return Overview(tally, (_moment(oldest), _moment(newest)) if tally.total else None, largest or 0)


def sections(connection: Connection, filters: Filters, edges: Sequence[datetime]) -> list[Section]:
    """Look at what `filters` want between each two neighbours of `edges`, the later one excluded."""
    wanted, counted = with_verdict(filters), _counted()
    parts = [
        select(literal(part).label("part"), *counted, *columns()).where(
            *wanted, Entry.created_at >= milliseconds(begin), Entry.created_at < milliseconds(end)
        )
        for part, (begin, end) in enumerate(pairwise(edges))
    ]
    rows = connection.execute(union_all(*parts)).all()
    end = 1 + len(counted)
    return [Section(_tally(row[1:end]), observed(row[end:])) for row in sorted(rows, key=lambda row: row[0])]


def histogram(connection: Connection, filters: Filters, column: Number, edges: Sequence[float]) -> list[int]:
    """Count what `filters` want by `column` between each two neighbours of `edges`; only the last is its bin's own."""
    # the searched CASE stops at the first bin that fits
    inner = [(column < edge, number) for number, edge in enumerate(edges[1:-1])]
    bins = case(*inner, else_=len(edges) - 2) if inner else literal(0)
    within = (column >= edges[0], column <= edges[-1])
    query = select(bins.label("bin"), func.count()).where(*with_verdict(filters), *within).group_by("bin")
    counts = {number: count for number, count in connection.execute(query)}  # noqa: C416  # rows are no pairs to mypy
    return [counts.get(number, 0) for number in range(len(edges) - 1)]


def types(connection: Connection, filters: Filters) -> dict[str, int]:
    """Count the sheets that have a defect of each type, the most frequent first; a sheet may count for several."""
    query = select(Entry.types, func.count()).where(*with_verdict(filters), Entry.types != "").group_by(Entry.types)
    counts: Counter[str] = Counter()
    for marked, count in connection.execute(query):
        for name in filter(None, marked.split(TYPE_MARK)):
            counts[name] += count
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _counted() -> list[ColumnElement[Any]]:
    verdicts = [func.sum(cast(Entry.verdict == name, Integer)) for name in VERDICTS]
    return [*verdicts, func.sum(Entry.defect_count), func.avg(Entry.defect_probability)]


def _tally(row: Sequence[Any]) -> Tally:
    # a sum over nothing is null
    *verdicts, defects, probability = row
    counts = {name: int(count or 0) for name, count in zip(VERDICTS, verdicts, strict=True)}
    return Tally(counts, int(defects or 0), probability)


def _moment(created_at: int) -> datetime:
    return datetime.fromtimestamp(created_at / 1000, UTC)
