"""What a pixel measures: configured or sent with a picture, kept in the record, the same wherever it is read."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from defect_api.media import MediaVolume
from defect_api.record import Record, Scale
from defect_api.settings import Settings
from tests.defect_api.second_contract import URL, assert_problem, post

SENT: dict[str, Any] = {"mm_per_px_x": 0.5, "mm_per_px_y": 0.25}
REQUESTED = {**SENT, "source": "requested"}
CONFIGURED = {"mm_per_px_x": 2, "mm_per_px_y": 1, "source": "configured"}


@pytest.fixture
def configured(make_app: Callable[..., Flask]) -> FlaskClient:
    return make_app(mm_per_px_x=2, mm_per_px_y=1).test_client()


def document(client: FlaskClient, **options: Any) -> dict[str, Any]:
    answer: dict[str, Any] = post(client, **options).get_json()
    return answer


def test_without_a_scale_the_record_has_none(client: FlaskClient) -> None:
    record = document(client)
    assert record["scale"] is None
    assert record["defects"][0]["area_mm2"] is None


def test_a_configured_scale_is_in_the_record(configured: FlaskClient) -> None:
    record = document(configured)
    assert record["scale"] == CONFIGURED
    assert record["defects"][0]["area_mm2"] == record["defects"][0]["area_px"] * 2


def test_a_scale_that_comes_with_a_picture_is_in_the_record_instead(configured: FlaskClient) -> None:
    record = document(configured, **SENT)
    assert record["scale"] == REQUESTED
    assert record["defects"][0]["area_mm2"] == record["defects"][0]["area_px"] * 0.125


def test_a_sent_scale_is_there_wherever_the_inspection_is_read(client: FlaskClient) -> None:
    sent = document(client, **SENT)
    address = f"{URL}/{sent['id']}"
    assert client.get(address).json == sent
    assert client.get(URL).json["items"] == [sent]  # type: ignore[index]
    replayed = client.get(f"{address}?threshold=0.4").json
    assert [defect["area_mm2"] for defect in replayed["defects"]]  # type: ignore[index]
    assert replayed["scale"] == REQUESTED  # type: ignore[index]
    table = client.get(f"{address}/export?format=csv").text
    assert f",{sent['defects'][0]['area_mm2']}," in table
    assert "0.5 x 0.25 mm per px, as requested" in client.get(f"{address}/export?format=report").text


def test_with_a_threshold_too_the_record_keeps_the_scale_alone(client: FlaskClient, media: MediaVolume) -> None:
    answer = document(client, threshold="0.2", **SENT)
    stored = media.record(answer["id"])
    assert (answer["threshold"]["method"], stored.threshold.method) == ("requested", "calibrated")
    assert answer["scale"] == stored.scale.model_dump() if stored.scale else None


def test_the_scale_that_was_sent_last_stays(configured: FlaskClient, media: MediaVolume) -> None:
    first = document(configured, **SENT)
    again = post(configured, mm_per_px_x=3, mm_per_px_y=3)
    assert again.status_code == 200
    assert media.record(first["id"]).scale == Scale(mm_per_px_x=3, mm_per_px_y=3, source="requested")
    assert document(configured)["scale"]["mm_per_px_x"] == 3


def test_the_same_picture_in_the_same_scale_is_known(client: FlaskClient) -> None:
    first = document(client, **SENT)
    assert document(client, **SENT) == first


def test_a_scale_that_is_asked_for_when_reading_is_not_kept(client: FlaskClient, media: MediaVolume) -> None:
    stored = document(client)
    asked = client.get(f"{URL}/{stored['id']}", query_string=SENT).json
    assert asked["scale"] == REQUESTED  # type: ignore[index]
    assert media.record(stored["id"]).scale is None


def test_under_another_model_a_sent_scale_stays_and_a_configured_one_follows(
    client: FlaskClient, configured: FlaskClient, media: MediaVolume
) -> None:
    cases: list[tuple[dict[str, Any], dict[str, Any]]] = [({}, CONFIGURED), (SENT, REQUESTED)]
    for options, expected in cases:
        record = Record.model_validate_json(post(client, **options).data)
        older = record.model_copy(update={"model": record.model.model_copy(update={"digest": "sha256:" + "1" * 64})})
        (media.folder / f"{record.id}.json").write_text(older.model_dump_json())
        assert document(configured)["scale"] == expected


def test_half_a_scale_is_refused(client: FlaskClient) -> None:
    assert "sent together" in assert_problem(post(client, mm_per_px_x="0.5"), 422, "invalid-parameter")
    with pytest.raises(ValueError, match="set together"):
        Settings(mm_per_px_y=1)


@pytest.mark.parametrize("first", [{}, SENT], ids=["without", "with"])
def test_of_two_posts_at_once_the_sent_scale_stays(make_app: Callable[..., Flask], first: dict[str, Any]) -> None:
    app = make_app()
    second = {} if first else SENT
    with ThreadPoolExecutor() as pool:
        statuses = [pool.submit(lambda terms: post(app.test_client(), **terms).status_code, t) for t in (first, second)]
        assert sorted(status.result() for status in statuses) == [200, 201]
    assert document(app.test_client())["scale"] == REQUESTED
