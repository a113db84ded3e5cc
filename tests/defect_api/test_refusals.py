"""What is answered where no sheet can be inspected: something unforeseen, too many at once, no model yet."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from defect_api.app import create_app
from defect_api.places import FOLDER, Places
from defect_api.served_model import ModelSlot, ServedModel, SheetMaps
from defect_api.settings import Settings
from tests.defect_api.second_contract import CLEAN, assert_problem, post
from tests.defect_api.test_metrics import value


def test_what_was_not_foreseen_is_500_without_internals_and_logged_with_them(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def burst(_self: ServedModel, _grey: Any) -> SheetMaps:
        raise RuntimeError("secret detail")

    with monkeypatch.context() as patch:
        patch.setattr(ServedModel, "maps", burst)
        answer = post(client)
    assert "secret" not in answer.text
    assert "secret detail" in caplog.text
    assert_problem(answer, 500, "internal-error")
    assert post(client).status_code == 201


def test_one_inspection_too_many_is_503_at_once(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(queue=1)
    inside, release = threading.Event(), threading.Event()
    run = ServedModel.maps

    def slow(self: ServedModel, grey: np.ndarray[Any, Any]) -> SheetMaps:
        inside.set()
        release.wait(30)
        return run(self, grey)

    monkeypatch.setattr(ServedModel, "maps", slow)
    answers: list[TestResponse] = []
    first = threading.Thread(target=lambda: answers.append(post(app.test_client())))
    first.start()
    assert inside.wait(30)
    held = value(app.test_client(), "defect_api_inspections_held")
    refused = post(app.test_client(), CLEAN)
    release.set()
    first.join(30)
    assert held == 1
    assert_problem(refused, 503, "busy")
    assert int(refused.headers["Retry-After"]) >= 1
    assert answers[0].status_code == 201


def test_all_workers_together_hold_no_more(
    make_app: Callable[..., Flask], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path / "places"))
    client = make_app(queue=1).test_client()
    with Places(1, tmp_path / "places" / "inspections").hold():
        assert_problem(post(client), 503, "busy")
    assert post(client).status_code == 201


def test_a_model_that_is_still_loading_is_503(settings: Settings, model: ServedModel) -> None:
    release = threading.Event()

    def load_later() -> ServedModel:
        release.wait(30)
        return model

    slot = ModelSlot(load_later)
    client = create_app(settings, slot).test_client()
    assert client.get("/livez").status_code == 200
    for answer in (post(client), client.get("/readyz")):
        assert_problem(answer, 503, "not-ready")
        assert int(answer.headers["Retry-After"]) >= 1
    release.set()
    slot.wait(30)
    assert post(client).status_code == 201
