import io
from typing import Any

import pytest
import requests
import responses
from flask.testing import FlaskClient

from tests.flask_app.rest_answers import API, ID, post_file, problem

JSON = {"Accept": "application/json"}


def test_the_form_says_what_it_takes(client: FlaskClient) -> None:
    page = client.get("/upload").text
    assert 'enctype="multipart/form-data"' in page
    assert "at most 1 MB" in page
    assert 'data-min-side="64"' in page
    assert 'data-max-side="8192"' in page
    assert 'data-max-pixels="40000000"' in page
    # with what a form puts around the file it is 1 MB
    assert f'data-max-bytes="{1024 * 1024 - 4096}"' in page


@pytest.mark.parametrize("part", ["file", "image"])
@pytest.mark.parametrize("status", [200, 201])
def test_a_judged_picture_leads_to_its_prediction(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any], part: str, status: int
) -> None:
    rest.post(f"{API}/v1/inspections", json=record, status=status)
    response = post_file(client, part=part)
    assert response.status_code == 303
    assert response.location == f"/prediction?filename={ID}.jpg"


def test_a_script_that_asks_for_json_gets_the_outcome(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    rest.post(f"{API}/v1/inspections", json=record, status=201)
    response = post_file(client, headers=JSON)
    assert response.status_code == 201
    assert response.json == {
        "location": f"/prediction?filename={ID}.jpg",
        "id": ID,
        "verdict": "defect",
        "reasons": [],
        "defect_probability": 0.9731,
        "doubtful": False,
        "thumbnail": f"/api/v1/inspections/{ID}/thumbnail?v=1769860805000",
    }
    assert response.headers["Location"] == f"/prediction?filename={ID}.jpg"


def test_a_script_is_told_that_the_probability_speaks_against_the_verdict(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    rest.post(f"{API}/v1/inspections", json=record | {"defect_probability": 0.3}, status=201)
    answer = post_file(client, headers=JSON).json
    assert answer is not None
    assert answer["doubtful"] is True


def test_a_script_is_told_in_words_why_there_is_no_verdict(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    reasons = [{"code": "blurred", "message": "The picture is blurred."}]
    rest.post(f"{API}/v1/inspections", json=record | {"verdict": "no_verdict", "defects": [], "reasons": reasons})
    answer = post_file(client, headers=JSON).json
    assert answer is not None
    assert (answer["verdict"], answer["reasons"]) == ("no_verdict", ["The picture is blurred."])


@pytest.mark.parametrize("status", [401, 409, 413, 415, 422, 507])
def test_a_refusal_shows_its_reason_on_the_form(client: FlaskClient, rest: responses.RequestsMock, status: int) -> None:
    rest.post(f"{API}/v1/inspections", **problem(status, "The <picture> ends before its last row."))
    response = post_file(client)
    assert response.status_code == status
    assert "The &lt;picture&gt; ends before its last row." in response.text
    assert '<form class="upload"' in response.text
    assert 'aria-invalid="true"' in response.text


def test_a_refusal_is_a_problem_document_where_json_is_asked_for(
    client: FlaskClient, rest: responses.RequestsMock
) -> None:
    rest.post(f"{API}/v1/inspections", **problem(422, "The picture is animated."))
    response = post_file(client, headers=JSON)
    assert response.status_code == 422
    assert response.content_type == "application/problem+json"
    document = response.get_json(force=True)
    assert document["detail"] == "The picture is animated."
    assert document["request_id"] == response.headers["X-Request-ID"]


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_service_says_when_to_come_back(client: FlaskClient, rest: responses.RequestsMock, status: int) -> None:
    rest.post(f"{API}/v1/inspections", **problem(status, "The model is loading."), headers={"Retry-After": "7"})
    response = post_file(client)
    assert response.status_code == status
    assert response.headers["Retry-After"] == "7"
    assert "The model is loading." in response.text
    assert "7 s" in response.text


def test_a_service_that_dies_meanwhile_is_told_as_away_and_the_next_upload_works(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    rest.post(f"{API}/v1/inspections", body=requests.ConnectionError("reset by peer"))
    rest.post(f"{API}/v1/inspections", json=record, status=201)
    assert post_file(client).status_code == 503
    assert post_file(client).status_code == 303


@pytest.mark.parametrize("data", [{}, {"file": (io.BytesIO(b""), "")}, {"other": (io.BytesIO(b"x"), "a.jpg")}])
def test_a_form_without_a_picture_is_refused_with_a_reason(client: FlaskClient, data: dict[str, Any]) -> None:
    response = client.post("/upload", data=data, content_type="multipart/form-data")
    assert response.status_code == 422
    assert "No picture was chosen." in response.text


def test_a_body_over_the_limit_is_refused_before_it_is_passed_on(client: FlaskClient) -> None:
    head = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    body = head + b"0" * 1024 * 1024 + b"\r\n--edge--\r\n"
    response = client.post("/upload", data=body, content_type="multipart/form-data; boundary=edge")
    assert response.status_code == 413
    assert "at most 1 MB" in response.text


@pytest.mark.parametrize("name", ["../../etc/passwd", "a b&c=d.jpg", "ünï.jpg", "x" * 300 + ".jpg"])
def test_the_clients_name_goes_to_the_service_as_it_is(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any], name: str
) -> None:
    rest.post(f"{API}/v1/inspections", json=record)
    post_file(client, name=name)
    body = rest.calls[0].request.body
    assert isinstance(body, bytes)
    assert f'filename="{name}"'.encode() in body
