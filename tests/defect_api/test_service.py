"""Health, metrics, documents, tokens, prefixes and log lines of the service as a whole."""

import json
import logging
import os
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from defect_api.media import MediaVolume
from defect_api.requests_log import JsonFormatter
from defect_api.schemas import RecordQuery
from tests.defect_api.conftest import png, sheet
from tests.defect_api.second_contract import assert_problem, post

PREFIXED = {"X-Forwarded-Prefix": "/api", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "steel.example"}


def test_livez_and_readyz(client: FlaskClient) -> None:
    assert client.get("/livez").status_code == 200
    assert client.get("/readyz").json["model"]["name"] == "tiny"  # type: ignore[index]


def test_models_are_listed_with_their_cards(client: FlaskClient) -> None:
    (entry,) = client.get("/v1/models").json["items"]  # type: ignore[index]
    assert (entry["name"], entry["active"]) == ("tiny", True)
    assert entry["card"]["classes"] == ["dark", "bright"]


def test_media_is_listed_newest_first_with_a_total(client: FlaskClient) -> None:
    record = post(client).json
    page = client.get("/v1/media?limit=2").json
    assert page is not None
    assert page["total"] == 5
    assert len(page["items"]) == 2
    assert {item["inspection_id"] for item in page["items"]} == {record["id"]}  # type: ignore[index]
    rest = client.get(f"/v1/media?limit=500&cursor={page['next_cursor']}").json
    assert rest is not None
    assert len({item["name"] for item in page["items"] + rest["items"]}) == 5
    assert rest["next_cursor"] is None
    whole = client.get("/v1/media?limit=5").json
    assert whole is not None
    assert (whole["items"], whole["next_cursor"]) == (page["items"] + rest["items"], None)


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("limit=0", "The parameter 'limit' is not valid: Input should be greater than or equal to 1."),
        (
            "created_from=x",
            "The parameter 'created_from' is not valid: a time must be written as RFC 3339 asks for, such",
        ),
        ("lmit=1", "The parameter 'lmit' is not valid: Extra inputs are not permitted."),
    ],
)
def test_a_parameter_that_is_wrong_is_named_with_what_is_wrong(client: FlaskClient, query: str, detail: str) -> None:
    assert detail in assert_problem(client.get(f"/v1/inspections?{query}"), 422, "invalid-parameter")


def test_parameters_that_go_together_are_told_as_such(client: FlaskClient) -> None:
    told = assert_problem(client.get("/v1/inspections/x?mm_per_px_x=1"), 422, "invalid-parameter")
    assert told == "The parameters are not valid: mm_per_px_x and mm_per_px_y must be sent together."


def test_a_page_of_the_media_listing_may_end_with_any_name(client: FlaskClient, media: MediaVolume) -> None:
    for name in ("??????.png", "older.png"):  # the first one's cursor is no plain base64
        (media.folder / name).touch()
    os.utime(media.folder / "older.png", (0, 0))
    cursor = client.get("/v1/media?limit=1").get_json()["next_cursor"]
    assert "_" in cursor
    rest = client.get("/v1/media", query_string={"cursor": cursor}).get_json()
    assert [item["name"] for item in rest["items"]] == ["older.png"]


@pytest.mark.parametrize("cursor", ["%25", "aGVsbG8=", "_w=="], ids=["no base64", "no number", "no text"])
def test_a_cursor_that_the_media_listing_did_not_give_is_told(client: FlaskClient, cursor: str) -> None:
    assert "cursor" in assert_problem(client.get(f"/v1/media?cursor={cursor}"), 422, "invalid-parameter")


def test_the_openapi_document_describes_every_route(client: FlaskClient) -> None:
    document = client.get("/openapi.json").json
    assert document is not None
    assert {"/get_defect_contour", "/v1/inspections", "/v1/inspections/{inspection_id}", "/readyz"} <= set(
        document["paths"]
    )
    body = document["paths"]["/v1/inspections"]["post"]["requestBody"]["content"]
    assert {"multipart/form-data", "application/json", "image/png"} <= set(body)
    assert "application/problem+json" in document["paths"]["/v1/inspections"]["post"]["responses"]["422"]["content"]


def test_every_reference_in_the_openapi_document_resolves(client: FlaskClient) -> None:
    text = client.get("/openapi.json").text
    schemas = json.loads(text)["components"]["schemas"]
    references = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert references <= set(schemas)
    assert "#/$defs" not in text


@pytest.mark.parametrize(("headers", "server"), [({}, "/"), (PREFIXED, "/api")])
def test_the_openapi_server_is_where_the_client_came_in(
    client: FlaskClient, headers: dict[str, str], server: str
) -> None:
    assert client.get("/openapi.json", headers=headers).json["servers"] == [{"url": server}]  # type: ignore[index]


def test_location_and_docs_carry_the_prefix(client: FlaskClient) -> None:
    created = client.post("/v1/inspections", data=png(sheet()), content_type="image/png", headers=PREFIXED)
    assert created.headers["Location"].startswith("/api/v1/inspections/sheet-")
    page = client.get("/docs", headers=PREFIXED)
    assert 'data-openapi="/api/openapi.json"' in page.text
    assert 'src="/api/docs/assets/js/swagger-ui-bundle.js"' in page.text
    assert "script-src 'self';" in page.headers["Content-Security-Policy"]


def test_the_pages_assets_are_the_services_own(client: FlaskClient) -> None:
    page = client.get("/docs").text
    assert "https://" not in page
    for address in [part.split('"')[0] for mark in ('src="', 'href="') for part in page.split(mark)[1:]]:
        with client.get(address) as answer:
            assert answer.status_code == 200, address
    assert client.get("/docs/assets/../__init__.py").status_code == 404


def test_unknown_addresses_and_methods_are_problems(client: FlaskClient) -> None:
    assert_problem(client.get("/nothing"), 404, "not-found")
    answer = client.post("/livez")
    assert_problem(answer, 405, "method-not-allowed")
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize(
    ("method", "address"),
    [("POST", "/v1/inspections"), ("DELETE", "/v1/inspections/x"), ("GET", "/get_defect_contour")],
)
@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic secret", "Bearer", "Bearer sécret"])
def test_writing_needs_the_token(make_app: Callable[..., Flask], method: str, address: str, header: str | None) -> None:
    client = make_app(api_token="secret").test_client()
    answer = client.open(address, method=method, headers={"Authorization": header} if header else {})
    assert_problem(answer, 401, "token-required")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_with_the_token_writing_works_and_reading_needs_none(make_app: Callable[..., Flask]) -> None:
    client = make_app(api_token="secret").test_client()
    answer = client.post(
        "/v1/inspections", data=png(sheet()), content_type="image/png", headers={"Authorization": "Bearer secret"}
    )
    assert answer.status_code == 201
    assert client.get(answer.headers["Location"]).status_code == 200


WRITING = [("POST", "/v1/inspections"), ("DELETE", "/v1/inspections/x"), ("POST", "/get_defect_contour")]
HOST = {"X-Forwarded-Host": "line.example:2020", "X-Forwarded-Proto": "http"}


@pytest.mark.parametrize(("method", "address"), WRITING)
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://line.example:2020"},
        {"Origin": "http://other.example:2020"},
        {"Origin": "http://line.example"},
        {"Origin": "http://line.example:x"},
        {"Origin": "ftp://line.example:2020"},
        {"Origin": "null"},
    ],
)
def test_a_page_of_another_site_does_not_write(
    client: FlaskClient, method: str, address: str, headers: dict[str, str]
) -> None:
    assert_problem(client.open(address, method=method, headers=HOST | headers), 403, "cross-site")


@pytest.mark.parametrize(("method", "address"), WRITING)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
        {"Origin": "http://line.example:2020"},
        {"Origin": "https://LINE.example:2020"},
        {"Origin": "https://line.example", "X-Forwarded-Host": "line.example"},
    ],
)
def test_machines_and_own_pages_write(client: FlaskClient, method: str, address: str, headers: dict[str, str]) -> None:
    assert "cross-site" not in client.open(address, method=method, headers=HOST | headers).text


def test_a_link_of_another_site_is_followed(client: FlaskClient) -> None:
    answer = client.get("/get_defect_contour", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.text == "filename missing"


def test_a_sound_request_id_is_kept_and_another_replaced(client: FlaskClient) -> None:
    kept = client.get("/livez", headers={"X-Request-ID": "abcdef0123456789"})
    assert kept.headers["X-Request-ID"] == "abcdef0123456789"
    replaced = client.get("/livez", headers={"X-Request-ID": "<script>alert(1)</script>"})
    assert len(replaced.headers["X-Request-ID"]) == 32


def test_each_request_has_one_json_line_with_its_id(client: FlaskClient) -> None:
    lines: list[str] = []
    handler = logging.Handler()
    handler.setFormatter(JsonFormatter())
    handler.emit = lambda record: lines.append(handler.format(record))  # type: ignore[method-assign]
    logging.getLogger("defect_api.requests").addHandler(handler)
    client.get("/v1/models", headers={"X-Request-ID": "abcdef0123456789"})
    logging.getLogger("defect_api.requests").removeHandler(handler)
    (line,) = map(json.loads, lines)
    assert (line["request_id"], line["process"]) == ("abcdef0123456789", os.getpid())
    assert (line["service"], line["method"], line["path"], line["status"]) == (
        "defect-api-service",
        "GET",
        "/v1/models",
        200,
    )
    assert line["duration_ms"] >= 0
    assert line["time"].endswith("Z")


def test_the_schema_of_parameters_is_made_once() -> None:
    assert RecordQuery.model_json_schema() is RecordQuery.model_json_schema()
    assert RecordQuery.model_json_schema()["properties"].keys() > {"id", "sort"}
    assert RecordQuery.model_json_schema(mode="serialization") is not RecordQuery.model_json_schema()
