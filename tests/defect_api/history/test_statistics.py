"""What the statistics count, that each figure is the number of inspections its filters list, and how drift is told."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from defect_api.history.history import History
from defect_api.media import MediaVolume
from defect_api.record import Condition, Record, Similarity, rfc3339
from defect_api.statistics import area_edges, stability_index
from tests.defect_api.history.conftest import ON_BOTH, START, store
from tests.defect_api.second_contract import URL, assert_problem

STATISTICS = "/v1/statistics"
# the bins' own ends belong to the next bin; a filter's do not
JUST_UNDER = 1e-9


def read(client: FlaskClient, **query: Any) -> dict[str, Any]:
    answer = client.get(STATISTICS, query_string=query)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.get_json()
    return document


def total(client: FlaskClient, **query: Any) -> int:
    return int(client.get(URL, query_string=query).get_json()["total"])


@ON_BOTH
@pytest.mark.usefixtures("stored")
def test_all_are_counted_by_verdict(client: FlaskClient) -> None:
    everything = read(client)["all"]
    assert everything["total"] == 4
    assert everything["verdicts"] == {"defect": 2, "clean": 1, "no_verdict": 1}
    assert everything["defects"] == 3
    assert everything["mean_probability"] == pytest.approx(0.6)


@ON_BOTH
@pytest.mark.usefixtures("stored")
def test_periods_are_told_apart_by_the_hour(client: FlaskClient) -> None:
    found = read(client)
    assert found["unit"] == "hour"
    assert [period["total"] for period in found["periods"]] == [1, 1, 1, 1]
    assert [period["defects"] for period in found["periods"]] == [2, 0, 1, 0]
    assert found["periods"][0]["begin"] == rfc3339(START)


@ON_BOTH
@pytest.mark.usefixtures("stored")
def test_each_figure_is_what_its_filters_list(client: FlaskClient) -> None:
    found = read(client)
    for period in found["periods"]:
        assert total(client, created_from=period["begin"], created_to=period["end"]) == period["total"]
    assert found["types"] == [{"type": "dark", "sheets": 2}, {"type": "bright", "sheets": 1}]  # most frequent first
    for kind in found["types"]:
        assert total(client, type=kind["type"]) == kind["sheets"]
    *bins, last = found["probabilities"]
    for part in bins:
        ends = {"probability_min": part["low"], "probability_max": part["high"] - JUST_UNDER}
        assert total(client, **ends) == part["sheets"]
    assert total(client, probability_min=last["low"]) == last["sheets"]
    for part in found["areas"]:
        assert total(client, area_min=int(part["low"]), area_max=int(part["high"]) - 1) == part["sheets"]
    assert sum(part["sheets"] for part in found["areas"]) == 2
    assert sum(part["sheets"] for part in found["probabilities"]) == 4


@ON_BOTH
def test_certainty_is_in_the_last_bin_and_within_a_limit_of_1(
    client: FlaskClient, media: MediaVolume, template: Record, history: History
) -> None:
    history.published(store(media, template, "sure.png", defect_probability=1.0))
    *_, last = read(client)["probabilities"]
    assert last["sheets"] == total(client, probability_min=0.95, probability_max=1) == 1


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    "query", [{"verdict": "defect"}, {"type": "bright"}, {"text": "coil"}, {"probability_min": 0.8}, {"area_max": 0}]
)
def test_filters_are_those_of_the_list(client: FlaskClient, query: dict[str, Any]) -> None:
    assert read(client, **query)["all"]["total"] == total(client, **query)


@ON_BOTH
@pytest.mark.usefixtures("history")
def test_nothing_is_counted_where_there_is_nothing(client: FlaskClient) -> None:
    found = read(client)
    assert found["all"] == {
        "total": 0,
        "verdicts": {"defect": 0, "clean": 0, "no_verdict": 0},
        "defects": 0,
        "mean_probability": None,
    }
    assert found["areas"] == []
    assert found["drift"] is None


@pytest.mark.usefixtures("stored")
def test_drift_compares_with_the_same_time_before(client: FlaskClient) -> None:
    since, until = START + timedelta(hours=2), START + timedelta(hours=4)
    drift = read(client, created_from=rfc3339(since), created_to=rfc3339(until))["drift"]
    assert drift["earlier"]["begin"] == rfc3339(START)
    assert drift["earlier"]["total"] == 2
    assert drift["psi"] is None


def test_drift_is_told_by_the_population_stability_index(
    client: FlaskClient, media: MediaVolume, template: Record, history: History
) -> None:
    for number in range(100):
        moment = START + timedelta(hours=number // 50, seconds=number)
        record = store(
            media,
            template,
            f"coil {number}.png",
            created_at=rfc3339(moment),
            defect_probability=0.12 if number < 75 else 0.97,
        )
        history.published(record)
    query = {"created_from": rfc3339(START + timedelta(hours=1)), "created_to": rfc3339(START + timedelta(hours=2))}
    # half of fifty sheets went from one bin to another: (1 - 0.5) ln(1 / 0.5) and (0.5 - 0.0001) ln(0.5 / 0.0001)
    assert read(client, **query)["drift"]["psi"] == pytest.approx(0.3466 + 4.2577, abs=1e-3)


@pytest.mark.parametrize(
    ("earlier", "now", "expected"),
    [([50, 50], [50, 50], 0), ([100, 0], [49, 0], None), ([49, 0], [100, 0], None), ([60, 40], [40, 60], 0.1622)],
)
def test_the_population_stability_index(earlier: list[int], now: list[int], expected: float | None) -> None:
    found = stability_index(earlier, now)
    assert found == (None if expected is None else pytest.approx(expected, abs=1e-4))


@pytest.mark.parametrize(
    ("largest", "edges"),
    [(0, [1]), (1, [1, 2]), (9, [1, 2, 5, 10]), (10, [1, 2, 5, 10, 20]), (60, [1, 2, 5, 10, 20, 50, 100])],
)
def test_areas_are_told_apart_by_preferred_numbers(largest: int, edges: list[float]) -> None:
    assert area_edges(largest) == edges


@pytest.mark.usefixtures("stored")
def test_days_begin_in_the_readers_zone(client: FlaskClient) -> None:
    record_hour = datetime.fromisoformat(read(client, zone="Asia/Kolkata")["periods"][0]["begin"])
    assert record_hour.minute == 30


@pytest.mark.parametrize(
    "query",
    ["zone=Mars/Olympus", "zone=../etc/passwd", "verdict=good", "sort=id", "limit=3", "text=%00"],
)
def test_what_is_no_filter_is_told(client: FlaskClient, query: str) -> None:
    assert_problem(client.get(f"{STATISTICS}?{query}"), 422, "invalid-parameter")


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Kolkata"])
@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"),
        ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"),
        ("9999-12-31T23:59:59.999999-12:00", "9999-12-31T23:59:59-12:00"),
    ],
)
@pytest.mark.usefixtures("stored")
def test_where_time_ends_there_is_no_drift(client: FlaskClient, since: str, until: str, zone: str) -> None:
    for query in ({"created_from": since}, {"created_from": since, "created_to": until}):
        assert read(client, **query, zone=zone)["drift"] is None


@pytest.mark.usefixtures("stored")
def test_the_time_that_is_asked_for_is_shown_also_where_nothing_was_inspected(client: FlaskClient) -> None:
    since, until = START - timedelta(days=2), START + timedelta(hours=2)
    periods = read(client, created_from=rfc3339(since), created_to=rfc3339(until))["periods"]
    assert periods[0]["begin"] == rfc3339(since)
    assert [period["total"] for period in periods] == [0] * 48 + [1, 1]


LIT = Condition(name="brightness", value=50, low=40, high=None)
DIM = LIT.model_copy(update={"value": 20})
NOVEL = Similarity(score=1, limit=2)


@pytest.fixture
def dimming(media: MediaVolume, template: Record, history: History) -> None:
    """Four sheets, an hour apart, of which the last two are darker than the card allows."""
    for hours, condition in enumerate((LIT, LIT, DIM, DIM)):
        moment = rfc3339(START + timedelta(hours=hours))
        taken = {"conditions": [condition], "similarity": NOVEL}
        history.published(store(media, template, f"{hours}.png", created_at=moment, **taken))


@ON_BOTH
@pytest.mark.usefixtures("dimming")
def test_conditions_are_held_against_the_cards_limits_over_time(client: FlaskClient) -> None:
    found = read(client)
    brightness, novelty = found["conditions"]
    assert (brightness["name"], brightness["low"], brightness["high"]) == ("brightness", 40, None)
    assert brightness["all"] == {"sheets": 4, "mean": 35, "limit_use": pytest.approx(1.4), "beyond": 2}
    assert [period["mean"] for period in brightness["periods"]] == [50, 50, 20, 20]
    assert [period["beyond"] for period in brightness["periods"]] == [0, 0, 1, 1]
    assert brightness["earlier"] is None
    assert (novelty["name"], novelty["low"], novelty["high"]) == ("novelty", None, 2)
    assert novelty["all"] == {"sheets": 4, "mean": 1, "limit_use": 0.5, "beyond": 0}
    assert len(novelty["periods"]) == len(found["periods"])


@pytest.mark.usefixtures("dimming")
def test_conditions_are_told_of_the_time_before(client: FlaskClient) -> None:
    since, until = START + timedelta(hours=2), START + timedelta(hours=4)
    brightness = read(client, created_from=rfc3339(since), created_to=rfc3339(until))["conditions"][0]
    assert brightness["all"] == {"sheets": 2, "mean": 20, "limit_use": 2, "beyond": 2}
    assert brightness["earlier"] == {"sheets": 2, "mean": 50, "limit_use": 0.8, "beyond": 0}


@pytest.mark.usefixtures("stored")
def test_sheets_without_limits_have_no_drift_of_conditions(
    client: FlaskClient, media: MediaVolume, template: Record, history: History
) -> None:
    assert read(client)["conditions"] == []
    moment = rfc3339(START + timedelta(hours=9))
    history.published(store(media, template, "new.png", created_at=moment, conditions=[LIT]))
    assert read(client)["conditions"][0]["all"]["sheets"] == 1


@ON_BOTH
def test_areas_of_one_pixel_are_counted(
    client: FlaskClient, history: History, media: MediaVolume, template: Record
) -> None:
    defect = template.defects[0].model_copy(update={"area_px": 1})
    record = store(media, template, "speck.png", defects=[defect])
    history.published(record)
    assert [part["sheets"] for part in read(client)["areas"]] == [1]
