"""Bodies of `POST /v1/inspections`: what cannot be read or is too long is told."""

import io
from collections.abc import Callable
from typing import Any

import cv2
import pytest
from flask import Flask
from flask.testing import FlaskClient

from defect_api.media import MediaVolume
from tests.defect_api.conftest import sheet
from tests.defect_api.second_contract import CLEAN, FORM, URL, assert_problem, form_of


@pytest.mark.parametrize(
    ("request_arguments", "status", "slug"),
    [
        ({"data": {"picture": (io.BytesIO(CLEAN), "a.png")}}, 400, "bad-request"),
        ({"data": {"image": "text"}, "content_type": "multipart/form-data"}, 400, "bad-request"),
        ({"data": b"", "content_type": "multipart/form-data; boundary=x"}, 400, "bad-request"),
        ({"data": CLEAN, "content_type": "application/octet-stream"}, 415, "unsupported-media-type"),
        ({"data": CLEAN}, 415, "unsupported-media-type"),
        ({"data": CLEAN, "content_type": "image/jpeg"}, 422, "picture-refused"),
        ({"data": b"", "content_type": "image/png"}, 422, "picture-refused"),
        ({"data": b"{", "content_type": "application/json"}, 400, "bad-request"),
        ({"data": b"[" * 30_000, "content_type": "application/json"}, 400, "bad-request"),
        ({"data": b"[" * 100_000, "content_type": "application/json"}, 413, "content-too-large"),
        ({"json": ["a.png"]}, 400, "bad-request"),
        ({"json": {}}, 422, "invalid-parameter"),
        ({"json": {"filename": 3}}, 422, "invalid-parameter"),
        ({"json": {"filename": "absent.png"}}, 404, "not-found"),
        ({"json": {"filename": "../models/tiny/1/golden/a.png"}}, 404, "not-found"),
        ({"json": {"filename": "a.png", "treshold": 0.4}}, 422, "invalid-parameter"),
        (
            {"data": {"image": (io.BytesIO(CLEAN), "a.png"), "threshold": (io.BytesIO(b"0.9"), "threshold")}},
            422,
            "invalid-parameter",
        ),
        (
            {"data": {"image": (io.BytesIO(CLEAN), "a.png"), "image2": (io.BytesIO(CLEAN), "b.png")}},
            422,
            "invalid-parameter",
        ),
        ({"data": {"image": (io.BytesIO(CLEAN), "a.png"), "threshold": ["0.5", "0.6"]}}, 422, "invalid-parameter"),
        (
            {"data": {"image": (io.BytesIO(CLEAN), "a.png")}, "query_string": {"filename": "b.png"}},
            422,
            "invalid-parameter",
        ),
    ],
)
def test_requests_of_another_form_are_told(
    client: FlaskClient, media: MediaVolume, request_arguments: dict[str, Any], status: int, slug: str
) -> None:
    assert_problem(client.post(URL, **request_arguments), status, slug)
    assert media.files() == []


def test_the_body_of_a_refused_request_is_read_to_its_end(client: FlaskClient) -> None:
    for query, kind, status, slug in (
        ("?treshold=1", "image/png", 422, "invalid-parameter"),
        ("", "application/json", 413, "content-too-large"),
    ):
        body = io.BytesIO(b"x" * 300_000)
        answer = client.post(f"{URL}{query}", input_stream=body, content_length=300_000, content_type=kind)
        assert_problem(answer, status, slug)
        assert body.tell() == 300_000


def test_a_part_without_a_file_name_is_told_whatever_its_size(client: FlaskClient) -> None:
    for size in (1_000, 900_000):
        body = form_of("image", b"x" * size)
        answer = client.post(URL, data=body, content_type=FORM)
        assert "needs a file name" in assert_problem(answer, 400, "bad-request")


@pytest.mark.parametrize(
    "body",
    [
        form_of("image", CLEAN, "Pr\xfcfung.png").replace("Prüfung".encode(), b"Pr\xfcfung"),
        form_of("image", CLEAN)[:-20],
    ],
    ids=["a name that is not UTF-8", "cut off"],
)
def test_a_form_that_cannot_be_read_is_told(client: FlaskClient, body: bytes) -> None:
    for address in (URL, "/v1/export"):
        answer = client.post(address, data=body, content_type=FORM)
        assert "cut off, or a name in it is not UTF-8" in assert_problem(answer, 400, "bad-request")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (r"C:\lines\a.png", "a.png"),
        (r"C:\\lines\\a.png", "a.png"),
        (r"\\server\share\2.png", "2.png"),
        (r"coil \"7\".png", 'coil "7".png'),
        ("lines/a.png", "a.png"),
    ],
)
def test_the_clients_name_is_without_folders(client: FlaskClient, sent: str, kept: str) -> None:
    answer = client.post(URL, data=form_of("image", CLEAN, sent), content_type=FORM)
    assert answer.get_json()["image"]["filename"] == kept


def test_a_body_over_the_limit_is_413(make_app: Callable[..., Flask]) -> None:
    client = make_app(max_upload_mb=1).test_client()
    body = b"x" * (1024 * 1024 + 1)
    assert_problem(client.post(URL, data=body, content_type="image/png"), 413, "content-too-large")
    in_chunks = {"input_stream": io.BytesIO(body), "environ_overrides": {"wsgi.input_terminated": True}}
    assert_problem(client.post(URL, content_type="image/png", **in_chunks), 413, "content-too-large")


@pytest.mark.parametrize("declared", [True, False], ids=["with a length", "in chunks"])
def test_a_body_of_exactly_the_limit_is_taken(make_app: Callable[..., Flask], declared: bool) -> None:
    client, limit = make_app(max_upload_mb=1).test_client(), 1024 * 1024
    raw = cv2.imencode(".jpg", sheet())[1].tobytes().ljust(limit, b"\0")
    framing = len(form_of("image", b"", "framed.jpg"))
    form = form_of("image", raw[: limit - framing], "framed.jpg")
    for body, content_type in ((raw, "image/jpeg"), (form, FORM)):
        assert len(body) == limit
        length = {"content_length": limit} if declared else {}
        terminated = {"wsgi.input_terminated": True}  # as Gunicorn has it
        sent = {"input_stream": io.BytesIO(body), "environ_overrides": terminated, **length}
        assert client.post(URL, content_type=content_type, **sent).status_code == 201
