"""What nginx says when it refuses, or when nobody behind it answers."""

import http.client
import socket
from contextlib import closing

import pytest
import requests

from nginx.local.__main__ import free_port
from tests.nginx.conftest import FrontDoor, OpenDoor

MB = 1 << 20


def assert_page(answer: requests.Response, status: int, words: str) -> None:
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "script" not in answer.headers["Content-Security-Policy"]
    assert words in answer.text
    assert answer.headers["X-Request-ID"] in answer.text


def assert_problem(answer: requests.Response, status: int, slug: str) -> None:
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"] == f"urn:surface-defect-detector:problem:{slug}"
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    assert problem["title"]
    assert problem["detail"].endswith(".")


def test_a_body_over_the_limit_is_refused_with_the_limit(door: FrontDoor) -> None:
    body = bytes(16 * MB + 1)
    assert_page(door.post("/upload", data=body), 413, "at most 16 MB")
    assert_problem(door.post("/api/v1/inspections", data=body), 413, "content-too-large")
    assert not door.site.received
    assert not door.api.received


def test_a_body_at_the_limit_passes(door: FrontDoor) -> None:
    assert door.post("/api/v1/inspections", data=bytes(16 * MB)).ok
    assert len(door.api.last.body) == 16 * MB


@pytest.mark.parametrize("path", ["/", "/api/v1/inspections"])
def test_a_huge_header_is_refused(door: FrontDoor, path: str) -> None:
    answer = door.get(path, headers={"X-Filler": "x" * 20_000})
    if path == "/":
        assert_page(answer, 431, "headers are too large")
    else:
        assert_problem(answer, 431, "request-header-fields-too-large")


def test_headers_that_nginx_accepts_reach_the_services(door: FrontDoor) -> None:
    headers = {f"X-Filler-{number}": "x" * 7000 for number in range(3)}
    assert door.get("/", headers=headers).ok
    assert door.get("/api/v1/models", headers=headers).ok


def test_an_endless_address_is_refused(door: FrontDoor) -> None:
    assert_page(door.get("/" + "x" * 20_000), 414, "address is too long")
    assert_problem(door.get("/api/v1/inspections?filename=" + "x" * 20_000), 414, "request-uri-too-long")


def test_an_address_that_cannot_be_read_is_refused(door: FrontDoor) -> None:
    for path, status in ((b"/%zz", b"text/html"), (b"/api/v1/%zz", b"application/problem+json")):
        with closing(socket.create_connection(door.host)) as connection:
            connection.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: door\r\nConnection: close\r\n\r\n")
            head = connection.makefile("rb").read().partition(b"\r\n\r\n")[0]
        assert b" 400 " in head
        assert b"Content-Type: " + status in head


@pytest.mark.parametrize("path", ["/upload", "/api/v1/inspections"])
def test_a_transfer_that_nginx_does_not_know_is_refused(door: FrontDoor, path: str) -> None:
    answer = door.post(path, headers={"Transfer-Encoding": "identity"})
    if path == "/upload":
        assert_page(answer, 501, "could not be understood")
    else:
        assert_problem(answer, 501, "not-implemented")


def test_it_answers_to_its_names_only(open_door: OpenDoor) -> None:
    door = open_door(SERVER_NAMES="sheets.plant.example 127.0.0.1")
    for name in ("sheets.plant.example", "Sheets.Plant.Example:2020", "127.0.0.1"):
        assert door.get("/", headers={"Host": name}).ok
        assert door.get("/api/v1/models", headers={"Host": name}).ok
    passed = len(door.site.received) + len(door.api.received)
    for name in ("evil.example", "plant.example", "sheets.plant.example.evil.example", "sheets"):
        assert_page(door.get("/history", headers={"Host": name}), 421, "not called that")
        assert_problem(door.post("/api/v1/inspections", headers={"Host": name}), 421, "misdirected-request")
        assert door.get("/nginx-health", headers={"Host": name}).ok
    assert len(door.site.received) + len(door.api.received) == passed


def test_an_instance_never_breaks_the_problem(door: FrontDoor) -> None:
    answer = door.post('/api/"},{"/metrics?a="', data=bytes(16 * MB + 1))
    assert answer.json()["instance"] == "/"


@pytest.mark.parametrize("setting", ["RATE", "UPLOAD_RATE"])
def test_too_many_requests_are_refused_for_a_while(open_door: OpenDoor, setting: str) -> None:
    door = open_door(**{f"{setting}_LIMIT": "1", f"{setting}_BURST": "1"})
    pages = [door.post("/upload", data=b"x") for _ in range(4)]
    answers = [door.post("/api/v1/inspections", data=b"x") for _ in range(4)]
    assert pages[0].ok
    assert_page(pages[-1], 429, "Too many requests")
    assert_problem(answers[-1], 429, "too-many-requests")
    assert pages[-1].headers["Retry-After"] == answers[-1].headers["Retry-After"] == "1"
    assert len(door.site.received) + len(door.api.received) < 8


def test_reading_is_not_held_up_by_the_limit_on_uploads(open_door: OpenDoor) -> None:
    door = open_door(UPLOAD_RATE_LIMIT="1", UPLOAD_RATE_BURST="1")
    assert all(door.get("/").ok for _ in range(20))


def test_too_many_connections_of_one_client_are_refused(open_door: OpenDoor) -> None:
    door = open_door(CONNECTION_LIMIT="1")
    with socket.create_connection(door.host, timeout=10) as unfinished:
        unfinished.sendall(b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab")
        assert_page(door.get("/"), 429, "Too many requests")
        unfinished.sendall(b"cde")
        assert unfinished.recv(12) == b"HTTP/1.1 200"
    assert door.site.received[0].body == b"abcde"


def test_services_that_are_away_are_said_to_be(open_door: OpenDoor) -> None:
    door = open_door(SITE_UPSTREAM=f"127.0.0.1:{free_port()}", API_UPSTREAM=f"127.0.0.1:{free_port()}")
    assert_page(door.get("/"), 502, "does not answer")
    assert_page(door.get("/history?text=coil"), 502, ">Try again</a>")
    assert_page(door.post("/upload", data=b"x"), 502, "does not answer")
    assert "Try again" not in door.post("/upload", data=b"x").text
    assert_problem(door.get("/api/readyz"), 502, "bad-gateway")
    assert door.get("/api/readyz").headers["Retry-After"] == "5"


@pytest.mark.parametrize("status", [404, 422, 500, 503])
def test_what_a_service_says_itself_is_passed_on_untouched(door: FrontDoor, status: int) -> None:
    door.site.status = door.api.status = status
    for answer, upstream in ((door.get("/"), door.site), (door.get("/api/readyz"), door.api)):
        assert (answer.status_code, answer.content) == (status, upstream.body)


def test_a_client_that_hangs_up_half_way_is_never_heard_of_behind(door: FrontDoor) -> None:
    with socket.create_connection(door.host, timeout=10) as connection:
        connection.sendall(b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf")
    assert door.get("/").ok
    assert [request.method for request in door.site.received] == ["GET"]


def test_what_is_not_http_is_refused(door: FrontDoor) -> None:
    with socket.create_connection(door.host, timeout=10) as connection:
        connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert b" 400 " in answer.split(b"\r\n")[0]


def test_a_gallerys_thumbnails_are_not_too_many(open_door: OpenDoor) -> None:
    door = open_door(RATE_LIMIT="1", RATE_BURST="1")
    assert all(door.get(f"/api/v1/inspections/coil-{number}/thumbnail?v=1").ok for number in range(5))
    assert door.get("/api/v1/inspections/coil-1").ok
    roundabout = "/api/v1/inspections/x/thumbnail/../../../inspections"
    encoded = "/api/v1/inspections/..%2f..%2flivez#/thumbnail"
    for path in ("/api/v1/inspections/thumbnail", roundabout, encoded):
        assert [_asked(door, path) for _ in range(4)][-1] == 429


def _asked(door: FrontDoor, path: str) -> int:
    """Return the status that a path has as it stands, without dots resolved."""
    with closing(http.client.HTTPConnection(*door.host, timeout=10)) as connection:
        connection.request("GET", path)
        return connection.getresponse().status
