"""What nginx passes on, to whom, and what it keeps to itself."""

import json
import re
import socket
from contextlib import closing

import pytest

from tests.nginx.conftest import FrontDoor, OpenDoor
from tests.waiting import wait_until

SPOOFED = {
    "X-Request-ID": "chosen-by-the-client",
    "X-Forwarded-For": "198.51.100.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "elsewhere.example",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Port": "1",
    "X-Real-IP": "198.51.100.7",
    "Forwarded": "for=198.51.100.7",
    "Proxy": "http://elsewhere.example",
}
DROPPED = {"X_FORWARDED_PORT", "X_REAL_IP", "FORWARDED", "PROXY"}


@pytest.mark.parametrize("path", ["/", "/upload", "/media/", "/prediction"])
def test_pages_come_from_the_site(door: FrontDoor, path: str) -> None:
    assert door.get(path).ok
    assert [request.path for request in door.site.received] == [path]
    assert not door.api.received


@pytest.mark.parametrize(
    ("asked", "passed"),
    [
        ("/api/v1/inspections?limit=2&cursor=a%2Fb", "/v1/inspections?limit=2&cursor=a%2Fb"),
        ("/api/readyz", "/readyz"),
        ("/api/v1/inspections/with%20space", "/v1/inspections/with%20space"),
        ("/api/", "/"),
        ("/api/v1/export?format=csv", "/v1/export?format=csv"),
        ("/api/v1/inspections/with%20space/export?format=csv", "/v1/inspections/with%20space/export?format=csv"),
    ],
)
def test_the_api_prefix_is_removed_and_nothing_else(door: FrontDoor, asked: str, passed: str) -> None:
    assert door.get(asked).ok
    assert door.api.last.path == passed
    assert door.api.last.headers["X_FORWARDED_PREFIX"] == "/api"


def test_the_api_alone_leads_to_its_documents(door: FrontDoor) -> None:
    answer = door.get("/api", allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (308, "/api/docs")


@pytest.mark.parametrize("path", ["/upload", "/api/v1/inspections", "/api/v1/export"])
def test_forwarding_headers_cannot_be_spoofed(door: FrontDoor, path: str) -> None:
    answer = door.post(path, headers=SPOOFED, data=b"x")
    seen = (door.api if path.startswith("/api") else door.site).last.headers
    assert seen["X_FORWARDED_FOR"] == "127.0.0.1"
    assert seen["X_FORWARDED_PROTO"] == "http"
    assert seen["X_FORWARDED_HOST"] == door.url.removeprefix("http://")
    assert seen["X_REQUEST_ID"] == answer.headers["X-Request-ID"] != SPOOFED["X-Request-ID"]
    assert seen.get("X_FORWARDED_PREFIX", "/api") == "/api"
    assert not DROPPED & seen.keys()


def test_every_line_of_the_log_is_json_whatever_a_client_sends(door: FrontDoor) -> None:
    with closing(socket.create_connection(door.host, timeout=10)) as connection:
        connection.sendall(b"GET /log\xff HTTP/1.1\r\nHost: x\r\nUser-Agent: line \xff\r\nConnection: close\r\n\r\n")
        answer = connection.makefile("rb").read()
    request_id = answer.partition(b"X-Request-ID: ")[2].partition(b"\r\n")[0].decode()
    wait_until(lambda: request_id.encode() in (door.home / "nginx.log").read_bytes(), "the request was not logged")
    lines = (door.home / "nginx.log").read_bytes().splitlines()
    (line,) = (json.loads(line.decode()) for line in lines if request_id.encode() in line)
    assert (line["path"], line["user_agent"]) == ("/log", "line ")


@pytest.mark.parametrize("path", ["/", "/api/readyz", "/static/site.css", "/media/absent.png", "/nowhere/.hidden"])
def test_every_answer_has_one_request_id_that_is_in_the_log(door: FrontDoor, path: str) -> None:
    answer = door.get(path)
    (request_id,) = (value for name, value in answer.raw.headers.items() if name == "X-Request-ID")
    assert re.fullmatch("[0-9a-f]{32}", request_id)
    wait_until(lambda: request_id in door.log, "the request was not logged")
    (line,) = (json.loads(line) for line in door.log.splitlines() if request_id in line)
    assert (line["service"], line["method"], line["path"]) == ("nginx", "GET", path)
    assert line["status"] == answer.status_code
    assert line["duration_ms"] >= 0


def test_a_post_that_nginx_itself_answers_is_logged_as_one(door: FrontDoor) -> None:
    request_id = door.post("/media/absent.png").headers["X-Request-ID"]
    wait_until(lambda: request_id in door.log, "the request was not logged")
    (line,) = (json.loads(line) for line in door.log.splitlines() if request_id in line)
    assert (line["method"], line["message"]) == ("POST", f"POST /media/absent.png {line['status']}")


def test_bodies_and_tokens_are_passed_on(door: FrontDoor) -> None:
    door.post("/api/v1/inspections", data=b"picture", headers={"Authorization": "Bearer secret"})
    assert door.api.last.body == b"picture"
    assert door.api.last.headers["AUTHORIZATION"] == "Bearer secret"
    door.post("/upload", data=iter([b"in ", b"pieces"]))
    assert door.site.last.body == b"in pieces"
    # with it Werkzeug takes the body for one without an end, and for empty
    assert "TRANSFER_ENCODING" not in door.site.last.headers


@pytest.mark.parametrize(
    "path",
    ["/metrics", "/healthz", "/api/metrics", "/api//metrics", "/api/metrics/", "/api/%6detrics", "/api/v1/../metrics"],
)
def test_figures_and_internal_health_are_not_for_outsiders(door: FrontDoor, path: str) -> None:
    assert door.get(path).status_code == 404
    assert not door.api.received
    assert not door.site.received


def test_figures_can_be_made_public(open_door: OpenDoor) -> None:
    door = open_door(METRICS_PUBLIC="on")
    assert door.get("/api/metrics").ok
    assert door.api.last.path == "/metrics"


def test_nginx_has_a_health_of_its_own(door: FrontDoor) -> None:
    assert door.get("/nginx-health").text == "ok\n"
    assert not door.site.received


@pytest.mark.parametrize("path", ["/", "/api/openapi.json"])
def test_text_is_compressed_for_those_who_take_it(door: FrontDoor, path: str) -> None:
    assert door.get(path, headers={"Accept-Encoding": "gzip"}).headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in door.get(path, headers={"Accept-Encoding": "identity"}).headers


def test_nginx_does_not_tell_its_version(door: FrontDoor) -> None:
    assert door.get("/nowhere/.x").headers["Server"] == "nginx"
