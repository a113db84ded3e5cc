"""How a span of time is cut for a chart: minutes, hours, days, weeks, months or years, in the reader's time zone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Unit = Literal["minute", "hour", "day", "week", "month", "year"]
# more bars than this are no longer told apart on a phone
MOST = 62
# the shortest that each can be
LENGTHS: dict[Unit, timedelta] = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(hours=23),
    "week": timedelta(days=7) - timedelta(hours=1),
    "month": timedelta(days=28) - timedelta(hours=1),
    "year": timedelta(days=365),
}


@dataclass(frozen=True)
class Timeline:
    """Edges, rising, of which each two neighbours bound one `unit`; UTC."""

    unit: Unit
    edges: list[datetime]


def timeline(begin: datetime, end: datetime, zone: ZoneInfo) -> Timeline:
    """Cut the time from `begin` to `end` (aware) at the turn of the smallest unit that makes at most 62 parts."""
    for unit, length in LENGTHS.items():
        if end - begin <= (MOST - 1) * length:
            return Timeline(unit, list(_edges(begin, end, unit, zone)))
    return Timeline("year", list(_edges(begin, end, "year", zone)))


def _edges(begin: datetime, end: datetime, unit: Unit, zone: ZoneInfo) -> Iterator[datetime]:
    edge = _floor(begin.astimezone(zone), unit)
    yield edge.astimezone(UTC)
    while edge <= end:
        edge = _next(edge, unit)
        yield edge.astimezone(UTC)


def _floor(moment: datetime, unit: Unit) -> datetime:
    if unit == "minute":
        return moment.replace(second=0, microsecond=0)
    if unit == "hour":
        return moment.replace(minute=0, second=0, microsecond=0)
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return {"day": day, "month": day.replace(day=1), "year": day.replace(month=1, day=1)}[unit]


def _next(edge: datetime, unit: Unit) -> datetime:
    if unit in ("minute", "hour"):
        # on the clock that never jumps
        return (edge.astimezone(UTC) + LENGTHS[unit]).astimezone(edge.tzinfo)
    if unit in ("day", "week"):
        return edge + timedelta(days=1 if unit == "day" else 7)
    months = edge.year * 12 + edge.month - 1 + (1 if unit == "month" else 12)
    return edge.replace(year=months // 12, month=months % 12 + 1)
