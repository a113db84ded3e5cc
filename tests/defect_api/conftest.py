"""A tiny but real model package: a network that calls dark pixels 'dark' and bright ones 'bright'."""

import os
import shutil

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from defect_api import openvino_export
from defect_api.app import create_app
from defect_api.card import Card
from defect_api.compiled_form import FORMS, NETWORK, write_manifest
from defect_api.images import Grey
from defect_api.judgement import judge
from defect_api.media import MediaVolume
from defect_api.model_package import CARD, WEIGHTS, ModelPackage, file_digest, read_package
from defect_api.png import encode_png
from defect_api.segmenter import KerasSegmenter
from defect_api.served_model import ModelSlot, ServedModel
from defect_api.settings import Settings

DARK, SOUND, BRIGHT = 20, 128, 230


def sheet(*blobs: tuple[int, int, int, int, int], height: int = 256, width: int = 1600) -> Grey:
    """Draw a sound sheet with rectangles (x, y, width, height, grey value)."""
    grey = np.full((height, width), SOUND, np.uint8)
    for x, y, w, h, value in blobs:
        grey[y : y + h, x : x + w] = value
    return grey


def png(picture: np.ndarray[Any, Any]) -> bytes:
    """Encode a picture losslessly."""
    return cv2.imencode(".png", picture)[1].tobytes()


def pixels(data: bytes) -> np.ndarray[Any, Any]:
    """Decode a picture as it is."""
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert decoded is not None
    return decoded


def operating_point(threshold: float, misses: float, false_calls: float) -> dict[str, Any]:
    """Return an operating point whose intervals are wider by up to 10 on both sides."""
    rates = {"misses_per_100": misses, "false_calls_per_100": false_calls}
    estimates = {name: {"value": rate, "interval": [max(0, rate - 10), rate + 10]} for name, rate in rates.items()}
    return {"threshold": threshold, **estimates}


def card_document(**changes: Any) -> dict[str, Any]:
    """Return a valid card of the tiny network."""
    document = {
        "name": "tiny",
        "version": "1",
        "created_at": "2026-01-01T00:00:00Z",
        "digest": "sha256:" + "0" * 64,
        "description": "dark and bright pixels",
        "classes": ["dark", "bright"],
        "input": {"stride": 32, "height": [100, 300], "width": [300, 2000]},
        "threshold": {"value": 0.5, "uncertainty": 0.2, "min_region_px": 20},
        "calibration": {"method": "platt", "feature": "mean_of_largest", "pixels": 50, "slope": 1, "intercept": 0},
        "golden": [
            {
                "sheet": "golden/a.png",
                "probability_map": "golden/a_prob.png",
                "class_map": "golden/a_class.png",
                "verdict": "defect",
                "types": ["bright", "dark"],
            }
        ],
        "tolerance": {"f32": {"dice": 0.999, "map_mae": 0.002}},
        "metrics": [],
        "operating_points": {
            "data": "drawn sheets",
            "method": "made up",
            "defective": 40,
            "clean": 50,
            "points": [operating_point(0.2, 0, 10), operating_point(0.5, 5, 2), operating_point(0.8, 20, 2)],
        },
        "data": [],
        "licence": {"code": "MIT", "weights": "none needed"},
        "training": {},
        "known_weaknesses": ["knows nothing of steel"],
    }
    return {**document, **changes}


def write_tiny_weights(path: Path, slope: float = 60.0) -> None:
    """Save the network: softmax over background, dark and bright; then their sum beside them."""
    import keras

    pixels = keras.Input((None, None, 1), dtype="uint8")
    scaled = keras.layers.Rescaling(1 / 255)(pixels)
    logits = keras.layers.Conv2D(3, 1, activation="softmax", name="classes")(scaled)
    output = keras.layers.Conv2D(3, 1, use_bias=False, name="probabilities")(logits)
    model = keras.Model(pixels, output)
    model.get_layer("classes").set_weights(
        [np.array([[[[0, -slope, slope]]]], np.float32), np.array([0, slope * 0.3, -slope * 0.7], np.float32)]
    )
    model.get_layer("probabilities").set_weights([np.array([[[[0, 0, 0], [1, 1, 0], [1, 0, 1]]]], np.float32)])
    model.save(path)


def bring_form(package: Path, precision: str) -> Path:
    """Have the package bring a compiled form of its weights as they are now; return the form's folder."""
    folder = package / FORMS / precision
    openvino_export.export(package / WEIGHTS, folder / NETWORK)
    write_manifest(folder, file_digest(package / WEIGHTS))
    return folder


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("models")
    package = folder / "tiny" / "1"
    (package / "golden").mkdir(parents=True)
    write_tiny_weights(package / WEIGHTS)
    bring_form(package, "f32")
    card = Card.model_validate(card_document(digest=file_digest(package / WEIGHTS)))
    (package / CARD).write_text(card.model_dump_json())
    golden = sheet((100, 50, 40, 30, DARK), (700, 100, 60, 20, BRIGHT))
    maps = ServedModel(read_package(package), KerasSegmenter(package / WEIGHTS)).maps(golden)
    for name, picture in (("a", golden), ("a_prob", maps.q), ("a_class", maps.classes)):
        (package / "golden" / f"{name}.png").write_bytes(encode_png(picture))
    assert judge(maps.q, maps.classes, card).verdict == "defect"
    return folder


@pytest.fixture
def copied(tmp_path: Path, models_dir: Path) -> Path:
    """A copy of the package that a test may change."""
    shutil.copytree(models_dir, tmp_path / "models")
    return tmp_path / "models" / "tiny" / "1"


@pytest.fixture(scope="session")
def package(models_dir: Path) -> ModelPackage:
    return read_package(models_dir / "tiny" / "1")


@pytest.fixture(scope="session")
def model(package: ModelPackage) -> ServedModel:
    return ServedModel(package, KerasSegmenter(package.weights))


@pytest.fixture
def card() -> Card:
    return Card.model_validate(card_document())


@pytest.fixture
def settings(tmp_path: Path, models_dir: Path) -> Settings:
    return Settings(media_dir=tmp_path / "media", state_dir=tmp_path / "state", models_dir=models_dir)


@pytest.fixture
def media(settings: Settings) -> MediaVolume:
    return MediaVolume(settings.media_dir)


def filled_slot(model: ServedModel) -> ModelSlot:
    """Return a slot whose model is in service already."""
    slot = ModelSlot(lambda: model)
    slot.wait(10)
    return slot


@pytest.fixture
def make_app(settings: Settings, model: ServedModel) -> Callable[..., Flask]:
    """Make applications whose settings differ in what is given."""

    def make(**changes: Any) -> Flask:
        app = create_app(settings.model_copy(update=changes), filled_slot(model))
        app.testing = False
        return app

    return make


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[..., Any]], str]]:
    running = []

    def start(application: Callable[..., Any]) -> str:
        server = make_server("127.0.0.1", 0, application, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join(10)
        server.server_close()
