import io
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
import responses
from pydantic import HttpUrl
from responses import matchers

from flask_app.client import Client, NotFound, ServiceAway, ServiceBroken, ServiceBusy, ServiceRefused, Upload
from flask_app.record import ModelUsed
from flask_app.settings import Settings
from tests.flask_app.rest_answers import API, ID, OPERATING_POINTS, POINTS, RECORD, problem

REQUEST_ID = "request-0001"


@pytest.fixture
def api(settings: Settings) -> Client:
    return Client(settings, lambda: REQUEST_ID)


def test_it_sends_request_id_token_and_what_it_accepts(api: Client, rest: responses.RequestsMock) -> None:
    expected = {"X-Request-ID": REQUEST_ID, "Authorization": "Bearer open-sesame"}
    rest.get(f"{API}/v1/models", json={"items": []}, match=[matchers.header_matcher(expected)])
    api.active_model()
    assert "application/problem+json" in rest.calls[0].request.headers["Accept"]


def test_without_a_token_it_sends_none(rest: responses.RequestsMock) -> None:
    rest.get(f"{API}/v1/models", json={"items": []})
    Client(Settings(api_url=HttpUrl(API)), lambda: REQUEST_ID).active_model()
    assert "Authorization" not in rest.calls[0].request.headers


def test_it_waits_as_long_as_the_settings_say(rest: responses.RequestsMock) -> None:
    patient = Settings(api_url=HttpUrl(API), api_connect_timeout_s=1.5, api_read_timeout_s=7)
    client = Client(patient, lambda: REQUEST_ID)
    waits = [matchers.request_kwargs_matcher({"timeout": (1.5, longest)}) for longest in (7.0, 5.0)]
    none = {"items": [], "total": 0, "counts": {}, "next_cursor": None}
    rest.get(f"{API}/v1/inspections", json=none, match=waits[:1])
    client.inspections({})
    # a page is right without it
    rest.get(f"{API}/v1/models", json={"items": []}, match=waits[1:])
    client.models()


def test_a_proxy_of_the_environment_is_not_for_calls_within_the_platform(
    api: Client, rest: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.test:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    rest.get(f"{API}/v1/models", json={"items": []}, match=[matchers.request_kwargs_matcher({"proxies": {}})])
    api.models()


def test_an_upload_keeps_name_type_and_bytes(api: Client, rest: responses.RequestsMock, record: dict[str, Any]) -> None:
    rest.post(f"{API}/v1/inspections", json=record, status=201)
    upload = Upload('coil "7".jpg', "image/jpeg", io.BytesIO(b"the bytes"))
    assert api.inspect_upload(upload).id == ID
    body = rest.calls[0].request.body
    assert isinstance(body, bytes)
    assert b'name="image"; filename="coil %227%22.jpg"' in body
    assert b"Content-Type: image/jpeg" in body
    assert b"the bytes" in body


def test_an_upload_without_a_declared_type_declares_none(
    api: Client, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    rest.post(f"{API}/v1/inspections", json=record)
    api.inspect_upload(Upload("a.jpg", None, io.BytesIO(b"x")))
    body = rest.calls[0].request.body
    assert isinstance(body, bytes)
    assert b"Content-Type" not in body


def test_the_record_is_typed_and_fields_of_newer_services_are_ignored(
    api: Client, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    rest.get(f"{API}/v1/inspections/{ID}", json={**record, "new_in_version_2": 1})
    found = api.inspection(ID)
    assert found.created_at == datetime(2026, 1, 31, 12, 0, 5, tzinfo=UTC)
    assert found.defects[0].box == (10, 20, 300, 40)


def test_an_id_is_never_a_path(api: Client, rest: responses.RequestsMock) -> None:
    rest.get(f"{API}/v1/inspections/..%2Fmodels%3Fa", **problem(404, "No such inspection."))
    with pytest.raises(NotFound):
        api.inspection("../models?a")


def test_the_active_model_is_the_one_marked(api: Client, rest: responses.RequestsMock) -> None:
    models = [
        {"name": "a", "version": "1", "digest": "d"},
        {"name": "b", "version": "2", "digest": "e", "active": True},
    ]
    rest.get(f"{API}/v1/models", json={"items": models})
    model = api.active_model()
    assert model is not None
    assert model.name == "b"


def test_operating_points_are_those_of_the_version_that_judged(api: Client, rest: responses.RequestsMock) -> None:
    rest.get(POINTS, json=OPERATING_POINTS, match=[matchers.query_param_matcher({"version": "3"})])
    api.operating_points(ModelUsed.model_validate(RECORD["model"]))


@pytest.mark.parametrize(
    ("failure", "sentence"),
    [
        (requests.ConnectionError("refused"), "cannot be reached"),
        (requests.ConnectTimeout("slow"), "did not answer in time"),
        (requests.ReadTimeout("slow"), "did not answer in time"),
        (requests.exceptions.ChunkedEncodingError("broke off"), "cannot be reached"),
    ],
)
def test_no_answer_means_away(api: Client, rest: responses.RequestsMock, failure: Exception, sentence: str) -> None:
    rest.get(f"{API}/v1/media", body=failure)
    with pytest.raises(ServiceAway, match=sentence) as caught:
        api.media(limit=1, cursor=None)
    assert caught.value.status == 503
    assert caught.value.retry_after_s > 0


@pytest.mark.parametrize("body", ["{not json", "[]", "{}", '{"items": [{"name": 1}]}', "<html>"])
def test_an_answer_outside_the_contract_means_broken(api: Client, rest: responses.RequestsMock, body: str) -> None:
    rest.get(f"{API}/v1/media", body=body, content_type="application/json")
    with pytest.raises(ServiceBroken) as caught:
        api.media(limit=1, cursor=None)
    assert caught.value.status == 502


@pytest.mark.parametrize("status", [400, 401, 409, 413, 415, 422, 507])
def test_a_refusal_keeps_status_and_sentence(api: Client, rest: responses.RequestsMock, status: int) -> None:
    rest.post(f"{API}/v1/inspections", **problem(status, "The picture is truncated."))
    with pytest.raises(ServiceRefused) as caught:
        api.inspect_media("a.jpg")
    assert (caught.value.status, caught.value.detail) == (status, "The picture is truncated.")


def test_a_problem_document_may_name_its_encoding(api: Client, rest: responses.RequestsMock) -> None:
    answer = {**problem(422, "Too blurred."), "content_type": "application/problem+json; charset=utf-8"}
    rest.get(f"{API}/v1/models", **answer)
    with pytest.raises(ServiceRefused, match="Too blurred"):
        api.models()


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [("7", 7), ("0", 1), ("999999", 3600), ("", 5), ("Thu, 26 Nov 2026 12:00:00 -0000", 5)],
)
@pytest.mark.parametrize("status", [429, 503])
def test_busy_says_when_to_come_back(
    api: Client, rest: responses.RequestsMock, status: int, retry_after: str, seconds: int
) -> None:
    rest.get(f"{API}/v1/models", **problem(status, "Busy."), headers={"Retry-After": retry_after})
    with pytest.raises(ServiceBusy) as caught:
        api.active_model()
    assert caught.value.status == status
    assert caught.value.retry_after_s == seconds


@pytest.mark.parametrize("status", [500, 502, 504, 302])
def test_other_failures_mean_broken_and_show_no_internals(
    api: Client, rest: responses.RequestsMock, status: int
) -> None:
    # nobody is followed to where it sends one, with the token
    elsewhere = {"Location": f"{API}/elsewhere"}
    rest.get(f"{API}/v1/models", **problem(status, "KeyError in /srv/app.py"), headers=elsewhere)
    rest.delete(f"{API}/v1/inspections/{ID}", **problem(status, "KeyError in /srv/app.py"), headers=elsewhere)
    for ask in (api.active_model, lambda: api.delete(ID)):
        with pytest.raises(ServiceBroken) as caught:
            ask()
        assert caught.value.detail == "The inspection service failed."


@pytest.mark.parametrize(
    "answer",
    [
        {"body": "Traceback: secret", "content_type": "text/html"},
        {"body": "{broken secret", "content_type": "application/problem+json"},
        {"json": ["secret"], "content_type": "application/problem+json"},
        {"json": {"detail": {"secret": 1}}, "content_type": "application/problem+json"},
        {"json": {"detail": ""}, "content_type": "application/problem+json"},
        {"json": {"detail": "secret"}},
    ],
)
def test_only_a_problem_document_is_quoted(api: Client, rest: responses.RequestsMock, answer: dict[str, Any]) -> None:
    rest.get(f"{API}/v1/models", status=422, **answer)
    with pytest.raises(ServiceRefused) as caught:
        api.active_model()
    assert "secret" not in caught.value.detail
    assert caught.value.detail.endswith(".")
