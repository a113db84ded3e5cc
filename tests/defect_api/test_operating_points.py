"""What each threshold leads to: read from the service, and asked for in place of a number."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from defect_api.media import MediaVolume
from defect_api.model_package import CARD, ModelPackage
from tests.defect_api.conftest import card_document
from tests.defect_api.second_contract import BLURRED, URL, assert_problem, post

POINTS = "/v1/models/tiny/operating-points"


@pytest.fixture
def several(models_dir: Path, tmp_path: Path) -> Path:
    """Return a models folder with the served package and a newer one without operating points."""
    folder = tmp_path / "models"
    shutil.copytree(models_dir, folder)
    newer = folder / "tiny" / "2"
    shutil.copytree(folder / "tiny" / "1", newer)
    card = json.loads((newer / CARD).read_text())
    later = {"version": "2", "created_at": "2027-01-01T00:00:00Z", "operating_points": None}
    (newer / CARD).write_text(json.dumps(card | later))
    return folder


def test_they_are_those_of_the_card(client: FlaskClient, package: ModelPackage) -> None:
    document: dict[str, Any] = json.loads(client.get(POINTS).data)
    own = {name: document.pop(name) for name in ("name", "version", "digest")}
    assert own == {"name": "tiny", "version": "1", "digest": package.card.digest}
    assert document == card_document()["operating_points"]


def test_the_version_in_service_is_the_default(make_app: Callable[..., Flask], several: Path) -> None:
    client = make_app(models_dir=several).test_client()
    assert client.get(POINTS).json["version"] == "1"  # type: ignore[index]
    assert client.get(f"{POINTS}?version=1").json["version"] == "1"  # type: ignore[index]


def test_a_card_without_them_is_told(make_app: Callable[..., Flask], several: Path) -> None:
    answer = make_app(models_dir=several).test_client().get(f"{POINTS}?version=2")
    assert "tiny/2 has no operating points" in assert_problem(answer, 404, "not-found")


@pytest.mark.parametrize(
    ("address", "named"), [(f"{POINTS}?version=9", "'tiny/9'"), (POINTS.replace("tiny", "huge"), "'huge'")]
)
def test_a_model_that_is_not_there_is_named(client: FlaskClient, address: str, named: str) -> None:
    assert named in assert_problem(client.get(address), 404, "not-found")


def test_they_are_in_the_openapi_document(client: FlaskClient) -> None:
    paths = json.loads(client.get("/openapi.json").data)["paths"]
    assert "get" in paths["/v1/models/{model_name}/operating-points"]


@pytest.mark.parametrize("wish", ["otsu", "max_false_calls:5", "min_recall:0.9", "0.3"])
def test_every_way_to_ask_for_a_threshold_gives_the_same(client: FlaskClient, wish: str) -> None:
    record = post(client, BLURRED, threshold=wish).json
    assert record["threshold"]["requested"] == wish  # type: ignore[index]
    identifier = record["id"]  # type: ignore[index]
    assert client.get(f"{URL}/{identifier}", query_string={"threshold": wish}).json == record
    query = {"threshold": wish, "filename": "coil 7.png"}
    assert client.post(URL, data=BLURRED, query_string=query, content_type="image/png").json == record
    stored = {"filename": f"{identifier}.png", "threshold": wish}
    assert client.post(URL, json=stored).json == record


def test_exports_take_it_too(client: FlaskClient) -> None:
    identifier = post(client, BLURRED).json["id"]  # type: ignore[index]
    table = client.get(f"{URL}/{identifier}/export?format=csv&threshold=min_recall:1").text
    assert ",0.2,requested," in table.splitlines()[1]


@pytest.mark.parametrize("name", ["csv", "coco", "masks"])
def test_exports_of_a_set_are_refused_before_anything_is_sent(client: FlaskClient, name: str) -> None:
    post(client, BLURRED)
    answer = client.get(f"/v1/export?format={name}&threshold=max_false_calls:1")
    assert "the fewest are 2, at 0.5" in assert_problem(answer, 422, "invalid-parameter")


def test_what_no_threshold_gives_is_refused_before_anything_is_stored(client: FlaskClient, media: MediaVolume) -> None:
    answer = post(client, threshold="max_false_calls:1")
    assert "the fewest are 2, at 0.5" in assert_problem(answer, 422, "invalid-parameter")
    assert media.files() == []


@pytest.mark.parametrize("wish", ["otsu:1", "max_false_calls:many", "min_recall:2"])
def test_a_wish_that_is_none_names_the_parameter(client: FlaskClient, wish: str) -> None:
    detail = assert_problem(post(client, threshold=wish), 422, "invalid-parameter")
    assert "'threshold'" in detail
    assert "max_false_calls:<n>" in detail
