"""What Prometheus is told of inspections, refusals, the model in service and the room that is left."""

import io
import shutil
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from defect_api.app import create_app
from defect_api.media import MediaVolume
from defect_api.metrics import count_inspection
from defect_api.model_package import PackageError
from defect_api.record import Condition, Record, Similarity
from defect_api.served_model import ModelSlot, ServedModel
from defect_api.settings import Settings
from tests.defect_api.conftest import png, sheet
from tests.defect_api.second_contract import CLEAN, post

Counted = Callable[..., float]


def value(client: FlaskClient, sample: str, **labels: str) -> float:
    """Return the sum of the samples of that name that have these labels."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    samples = [each for family in families for each in family.samples]
    return sum(each.value for each in samples if each.name == sample and labels.items() <= each.labels.items())


@pytest.fixture
def counted(client: FlaskClient) -> Counted:
    """Return by how much what is counted has grown since it was asked for first; figures are the process's."""
    before: dict[str, float] = {}

    def since(sample: str, **labels: str) -> float:
        now = value(client, sample, **labels)
        return now - before.setdefault(f"{sample}{labels}", now)

    return since


@pytest.mark.parametrize(
    ("sample", "labels", "growth"),
    [
        ("defect_api_inspections_total", {"verdict": "defect", "model": "tiny/1", "engine": "keras"}, 1),
        ("defect_api_inspections_total", {"verdict": "clean"}, 0),
        ("defect_api_defects_total", {"type": "dark", "model": "tiny/1"}, 1),
        ("defect_api_defects_total", {"type": "bright"}, 1),
        ("defect_api_stage_seconds_count", {"stage": "predict", "model": "tiny/1", "engine": "keras"}, 1),
        ("defect_api_stage_seconds_count", {"stage": "total"}, 1),
        ("defect_api_requests_total", {"method": "POST", "route": "/v1/inspections", "status": "201"}, 1),
        ("defect_api_request_seconds_count", {"method": "POST", "route": "/v1/inspections"}, 1),
        ("defect_api_inspections_held", {}, 0),
    ],
)
def test_an_inspection_is_counted(
    client: FlaskClient, counted: Counted, sample: str, labels: dict[str, str], growth: int
) -> None:
    counted(sample, **labels)
    assert post(client).status_code == 201
    assert counted(sample, **labels) == growth


def test_stages_are_told_in_seconds(client: FlaskClient, counted: Counted) -> None:
    counted("defect_api_stage_seconds_sum", stage="total")
    milliseconds = post(client).get_json()["timings_ms"]["total"]
    assert counted("defect_api_stage_seconds_sum", stage="total") == pytest.approx(milliseconds / 1000)


def test_a_known_picture_is_not_counted_again(client: FlaskClient, counted: Counted) -> None:
    post(client, CLEAN)
    counted("defect_api_inspections_total")
    assert post(client, CLEAN).status_code == 200
    assert counted("defect_api_inspections_total") == 0


def test_why_there_was_no_verdict_is_counted(client: FlaskClient, counted: Counted) -> None:
    counted("defect_api_no_verdict_reasons_total", reason="unsupported-size")
    assert post(client, png(sheet(height=64, width=64))).status_code == 201
    assert counted("defect_api_no_verdict_reasons_total", reason="unsupported-size") == 1


@pytest.mark.parametrize(
    ("reason", "send"),
    [
        ("picture-refused", lambda client: post(client, b"no picture")),
        ("not-found", lambda client: client.get("/nothing")),
        ("invalid-parameter", lambda client: client.get("/v1/inspections?limit=no")),
    ],
)
def test_refusals_are_counted_by_reason(
    client: FlaskClient, counted: Counted, reason: str, send: Callable[[FlaskClient], object]
) -> None:
    counted("defect_api_refusals_total", reason=reason)
    send(client)
    assert counted("defect_api_refusals_total", reason=reason) == 1


def test_a_refused_part_of_several_is_counted(client: FlaskClient, counted: Counted) -> None:
    counted("defect_api_refusals_total", reason="picture-refused")
    parts = [(io.BytesIO(CLEAN), "a.png"), (io.BytesIO(b"no picture"), "b.png")]
    assert client.post("/v1/inspections", data={"image": parts}).status_code == 207
    assert counted("defect_api_refusals_total", reason="picture-refused") == 1


def test_a_made_up_method_is_no_label(client: FlaskClient) -> None:
    client.open("/livez", method="MADEUP")
    assert "MADEUP" not in client.get("/metrics").text


def test_the_model_in_service_and_the_room_are_told(make_app: Callable[..., Flask], model: ServedModel) -> None:
    client = make_app(queue=5).test_client()
    facts = model.facts.model_dump()
    assert value(client, "defect_api_model_info", **facts) == 1
    assert value(client, "defect_api_ready") == 1
    assert value(client, "defect_api_refused_packages") == 0
    assert value(client, "defect_api_inspections_limit") == 5


def test_the_room_on_the_media_volume_is_told(
    client: FlaskClient, media: MediaVolume, monkeypatch: pytest.MonkeyPatch
) -> None:
    disks = {media.folder: SimpleNamespace(total=1000, free=123)}
    monkeypatch.setattr(shutil, "disk_usage", disks.__getitem__)
    assert value(client, "defect_api_media_size_bytes") == 1000
    assert value(client, "defect_api_media_free_bytes") == 123


def test_figures_are_told_without_a_media_volume(client: FlaskClient, media: MediaVolume) -> None:
    shutil.rmtree(media.folder)
    assert value(client, "defect_api_ready") == 1
    assert "defect_api_media_free_bytes" not in client.get("/metrics").text


def test_a_service_without_a_model_says_so(settings: Settings) -> None:
    def fail() -> ServedModel:
        raise PackageError("model tiny/1: no")

    slot = ModelSlot(fail, lambda: ["model tiny/1: no"])
    slot.wait(10)
    client = create_app(settings, slot).test_client()
    assert value(client, "defect_api_ready") == 0
    assert value(client, "defect_api_refused_packages") == 1
    assert "defect_api_model_info{" not in client.get("/metrics").text


CONDITION = Condition(name="brightness", value=80, low=20, high=100)
BARE: dict[str, Any] = {"reasons": [], "defects": [], "similarity": None, "conditions": []}


@pytest.mark.parametrize(
    ("facts", "statistic", "observed", "use"),
    [
        ({"conditions": [CONDITION]}, "brightness", 80, 0.8),
        ({"conditions": [CONDITION.model_copy(update={"value": 25})]}, "brightness", 25, 0.8),
        ({"conditions": [CONDITION.model_copy(update={"value": 0})]}, "brightness", 0, 10),
        ({"conditions": [CONDITION.model_copy(update={"value": 0, "low": 0, "high": 0})]}, "brightness", 0, 0),
        ({"conditions": [CONDITION.model_copy(update={"low": None, "high": None})]}, "brightness", 80, None),
        ({"conditions": [CONDITION.model_copy(update={"value": None})]}, "brightness", None, None),
        ({"similarity": Similarity(score=3, limit=4)}, "novelty", 3, 0.75),
    ],
)
def test_statistics_are_held_against_the_cards_limits(
    client: FlaskClient,
    counted: Counted,
    facts: dict[str, Any],
    statistic: str,
    observed: float | None,
    use: float | None,
) -> None:
    record = Record.model_validate_json(post(client).data)
    samples = [f"defect_api_condition{part}" for part in ("_sum", "_count", "_limit_use_sum", "_limit_use_count")]
    for sample in samples:
        counted(sample, statistic=statistic)
    count_inspection(record.model_copy(update={**BARE, **facts}))
    growth = [counted(sample, statistic=statistic) for sample in samples]
    assert growth == [observed or 0, observed is not None, pytest.approx(use or 0), use is not None]
