"""How a span of time is cut: where periods begin, how many there are, and what clocks that are put forward do."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from defect_api.history.timeline import MOST, timeline

BERLIN = ZoneInfo("Europe/Berlin")
KOLKATA = ZoneInfo("Asia/Kolkata")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("length", "unit"),
    [
        (timedelta(), "minute"),
        (timedelta(hours=1), "minute"),
        (timedelta(days=1), "hour"),
        (timedelta(days=30), "day"),
        (timedelta(days=365), "week"),
        (timedelta(days=4 * 365), "month"),
        (timedelta(days=40 * 365), "year"),
    ],
)
@pytest.mark.parametrize("zone", [ZoneInfo("UTC"), BERLIN, KOLKATA], ids=str)
def test_the_smallest_unit_that_makes_few_parts_is_taken(length: timedelta, unit: str, zone: ZoneInfo) -> None:
    begin = at("2026-03-11T12:34:56+00:00")
    cut = timeline(begin, begin + length, zone)
    assert cut.unit == unit
    assert len(cut.edges) - 1 <= MOST + 1
    assert cut.edges[0] <= begin
    assert begin + length < cut.edges[-1]
    assert all(early < late for early, late in pairwise(cut.edges))


@pytest.mark.parametrize(
    ("zone", "first"),
    [(ZoneInfo("UTC"), "2026-03-11T00:00+00:00"), (BERLIN, "2026-03-10T23:00+00:00"), (KOLKATA, "2026-03-10T18:30Z")],
    ids=str,
)
def test_days_begin_at_the_readers_midnight(zone: ZoneInfo, first: str) -> None:
    assert timeline(at("2026-03-11T12:00Z"), at("2026-03-31T12:00Z"), zone).edges[0] == at(first)


def test_the_day_on_which_clocks_are_put_forward_has_23_hours() -> None:
    edges = timeline(at("2026-03-28T12:00Z"), at("2026-04-10T12:00Z"), BERLIN).edges
    assert [late - early for early, late in pairwise(edges[:3])] == [timedelta(hours=24), timedelta(hours=23)]
    assert all(edge.astimezone(BERLIN).hour == 0 for edge in edges)


def test_hours_on_the_day_on_which_clocks_are_put_back_are_all_there() -> None:
    edges = timeline(at("2026-10-25T00:30+02:00"), at("2026-10-25T12:00+01:00"), BERLIN).edges
    assert {late - early for early, late in pairwise(edges)} == {timedelta(hours=1)}


def test_weeks_begin_on_mondays_months_on_their_first_day() -> None:
    weeks = timeline(at("2026-01-01T12:00Z"), at("2026-12-01T12:00Z"), BERLIN).edges
    assert {edge.astimezone(BERLIN).weekday() for edge in weeks} == {0}
    months = timeline(at("2023-11-15T12:00Z"), at("2026-12-01T12:00Z"), BERLIN)
    assert months.unit == "month"
    assert {edge.astimezone(BERLIN).day for edge in months.edges} == {1}
    assert months.edges[2].astimezone(BERLIN).year == 2024
