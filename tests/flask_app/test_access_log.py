import json
from typing import Any

import pytest
import requests
import responses
from flask import Flask

from tests.flask_app.rest_answers import API

GIVEN_ID = "0123456789abcdef-A"


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_request_is_one_line_of_json(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    app.test_client().get("/upload?secret=1", headers={"X-Request-ID": GIVEN_ID})
    (line,) = lines(capsys)
    assert list(line) == [
        "time", "level", "service", "request_id", "method", "path", "status", "duration_ms", "message"
    ]  # fmt: skip
    assert (line["request_id"], line["method"], line["path"], line["status"]) == (GIVEN_ID, "GET", "/upload", 200)
    assert line["service"] == "flask_app"
    assert line["duration_ms"] >= 0


@pytest.mark.parametrize("bad", ["short", "x" * 65, "a b c d e f g", "line-break-\x0b-in-it", "näher-dran", ""])
def test_an_id_that_is_not_safe_to_log_is_replaced(app: Flask, capsys: pytest.CaptureFixture[str], bad: str) -> None:
    response = app.test_client().get("/upload", headers={"X-Request-ID": bad})
    made = response.headers["X-Request-ID"]
    assert len(made) == 32
    assert lines(capsys)[0]["request_id"] == made


def test_a_failure_of_the_service_is_logged_with_its_cause(
    app: Flask, capsys: pytest.CaptureFixture[str], rest: responses.RequestsMock
) -> None:
    rest.get(f"{API}/v1/media", body=requests.ConnectionError("connection refused"))
    app.test_client().get("/media/", headers={"X-Request-ID": GIVEN_ID})
    cause, request = lines(capsys)
    assert cause["level"] == "WARNING"
    assert "connection refused" in cause["message"]
    assert cause["request_id"] == request["request_id"] == GIVEN_ID
    assert rest.calls[0].request.headers["X-Request-ID"] == GIVEN_ID


def test_a_fault_of_ours_is_logged_with_its_traceback(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    @app.get("/boom")
    def boom() -> str:
        raise RuntimeError("the cause")

    app.test_client().get("/boom")
    fault, request = lines(capsys)
    assert fault["level"] == "ERROR"
    assert "RuntimeError: the cause" in fault["exception"]
    assert request["status"] == 500


def test_probes_are_quiet(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    app.test_client().get("/healthz")
    app.test_client().get("/metrics")
    assert lines(capsys) == []


def test_the_token_is_never_logged(
    app: Flask, capsys: pytest.CaptureFixture[str], rest: responses.RequestsMock
) -> None:
    rest.get(f"{API}/v1/media", body=requests.ConnectionError("refused"))
    app.test_client().get("/media/")
    assert "open-sesame" not in capsys.readouterr().out


def test_a_request_is_answered_even_when_nobody_reads_the_log(
    app: Flask, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class ClosedPipe:
        def write(self, _text: str) -> None:
            raise BrokenPipeError

    monkeypatch.setattr("sys.stdout", ClosedPipe())
    assert app.test_client().get("/upload").status_code == 200
    assert "BrokenPipeError" in capsys.readouterr().err
