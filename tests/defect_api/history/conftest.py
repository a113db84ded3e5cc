"""Four inspections with their index, and how tests look at both."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from defect_api.history.history import History
from defect_api.inspection import Inspector, Upload
from defect_api.media import MediaVolume
from defect_api.names import inspection_id
from defect_api.record import Record, rfc3339
from defect_api.served_model import ServedModel
from defect_api.settings import Settings
from defect_api.state import EXTENSION
from tests.defect_api.conftest import filled_slot
from tests.defect_api.history.postgresql import serving
from tests.defect_api.second_contract import DEFECTIVE, URL

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
# of what is asked of the database, not of its file; the server's is one for all tests, emptied by `history.prepare`
ON_BOTH = pytest.mark.parametrize("settings", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with serving() as url:
        yield url


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """Keep the index in SQLite unless the test names another database."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return settings
    return settings.model_copy(update={"history_url": request.getfixturevalue("server")})


@pytest.fixture
def app(app: Flask) -> Iterator[Flask]:
    """Give the server its connections back."""
    yield app
    app.extensions[EXTENSION].history.close()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, models_dir: Path, model: ServedModel) -> Record:
    """A real record, of another volume."""
    settings = Settings(models_dir=models_dir)
    inspector = Inspector(MediaVolume(tmp_path_factory.mktemp("template")), filled_slot(model), settings)
    return inspector.inspect(Upload(DEFECTIVE, "template.png"))[0]


@pytest.fixture
def history(settings: Settings, media: MediaVolume) -> Iterator[History]:
    history = History(settings, media)
    history.prepare(anew=True)
    yield history
    history.close()


def store(media: MediaVolume, template: Record, name: str, **changes: Any) -> Record:
    """Publish a record called `name` with its files, as an inspection does, but without telling the history."""
    identifier = inspection_id(name, hashlib.sha256(name.encode()).hexdigest())
    suffixes = {"original": "", "overlay": "_overlay", "probability_map": "_prob", "class_map": "_class"}
    files = {kind: f"{identifier}{suffix}.png" for kind, suffix in suffixes.items()}
    record = template.model_copy(
        update={
            "id": identifier,
            "image": template.image.model_copy(update={"filename": name}),
            "files": template.files.model_copy(update=files),
            **changes,
        }
    )
    with media.publication() as written:
        for file in record.files.names():
            written.stage(file, b"x" * 100)
        written.stage(f"{identifier}.json", record.model_dump_json().encode())
    return record


@pytest.fixture
def stored(media: MediaVolume, template: Record, history: History) -> list[Record]:
    """Four inspections, an hour apart: a defect, a clean sheet, another defect, one without verdict."""
    bright, dark = template.defects
    records = [
        store(media, template, name, created_at=rfc3339(START + timedelta(hours=hours)), **changes)
        for hours, (name, changes) in enumerate(
            [
                ("Coil 1.png", {"defect_probability": 0.9, "defects": [bright, dark]}),
                ("coil 2.png", {"defect_probability": 0.1, "defects": [], "verdict": "clean"}),
                ("Blech Ü_3.png", {"defect_probability": 0.7, "defects": [dark]}),
                ("coil 4%.png", {"defect_probability": 0.7, "defects": [], "verdict": "no_verdict"}),
            ]
        )
    ]
    for record in records:
        history.published(record)
    return records


def listed(client: FlaskClient, **query: Any) -> list[str]:
    answer = client.get(URL, query_string=query)
    assert answer.status_code == 200, answer.text
    return [item["image"]["filename"] for item in answer.json["items"]]  # type: ignore[index]


def entries(history: History) -> set[str]:
    return set(history.index.stamps())


FIRST, SECOND, THIRD, FOURTH = "Coil 1.png", "coil 2.png", "Blech Ü_3.png", "coil 4%.png"
