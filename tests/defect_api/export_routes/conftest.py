"""A service without a model, inspections in it, and how tests ask for exports of them."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from defect_api.app import create_app
from defect_api.card import Card
from defect_api.media import MediaVolume
from defect_api.model_package import CARD, PackageError
from defect_api.record import Record
from defect_api.served_model import ModelSlot, ServedModel
from defect_api.settings import Settings
from defect_api.state import EXTENSION
from tests.defect_api.conftest import card_document
from tests.defect_api.stored import HEIGHT, WIDTH, store

EMPTY = np.zeros((HEIGHT, WIDTH), np.uint8)


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    """A card is all that exports need of a model."""
    folder = tmp_path / "models" / "tiny" / "1"
    folder.mkdir(parents=True)
    (folder / CARD).write_text(Card.model_validate(card_document()).model_dump_json())
    return tmp_path / "models"


@pytest.fixture
def app(settings: Settings) -> Flask:
    def load() -> ServedModel:
        raise PackageError("exports run without one")

    return create_app(settings, ModelSlot(load))


@pytest.fixture
def add(app: Flask, media: MediaVolume, card: Card) -> Callable[..., Record]:
    def make(filename: str = "coil 7.png", **changes: object) -> Record:
        record = store(media, card, filename, **changes)
        app.extensions[EXTENSION].history.published(record)
        return record

    return make


def export(client: FlaskClient, record: Record | None = None, /, **options: object) -> TestResponse:
    address = f"/v1/inspections/{record.id}/export" if record else "/v1/export"
    return client.get(address, query_string=options)


def unzipped(answer: TestResponse) -> dict[str, bytes]:
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def problem(answer: TestResponse) -> tuple[int, str]:
    assert answer.content_type == "application/problem+json"
    return answer.status_code, str(json.loads(answer.data)["type"]).rpartition(":")[2]
