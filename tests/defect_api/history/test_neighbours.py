"""What stands before and after an inspection in a filtered list."""

import pytest
from flask.testing import FlaskClient

from defect_api.record import Record
from tests.defect_api.history.conftest import ON_BOTH
from tests.defect_api.second_contract import URL, assert_problem


def beside(client: FlaskClient, record: Record, **query: str) -> tuple[str | None, str | None]:
    answer = client.get(f"{URL}/{record.id}/neighbours", query_string=query)
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    return answer.json["previous"], answer.json["next"]


@ON_BOTH
@pytest.mark.parametrize("order", ["desc", "asc"])
@pytest.mark.parametrize("sort", ["created_at", "defect_probability", "defect_area_px"])
def test_next_goes_through_the_whole_list_and_previous_back(
    client: FlaskClient, stored: list[Record], sort: str, order: str
) -> None:
    answer = client.get(URL, query_string={"sort": sort, "order": order})
    assert answer.json is not None
    ids = [None, *(item["id"] for item in answer.json["items"]), None]
    assert len(ids) == len(stored) + 2
    for before, current, after in zip(ids, ids[1:], ids[2:], strict=False):
        record = next(record for record in stored if record.id == current)
        assert beside(client, record, sort=sort, order=order) == (before, after)


def test_only_what_the_filters_want_is_beside_it_though_it_be_unwanted_itself(
    client: FlaskClient, stored: list[Record]
) -> None:
    first, clean, third, _ = stored
    assert beside(client, clean, verdict="defect") == (third.id, first.id)


def test_of_an_unknown_inspection_nothing_is_beside(client: FlaskClient) -> None:
    assert_problem(client.get(f"{URL}/nosuch-0123456789abcdef/neighbours"), 404, "not-found")


def test_an_unknown_filter_is_told(client: FlaskClient, stored: list[Record]) -> None:
    assert client.get(f"{URL}/{stored[0].id}/neighbours?colour=red").status_code == 422
