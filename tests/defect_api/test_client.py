"""The Python client against the real application on a real socket."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask

from defect_api.client import InspectionRefused, Inspector
from tests.defect_api.conftest import DARK, png, sheet

Wsgi = Callable[..., Any]


AT_ONCE = ("Retry-After", "0")


def empty(status: str, *headers: tuple[str, str]) -> Wsgi:
    """Answer every post so, without a body."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        start_response(status, [*headers, ("Content-Length", "0")])
        return [b""]

    return answer


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "coil 7.png"
    path.write_bytes(png(sheet((100, 50, 40, 30, DARK))))
    return path


def test_a_picture_is_judged_and_read_again(serve: Callable[[Wsgi], str], app: Flask, picture: Path) -> None:
    with Inspector(f"{serve(app)}/") as inspector:
        record = inspector.inspect(picture)
        assert (record.verdict, record.image.filename) == ("defect", "coil 7.png")
        assert inspector.get(record.id) == record


def test_another_threshold_is_asked_for(serve: Callable[[Wsgi], str], app: Flask, picture: Path) -> None:
    with Inspector(serve(app)) as inspector:
        record = inspector.inspect(picture, threshold=0.25)
        assert record.threshold.value == 0.25
        assert inspector.get(record.id, threshold=0.25) == record


def test_a_scale_is_sent(serve: Callable[[Wsgi], str], app: Flask, picture: Path) -> None:
    with Inspector(serve(app)) as inspector:
        record = inspector.inspect(picture, mm_per_px=(0.5, 0.25))
        assert record.defects[0].area_mm2 == record.defects[0].area_px * 0.125
        assert inspector.get(record.id) == record


def test_a_refusal_is_the_services_sentence(serve: Callable[[Wsgi], str], app: Flask, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"nothing")
    with Inspector(serve(app)) as inspector, pytest.raises(InspectionRefused, match="not a JPEG") as refusal:
        inspector.inspect(tmp_path / "a.png")
    assert refusal.value.status == 422
    assert refusal.value.problem is not None
    assert refusal.value.problem.type.endswith("picture-refused")


def test_a_picture_of_another_kind_than_its_name_says_is_judged(
    serve: Callable[[Wsgi], str], app: Flask, picture: Path
) -> None:
    with Inspector(serve(app)) as inspector:
        assert inspector.inspect(picture.rename(picture.with_suffix(".jpg"))).verdict == "defect"


def test_a_picture_whose_name_is_not_utf_8_is_judged(serve: Callable[[Wsgi], str], app: Flask, picture: Path) -> None:
    with Inspector(serve(app)) as inspector:
        record = inspector.inspect(picture.rename(picture.with_name(os.fsdecode(b"bl\xfcch.png"))))
        assert (record.verdict, record.image.filename) == ("defect", "blch.png")


@pytest.mark.parametrize(
    ("status", "headers", "message"),
    [
        ("301 Moved Permanently", [("Location", "https://line/api")], "answered 301 Moved Permanently to https://line"),
        ("200 OK", [("Content-Type", "text/html; charset=utf-8")], "answered 200 OK with text/html"),
        ("200 OK", [("Content-Type", "application/json")], "answered 200 OK with application/json"),
        ("404 Not Found", [("Content-Type", "application/problem+json")], "answered 404 Not Found"),
    ],
)
def test_an_answer_that_is_not_the_services_is_told(
    serve: Callable[[Wsgi], str], picture: Path, status: str, headers: list[tuple[str, str]], message: str
) -> None:
    with Inspector(serve(empty(status, *headers))) as inspector, pytest.raises(InspectionRefused, match=message):
        inspector.inspect(picture)


def test_the_token_is_sent(serve: Callable[[Wsgi], str], make_app: Callable[..., Flask], picture: Path) -> None:
    address = serve(make_app(api_token="secret"))
    with Inspector(address, token="secret") as inspector:
        assert inspector.inspect(picture).verdict == "defect"
    with Inspector(address) as inspector, pytest.raises(InspectionRefused, match="token"):
        inspector.inspect(picture)


@pytest.mark.parametrize(
    "status", ["503 Service Unavailable", "502 Bad Gateway", "504 Gateway Timeout", "429 Too Many Requests"]
)
def test_a_service_that_is_away_for_a_moment_is_asked_again(
    serve: Callable[[Wsgi], str], app: Flask, picture: Path, status: str
) -> None:
    refusals = iter([status, status])

    def flaky(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        refusal = next(refusals, None)
        return (empty(refusal, AT_ONCE) if refusal else app)(environ, start_response)

    with Inspector(serve(flaky)) as inspector:
        assert inspector.inspect(picture).verdict == "defect"
    assert next(refusals, None) is None


@pytest.mark.parametrize("cut", [1, 3], ids=["once", "each time"])
def test_an_answer_that_is_cut_off_is_asked_for_again(
    serve: Callable[[Wsgi], str], app: Flask, picture: Path, cut: int
) -> None:
    cuts = iter(range(cut))

    def breaks_off(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        answer = b"".join(app(environ, start_response))
        return [answer if next(cuts, None) is None else answer[:100]]

    with Inspector(serve(breaks_off), retries=2) as inspector:
        if cut > 2:
            with pytest.raises(requests.RequestException):
                inspector.inspect(picture)
        else:
            assert inspector.inspect(picture).verdict == "defect"


def test_a_service_that_stays_away_is_told(serve: Callable[[Wsgi], str], picture: Path) -> None:
    away = empty("503 Service Unavailable", AT_ONCE)
    with Inspector(serve(away), retries=2) as inspector, pytest.raises(InspectionRefused, match="answered 503"):
        inspector.inspect(picture)
