"""What is listed, in which order, and how its pages stay what they are."""

import base64
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from defect_api.history.history import History
from defect_api.media import MediaVolume
from defect_api.record import Record, rfc3339
from tests.defect_api.conftest import png, sheet
from tests.defect_api.history.conftest import FIRST, FOURTH, ON_BOTH, SECOND, START, THIRD, listed, store
from tests.defect_api.second_contract import CLEAN, URL, assert_problem, post


@ON_BOTH
@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [FOURTH, THIRD, SECOND, FIRST]),
        ({"verdict": "defect"}, [THIRD, FIRST]),
        ({"type": "dark"}, [THIRD, FIRST]),
        ({"type": "bright"}, [FIRST]),
        ({"type": "righ"}, []),
        ({"type": "Bright"}, []),
        ({"created_from": "2026-03-01T13:00:00Z", "created_to": "2026-03-01T16:00:00+01:00"}, [THIRD, SECOND]),
        ({"created_from": "2026-03-01T13:00:00Z"}, [FOURTH, THIRD, SECOND]),
        ({"created_to": "2026-03-01T13:00:00Z"}, [FIRST]),
        ({"area_min": 1200, "area_max": 1200}, [THIRD]),
        ({"area_min": 1201}, [FIRST]),
        ({"area_max": 0}, [FOURTH, SECOND]),
        ({"probability_min": 0.7, "probability_max": 0.8}, [FOURTH, THIRD]),
        ({"text": "COIL"}, [FOURTH, SECOND, FIRST]),
        ({"text": "ü_"}, [THIRD]),
        # as two characters, and with a space that names are kept without
        ({"text": "u\u0308_"}, [THIRD]),
        ({"text": "ü\u202f_"}, [THIRD]),
        ({"filename": "coil\u202f 2.png"}, [SECOND]),
        ({"text": "%"}, [FOURTH]),
        ({"filename": "coil 2.png"}, [SECOND]),
        ({"filename": "COIL 2.PNG"}, []),
        ({"text": "coil", "verdict": "clean"}, [SECOND]),
    ],
)
def test_each_filter_narrows_the_list(client: FlaskClient, query: dict[str, Any], expected: list[str]) -> None:
    assert listed(client, **query) == expected


@ON_BOTH
@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("sort", "ascending"),
    [
        ("created_at", [[FIRST], [SECOND], [THIRD], [FOURTH]]),
        ("defect_probability", [[SECOND], [THIRD, FOURTH], [FIRST]]),
        ("defect_area_px", [[SECOND, FOURTH], [THIRD], [FIRST]]),
    ],
)
@pytest.mark.parametrize("limit", [1, 3, 50])
def test_sorted_pages_are_the_whole_list_once(
    client: FlaskClient, sort: str, ascending: list[list[str]], limit: int
) -> None:
    def all_pages(order: str) -> list[str]:
        names, cursor = [], None
        while True:
            query = {"sort": sort, "order": order, "limit": limit, **({"cursor": cursor} if cursor else {})}
            page = client.get(URL, query_string=query).json
            assert page is not None
            names += [item["image"]["filename"] for item in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                return names

    rising = all_pages("asc")
    assert all_pages("desc") == rising[::-1]
    places = {name: place for place, names in enumerate(ascending) for name in names}
    assert len(rising) == 4
    assert [places[name] for name in rising] == sorted(places.values())


@ON_BOTH
def test_pages_stay_what_they_are_while_inspections_come_and_go(
    client: FlaskClient, stored: list[Record], media: MediaVolume, history: History
) -> None:
    query = {"sort": "defect_probability", "limit": 2}
    first = client.get(URL, query_string=query).json
    assert first is not None
    newer = store(media, stored[0], "newer.png", defect_probability=0.95)
    history.published(newer)
    history.delete(first["items"][0]["id"])
    rest = listed(client, **query, cursor=first["next_cursor"])
    seen = [item["image"]["filename"] for item in first["items"]] + rest
    assert sorted(seen) == sorted([FIRST, SECOND, THIRD, FOURTH])


@ON_BOTH
@pytest.mark.usefixtures("stored")
def test_a_clock_that_is_set_back_loses_and_repeats_nothing(
    client: FlaskClient, media: MediaVolume, template: Record, history: History
) -> None:
    page = client.get(f"{URL}?limit=2").json
    assert page is not None
    for name, hours in (("same time.png", 2), ("set back.png", -1)):
        record = store(media, template, name, created_at=rfc3339(START + timedelta(hours=hours)))
        history.published(record)
    seen = [item["image"]["filename"] for item in page["items"]]
    seen += listed(client, cursor=page["next_cursor"])
    assert [name for name in seen if name != "same time.png"] == [FOURTH, THIRD, SECOND, FIRST, "set back.png"]
    assert seen.count("same time.png") <= 1
    assert sorted(listed(client)) == sorted([FOURTH, THIRD, SECOND, FIRST, "same time.png", "set back.png"])


@ON_BOTH
@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("query", "total", "counts"),
    [
        ({}, 4, {"defect": 2, "clean": 1, "no_verdict": 1}),
        ({"limit": 1}, 4, {"defect": 2, "clean": 1, "no_verdict": 1}),
        ({"verdict": "defect"}, 2, {"defect": 2, "clean": 1, "no_verdict": 1}),
        ({"text": "coil"}, 3, {"defect": 1, "clean": 1, "no_verdict": 1}),
        ({"text": "coil", "verdict": "clean"}, 1, {"defect": 1, "clean": 1, "no_verdict": 1}),
        ({"filename": SECOND}, 1, {"defect": 0, "clean": 1, "no_verdict": 0}),
    ],
)
def test_total_and_counts(client: FlaskClient, query: dict[str, Any], total: int, counts: dict[str, int]) -> None:
    page = client.get(URL, query_string=query).json
    assert page is not None
    assert (page["total"], page["counts"]) == (total, counts)


@pytest.mark.parametrize(
    "query",
    [
        "verdict=good",
        "sort=id",
        "order=up",
        "area_min=-1",
        "probability_max=2",
        "probability_min=nan",
        "created_from=2026-03-01T12:00:00",
        "created_to=1772366400",
        "created_to=yesterday",
    ],
)
def test_a_filter_that_is_none_is_told(client: FlaskClient, query: str) -> None:
    assert_problem(client.get(f"{URL}?{query}"), 422, "invalid-parameter")


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("other", [{"sort": "defect_area_px"}, {"order": "asc"}])
def test_a_cursor_of_another_order_is_told(client: FlaskClient, other: dict[str, str]) -> None:
    cursor = client.get(f"{URL}?limit=1").json["next_cursor"]  # type: ignore[index]
    answer = client.get(URL, query_string={"cursor": cursor, **other})
    assert "this order" in assert_problem(answer, 422, "invalid-parameter")


def test_a_cursor_that_is_no_text_is_told(client: FlaskClient) -> None:
    cursor = base64.urlsafe_b64encode(b'["created_at","desc",1,"\\ud800"]').decode()
    assert_problem(client.get(URL, query_string={"cursor": cursor}), 422, "invalid-parameter")


def test_an_item_is_the_record_on_disk(client: FlaskClient) -> None:
    record = post(client).json
    (item,) = client.get(URL).json["items"]  # type: ignore[index]
    assert item == record


def test_a_new_inspection_is_listed_at_once(client: FlaskClient) -> None:
    post(client, CLEAN, "one.png")
    post(client, png(sheet(height=128)), "two.png")
    assert listed(client) == ["two.png", "one.png"]
