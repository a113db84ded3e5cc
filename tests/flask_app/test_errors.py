import pytest
import requests
import responses
from flask import Flask
from flask.testing import FlaskClient

from tests.flask_app.rest_answers import API, problem

MEDIA = f"{API}/v1/media"


def test_an_unknown_address_is_a_page_of_ours(client: FlaskClient) -> None:
    response = client.get("/nosuch")
    assert response.status_code == 404
    assert "Nothing here by that name" in response.text
    assert "This site has no page at that address." in response.text
    assert "Check the spelling, or look for it in the history" in response.text
    assert response.headers["X-Request-ID"] in response.text
    assert response.headers["Cache-Control"] == "no-store"


def test_a_wrong_method_says_which_are_right(client: FlaskClient) -> None:
    response = client.post("/about")
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]
    assert "Not possible here" in response.text


def test_a_fault_of_ours_is_a_page_without_internals(app: Flask) -> None:
    @app.get("/boom")
    def boom() -> str:
        raise RuntimeError("secret detail")

    response = app.test_client().get("/boom")
    assert response.status_code == 500
    assert "Something broke on our side" in response.text
    assert "The page could not be made." in response.text
    assert "secret detail" not in response.text


@pytest.mark.parametrize(
    ("answer", "status", "headline", "words"),
    [
        ({"body": requests.ConnectionError("refused")}, 503, "The inspection service is away", "cannot be reached"),
        ({"body": requests.ReadTimeout("slow")}, 503, "The inspection service is away", "did not answer in time"),
        (problem(503, "The model is loading."), 503, "The inspection service is away or busy", "The model is loading."),
        (problem(429, "Slow down."), 429, "Too many requests at once", "Slow down."),
        (problem(422, "The cursor is wrong."), 422, "That cannot be used", "The cursor is wrong."),
        (problem(413, "Too much."), 413, "The picture is too large", "Send it with fewer pixels"),
        (problem(415, "A film."), 415, "Not a picture that can be judged", "A film."),
        (problem(409, "A map is gone."), 409, "What is stored does not allow it", "A map is gone."),
        (problem(401, "The token is wrong."), 401, "The site may not write", "API_TOKEN"),
        (problem(507, "No room."), 507, "Nothing could be stored", "make room on the media volume"),
        (problem(500, "Internals."), 502, "The inspection service failed", "tell whoever runs this system"),
        (
            {"body": "{", "content_type": "application/json"},
            502,
            "The inspection service failed",
            "does not understand",
        ),
    ],
)
def test_each_failure_of_the_service_has_its_page(
    client: FlaskClient,
    rest: responses.RequestsMock,
    answer: dict[str, object],
    status: int,
    headline: str,
    words: str,
) -> None:
    rest.add(responses.GET, MEDIA, **answer)  # type: ignore[arg-type]
    response = client.get("/media/")
    assert response.status_code == status
    assert f"<h1>{headline}" in response.text
    assert words in response.text
    assert ("Retry-After" in response.headers) == (status in (429, 503))


def test_the_same_is_a_problem_document_for_scripts(client: FlaskClient, rest: responses.RequestsMock) -> None:
    rest.get(MEDIA, **problem(503, "The model is loading."))
    response = client.get("/media/", headers={"Accept": "application/json"})
    assert response.content_type == "application/problem+json"
    assert response.get_json(force=True) == {
        "type": "about:blank",
        "title": "The inspection service is away or busy",
        "status": 503,
        "detail": "The model is loading.",
        "instance": "/media/",
        "request_id": response.headers["X-Request-ID"],
    }


def test_an_unknown_address_is_a_problem_document_for_scripts_and_caches_know_the_difference(
    client: FlaskClient,
) -> None:
    response = client.get("/nosuch", headers={"Accept": "application/json"})
    assert response.content_type == "application/problem+json"
    assert response.get_json(force=True)["status"] == 404
    assert "Accept" in response.headers["Vary"]


@pytest.mark.parametrize("accept", ["*/*", "text/html,application/xhtml+xml,*/*;q=0.8", ""])
def test_browsers_and_plain_scripts_get_the_page(client: FlaskClient, accept: str) -> None:
    assert client.get("/nosuch", headers={"Accept": accept}).mimetype == "text/html"
