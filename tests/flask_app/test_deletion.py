"""Deleting what is ticked in the history, with a script and without."""

import pytest
import responses
from flask.testing import FlaskClient

from tests.flask_app.rest_answers import API, ID, problem

LISTING = f"{API}/v1/inspections"
JSON = {"Accept": "application/json"}


def test_without_a_script_deleting_asks_first(client: FlaskClient) -> None:
    page = client.post("/history/delete?text=coil", data={"id": [ID, "b"]}).text
    assert "Delete 2 inspections?" in page
    assert f'name="id" value="{ID}"' in page
    assert 'name="confirmed"' in page
    assert 'action="/history/delete?text=coil"' in page


def test_what_is_confirmed_is_deleted(client: FlaskClient, rest: responses.RequestsMock) -> None:
    rest.delete(f"{LISTING}/{ID}", status=204)
    rest.delete(f"{LISTING}/b", **problem(404, "There is no inspection 'b'."))
    response = client.post("/history/delete?text=coil&last=7d", data={"id": [ID, "b"], "confirmed": "yes"})
    assert response.status_code == 303
    assert response.location == "/history?text=coil&last=7d"
    assert rest.calls[0].request.headers["Authorization"] == "Bearer open-sesame"


def test_a_script_that_asks_for_json_is_told_how_many_are_gone(
    client: FlaskClient, rest: responses.RequestsMock
) -> None:
    rest.delete(f"{LISTING}/{ID}", status=204)
    rest.delete(f"{LISTING}/b", **problem(404, "There is no inspection 'b'."))
    assert client.post("/history/delete", data={"id": [ID, "b"]}, headers=JSON).json == {"deleted": 1}


@pytest.mark.parametrize("headers", [{}, JSON])
def test_what_could_not_be_deleted_is_not_told_as_gone(
    client: FlaskClient, rest: responses.RequestsMock, headers: dict[str, str]
) -> None:
    rest.delete(f"{LISTING}/{ID}", **problem(503, "The model is loading."))
    response = client.post("/history/delete", data={"id": ID, "confirmed": "yes"}, headers=headers)
    assert response.status_code == 503
    assert "The model is loading." in response.text


def test_nothing_ticked_is_said(client: FlaskClient) -> None:
    assert "Nothing was ticked" in client.post("/history/delete").text


def test_another_site_cannot_delete(client: FlaskClient) -> None:
    response = client.post("/history/delete", data={"id": ID}, headers={**JSON, "Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403


def test_more_than_the_service_takes_at_once_are_refused(client: FlaskClient) -> None:
    ticked = [str(number) for number in range(501)]
    response = client.post("/history/delete", data={"id": ticked, "confirmed": "yes"})
    assert response.status_code == 400
    assert "At most 500" in response.text
    assert "Delete 500 inspections?" in client.post("/history/delete", data={"id": ticked[1:]}).text
