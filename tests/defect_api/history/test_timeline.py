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
    ("length", "unit", "written", "turn"),
    [
        (timedelta(), "minute", "%S", "00"),
        (timedelta(minutes=61), "minute", "%S", "00"),
        (timedelta(minutes=62), "hour", "%M:%S", "00:00"),
        (timedelta(days=1), "hour", "%M:%S", "00:00"),
        (timedelta(days=30), "day", "%H:%M:%S", "00:00:00"),
        (timedelta(days=365), "week", "%A %H:%M", "Monday 00:00"),
        (timedelta(days=4 * 365), "month", "%d %H:%M", "01 00:00"),
        (timedelta(days=40 * 365), "year", "%m-%d %H:%M", "01-01 00:00"),
        (timedelta(days=90 * 365), "year", "%m-%d %H:%M", "01-01 00:00"),
    ],
)
@pytest.mark.parametrize("zone", [ZoneInfo("UTC"), BERLIN, KOLKATA], ids=str)
def test_the_smallest_unit_that_makes_few_parts_is_taken(
    length: timedelta, unit: str, written: str, turn: str, zone: ZoneInfo
) -> None:
    begin = at("2026-03-11T12:34:56.789+00:00")
    cut = timeline(begin, begin + length, zone)
    assert cut.unit == unit
    assert unit == "year" or len(cut.edges) - 1 <= MOST + 1
    assert cut.edges[0] <= begin < cut.edges[1]
    assert cut.edges[-2] <= begin + length < cut.edges[-1]
    assert all(early < late for early, late in pairwise(cut.edges))
    assert {edge.astimezone(zone).strftime(f"{written}.%f") for edge in cut.edges} == {f"{turn}.000000"}


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


def test_months_go_on_over_the_turn_of_a_year() -> None:
    months = timeline(at("2023-11-15T12:00Z"), at("2026-12-01T12:00Z"), BERLIN)
    assert f"{months.edges[2].astimezone(BERLIN):%Y-%m-%d}" == "2024-01-01"
