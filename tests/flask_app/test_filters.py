from datetime import UTC, datetime

import pytest
from werkzeug.datastructures import MultiDict

from flask_app.filters import Wanted, wanted

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def read(**arguments: str) -> Wanted:
    return wanted(MultiDict(arguments), NOW)


def test_filters_go_to_the_service_under_their_own_names() -> None:
    want = read(verdict="defect", text=" coil ", type="", other="x", sort="defect_area_px", order="asc")
    assert want.filters == {"verdict": "defect", "text": "coil"}
    assert want.ordering == {"sort": "defect_area_px", "order": "asc"}
    assert want.query == {"verdict": "defect", "text": "coil", "sort": "defect_area_px", "order": "asc"}


def test_every_figure_and_type_that_the_listing_filters_by_goes_to_the_service() -> None:
    bounds = {f"{name}_{end}": value for name in ("probability", "area") for end, value in (("min", "0"), ("max", "1"))}
    given = {"type": "class 3", **bounds}
    assert read(**given).filters == given


def test_a_form_has_one_field_for_the_order() -> None:
    assert read(sort_order="defect_probability asc").ordering == {"sort": "defect_probability", "order": "asc"}


@pytest.mark.parametrize(
    ("arguments", "newest_first"),
    [({}, True), ({"sort": "created_at", "order": "desc"}, True), ({"order": "asc"}, False)],
)
def test_it_knows_whether_what_is_new_stands_first(arguments: dict[str, str], newest_first: bool) -> None:
    assert read(**arguments).newest_first is newest_first


@pytest.mark.parametrize(
    ("zone", "begin", "end"),
    [
        ("UTC", "2026-03-28T00:00:00Z", "2026-03-30T00:00:00Z"),
        # clocks are put forward on the 29th
        ("Europe/Berlin", "2026-03-27T23:00:00Z", "2026-03-29T22:00:00Z"),
        ("Mars/Olympus", "2026-03-28T00:00:00Z", "2026-03-30T00:00:00Z"),
    ],
)
def test_days_are_the_readers_and_the_last_one_counts(zone: str, begin: str, end: str) -> None:
    filters = read(created_from="2026-03-28", created_to="2026-03-29", zone=zone).filters
    assert filters == {"created_from": begin, "created_to": end}


@pytest.mark.parametrize(
    ("zone", "day", "begin", "end"),
    [
        ("UTC", "0024-06-05", "0024-06-05T00:00:00Z", "0024-06-06T00:00:00Z"),
        ("Asia/Tokyo", "0001-01-01", "0001-01-01T00:00:00Z", "0001-01-01T14:41:01Z"),
        ("America/New_York", "9999-12-31", "9999-12-31T05:00:00Z", "9999-12-31T23:59:59Z"),
    ],
)
def test_days_at_the_ends_of_time_are_days_too(zone: str, day: str, begin: str, end: str) -> None:
    filters = read(created_from=day, created_to=day, zone=zone).filters
    assert filters == {"created_from": begin, "created_to": end}


@pytest.mark.parametrize(
    ("arguments", "first", "last"),
    [
        ({"created_from": "2026-03-28", "created_to": "2026-03-29"}, "2026-03-28", "2026-03-29"),
        # as a bar of the statistics leads here: the end is the next day's beginning
        ({"created_from": "2026-03-28T00:00:00Z", "created_to": "2026-03-29T00:00:00Z"}, "2026-03-28", "2026-03-28"),
        ({"created_from": "2026-03-27T23:00:00z", "zone": "Europe/Berlin"}, "2026-03-28", ""),
        ({"created_to": "2026-03-28T23:00:00+01:00", "zone": "Asia/Tokyo"}, "", "2026-03-29"),
        ({"created_to": "9999-12-31T23:59:59Z", "zone": "Asia/Tokyo"}, "", ""),
        ({"created_from": "yesterday"}, "", ""),
    ],
)
def test_a_date_field_has_the_readers_day(arguments: dict[str, str], first: str, last: str) -> None:
    want = read(**arguments)
    assert (want.day("created_from"), want.day("created_to")) == (first, last)


def test_a_moment_stays_what_it_is() -> None:
    moment = "2026-03-28T01:02:03+01:00"
    assert read(created_from=moment).filters == {"created_from": moment}


@pytest.mark.parametrize(
    ("last", "begin"),
    [
        ("1h", "2026-03-01T11:00:00Z"),
        ("24h", "2026-02-28T12:00:00Z"),
        ("7d", "2026-02-22T12:00:00Z"),
        ("30d", "2026-01-30T12:00:00Z"),
        ("365d", "2025-03-01T12:00:00Z"),
    ],
)
def test_a_span_counts_back_from_now(last: str, begin: str) -> None:
    assert read(last=last).filters == {"created_from": begin}


def test_a_forms_own_day_goes_before_the_span_that_the_address_had() -> None:
    want = read(last="1h", created_from="2026-01-01")
    assert want.filters == {"created_from": "2026-01-01T00:00:00Z"}
    assert "last" not in want.given


def test_all_is_no_span() -> None:
    assert read(last="all").filters == {}
