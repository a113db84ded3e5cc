"""Which inspections an address wants, by the REST listing's own names, and how addresses that want them are made."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AwareDatetime, TypeAdapter
from werkzeug.datastructures import MultiDict

from flask_app.wording import machine_time

NAMES = (
    "text",
    "verdict",
    "type",
    "created_from",
    "created_to",
    "probability_min",
    "probability_max",
    "area_min",
    "area_max",
)
TIMES = ("last", "created_from", "created_to")
ORDERING = ("sort", "order")
NEWEST_FIRST = {"sort": "created_at", "order": "desc"}
# what `last=` may say: so far back from now
SPANS = {
    "1h": timedelta(hours=1),
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "365d": timedelta(days=365),
}
# as the REST service reads it
MOMENT = TypeAdapter(AwareDatetime)
FIRST_MOMENT, LAST_MOMENT = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Wanted:
    """What an address wants: `given` as it stands there, `filters` and `ordering` as the REST service takes them."""

    given: Mapping[str, Any]
    filters: Mapping[str, str]
    ordering: Mapping[str, str]
    zone: str

    @property
    def query(self) -> dict[str, str]:
        """Return filters and ordering together, for an address that leads to one of these inspections."""
        return {**self.filters, **self.ordering}

    @property
    def is_timed(self) -> bool:
        """Tell whether it says of which time."""
        return any(name in self.given for name in TIMES)

    @property
    def newest_first(self) -> bool:
        """Tell whether what is new stands first."""
        return {**NEWEST_FIRST, **self.ordering} == NEWEST_FIRST

    def day(self, name: str) -> str:
        """Return the day, in the zone, that `created_from` lies on, or the last one before `created_to`; or nothing."""
        value = self.given.get(name, "")
        if day := _day(value):
            return day.isoformat()
        before = timedelta.resolution if name == "created_to" else timedelta()
        try:
            return (MOMENT.validate_python(value) - before).astimezone(ZoneInfo(self.zone)).date().isoformat()
        except (ValueError, OverflowError):
            return ""

    def without(self, *names: str) -> dict[str, str]:
        """Return what was given, but for these names."""
        return {name: value for name, value in self.given.items() if name not in names}


def wanted(arguments: MultiDict[str, str], now: datetime) -> Wanted:
    """Read an address's arguments; empty ones want nothing, unknown ones are passed over.

    A date without a time is a whole day in the time zone that `zone` names; `last` counts back from `now` (aware).
    """
    known = (*NAMES, *ORDERING, "last", "zone")
    given = {name: value for name in known if (value := arguments.get(name, "").strip())}
    # a form has one field for both
    given |= dict(zip(ORDERING, arguments.get("sort_order", "").split(), strict=False))
    if "created_from" in given:
        given.pop("last", None)  # a form's own field, not what the address had before
    zone = _zone(given.get("zone", ""))
    filters = {name: _moment(name, given[name], zone) for name in NAMES if name in given}
    if span := SPANS.get(given.get("last", "")):
        filters["created_from"] = machine_time(now - span)
    ordering = {name: given[name] for name in ORDERING if name in given}
    return Wanted(given, filters, ordering, zone.key)


def _moment(name: str, value: str, zone: ZoneInfo) -> str:
    if name not in ("created_from", "created_to"):
        return value
    day = _day(value)
    if day is None:
        # a moment, or nonsense, of which the REST service says what is wrong
        return value
    try:
        # until a day means until its end
        first = day if name == "created_from" else day + timedelta(days=1)
        return machine_time(datetime.combine(first, time(), zone))
    except OverflowError:
        return machine_time(FIRST_MOMENT if name == "created_from" else LAST_MOMENT)


def _day(value: str) -> date | None:
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
