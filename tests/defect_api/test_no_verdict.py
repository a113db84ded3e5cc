"""A sheet that the model cannot judge, through the whole service: told, still mapped, the same on replay."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from flask.testing import FlaskClient

from defect_api import command_line
from defect_api.app import create_app
from defect_api.media import MediaVolume
from defect_api.model_package import PackageError
from defect_api.record import Record, Similarity
from defect_api.served_model import ServedModel
from defect_api.settings import Settings
from tests.defect_api.conftest import filled_slot, png
from tests.defect_api.second_contract import URL, post
from tests.defect_api.test_conditions import KNOWN, steel

DIM = png(steel(mean=20))
FINE = png(steel())


@pytest.fixture
def strict(model: ServedModel) -> ServedModel:
    """Return the tiny model with limits in its card."""
    return replace(
        model, package=replace(model.package, card=model.package.card.model_copy(update={"conditions": KNOWN}))
    )


@pytest.fixture
def client(strict: ServedModel, settings: Settings) -> FlaskClient:
    return create_app(settings, filled_slot(strict)).test_client()


def test_it_is_told_why_with_every_value_and_limit(client: FlaskClient, media: MediaVolume) -> None:
    record = Record.model_validate_json(post(client, DIM).data)
    assert record.verdict == "no_verdict"
    assert [reason.code for reason in record.reasons] == ["too-dark"]
    measured = {condition.name: condition for condition in record.conditions}
    assert measured["brightness"].low == 30
    assert measured["brightness"].value == pytest.approx(20, abs=2)
    assert set(measured) == {"strip_share", "brightness", "saturated_share", "texture", "sharpness"}
    assert {record.files.overlay, record.files.probability_map, record.files.class_map} <= {
        path.name for path in media.folder.iterdir()
    }


def test_a_sheet_within_the_limits_is_judged(client: FlaskClient) -> None:
    record = Record.model_validate_json(post(client, FINE).data)
    assert record.verdict in ("clean", "defect")
    assert record.reasons == []


@pytest.mark.parametrize("threshold", ["0.1", "0.9"])
def test_a_replay_says_the_same_as_a_fresh_inspection(client: FlaskClient, threshold: str) -> None:
    fresh = post(client, DIM, threshold=threshold).json
    assert fresh is not None
    assert fresh["verdict"] == "no_verdict"
    assert client.get(f"{URL}/{fresh['id']}?threshold={threshold}").json == fresh


def test_a_sheet_unlike_the_training_data_is_told_and_is_so_on_replay(
    client: FlaskClient, strict: ServedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward = strict.segmenter.forward
    monkeypatch.setattr(strict.segmenter, "forward", lambda batch: (forward(batch)[0], np.full((1, 1), 3)))
    fresh = Record.model_validate_json(post(client, FINE).data)
    assert fresh.similarity == Similarity(score=3, limit=2)
    for record in (fresh, Record.model_validate_json(client.get(f"{URL}/{fresh.id}?threshold=0.4").data)):
        assert record.verdict == "no_verdict"
        assert [reason.code for reason in record.reasons] == ["unlike-training-data"]


def test_a_record_from_before_there_were_limits_is_still_read(client: FlaskClient) -> None:
    document = post(client, FINE).json
    assert document is not None
    del document["conditions"]
    assert Record.model_validate(document).conditions == []


def test_the_first_contract_still_answers(client: FlaskClient, media: MediaVolume) -> None:
    (media.folder / "dim.png").write_bytes(DIM)
    answer = client.get("/get_defect_contour", query_string={"filename": "dim.png"})
    assert answer.status_code == 200
    assert set(answer.json or {}) == {"max_prob", "defect_thresh", "contour_pixels", "filename"}


def test_the_command_line_ends_with_1_and_prints_the_reason(
    strict: ServedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command_line, "load_model", lambda _settings: strict)
    (tmp_path / "dim.png").write_bytes(DIM)
    assert command_line.main([str(tmp_path / "dim.png"), "--out", str(tmp_path / "out")]) == 1
    assert "no_verdict" in (printed := capsys.readouterr().out)
    assert "too dark" in printed


def test_golden_sheets_that_the_limits_refuse_fail_the_package(strict: ServedModel, model: ServedModel) -> None:
    model.prove()
    with pytest.raises(PackageError, match="came out no_verdict"):
        strict.prove()
