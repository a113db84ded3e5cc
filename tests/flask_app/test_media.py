from typing import Any

import pytest
import responses
from flask.testing import FlaskClient
from responses import matchers

from tests.flask_app.rest_answers import API, ID, problem

MEDIA = f"{API}/v1/media"


def file(name: str, inspection_id: str | None = None, count: int = 1_234_567) -> dict[str, Any]:
    return {"name": name, "bytes": count, "modified": "2026-01-31T12:00:05+00:00", "inspection_id": inspection_id}


def page(*files: dict[str, Any], next_cursor: str | None = None) -> dict[str, Any]:
    return {"items": list(files), "next_cursor": next_cursor, "total": 1234}


def test_a_file_has_name_time_size_and_prediction(client: FlaskClient, rest: responses.RequestsMock) -> None:
    rest.get(MEDIA, json=page(file(f"{ID}.jpg", ID)))
    text = client.get("/media/").text.replace("\u202f", " ")
    assert f'href="/media/{ID}.jpg"' in text
    assert f'href="/prediction?filename={ID}.json" aria-label="Prediction: {ID}.jpg"' in text
    assert '<time datetime="2026-01-31T12:00:05Z" title="2026-01-31 12:00:05 UTC">' in text
    assert '<span title="1 234 567 bytes">1.2 MB</span>' in text
    assert '<span class="num">1 234</span> files' in text


@pytest.mark.parametrize("name", [f"{ID}_mask.png", f"{ID}_1.json", f"{ID}.json"])
def test_every_file_of_an_inspection_leads_to_its_record(
    client: FlaskClient, rest: responses.RequestsMock, name: str
) -> None:
    rest.get(MEDIA, json=page(file(name, ID)))
    assert f'href="/prediction?filename={ID}.json"' in client.get("/media/").text


def test_a_picture_not_yet_judged_can_be(client: FlaskClient, rest: responses.RequestsMock) -> None:
    rest.get(MEDIA, json=page(file("belt.PNG"), file("belt_1.json")))
    text = client.get("/media/").text
    assert '<a href="/prediction?filename=belt.PNG" aria-label="Judge: belt.PNG">Judge it</a>' in text
    assert "filename=belt_1.json" not in text


@pytest.mark.parametrize(("name", "served"), [("a.TIFF", True), ("a.json", True), ("a.html", False), ("a", False)])
def test_only_what_nginx_serves_has_a_link(
    client: FlaskClient, rest: responses.RequestsMock, name: str, served: bool
) -> None:
    rest.get(MEDIA, json=page(file(name)))
    text = client.get("/media/").text
    assert (f'href="/media/{name}"' in text) == served
    assert f"{name}<" in text


def test_order_is_the_services(client: FlaskClient, rest: responses.RequestsMock) -> None:
    rest.get(MEDIA, json=page(file("b.png"), file("a.png")))
    text = client.get("/media/").text
    assert text.index("b.png") < text.index("a.png")


def test_the_first_page_leads_to_older_files(client: FlaskClient, rest: responses.RequestsMock) -> None:
    rest.get(MEDIA, json=page(file("a.png"), next_cursor="a/b=="), match=[matchers.query_param_matcher({"limit": "2"})])
    text = client.get("/media/").text
    assert 'href="/media/?cursor=a/b%3D%3D">Older files' in text
    assert "Newest files" not in text


def test_a_later_page_leads_back_to_the_newest(client: FlaskClient, rest: responses.RequestsMock) -> None:
    query = {"limit": "2", "cursor": "a/b=="}
    rest.get(MEDIA, json=page(file("a.png")), match=[matchers.query_param_matcher(query)])
    text = client.get("/media/?cursor=a/b%3D%3D").text
    assert 'href="/media/">Newest files' in text
    assert "Older files" not in text


def test_an_empty_volume_invites_to_upload(client: FlaskClient, rest: responses.RequestsMock) -> None:
    rest.get(MEDIA, json={"items": [], "next_cursor": None, "total": 0})
    assert "Nothing has been uploaded yet." in client.get("/media/").text


def test_a_made_up_cursor_is_told(client: FlaskClient, rest: responses.RequestsMock) -> None:
    rest.get(MEDIA, **problem(422, "The cursor is not one that this service gave."))
    response = client.get("/media/?cursor=x")
    assert response.status_code == 422
    assert "The cursor is not one" in response.text


def test_the_address_without_its_slash_leads_here(client: FlaskClient) -> None:
    response = client.get("/media")
    assert (response.status_code, response.location) == (308, "http://localhost/media/")


def test_the_files_are_not_the_sites(client: FlaskClient) -> None:
    assert client.get(f"/media/{ID}.jpg").status_code == 404


@pytest.mark.parametrize("name", ["<img src=x>.png", 'a" b.png', "a/../../b.png", "50%.png"])
def test_hostile_names_stay_text(client: FlaskClient, rest: responses.RequestsMock, name: str) -> None:
    rest.get(MEDIA, json=page(file(name)))
    text = client.get("/media/").text
    assert "<img" not in text
    assert 'href="/media/a/..' not in text
    assert 'href="/media/50%25.png"' in text or "50%" not in name
