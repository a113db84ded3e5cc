"""Judging the stored maps again: other thresholds, the curve."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from benchmarks.replay import disagreements, pictures
from defect_api.inspection import Inspector, Upload
from defect_api.judgement import Terms
from defect_api.media import MediaVolume
from defect_api.record import Record
from defect_api.served_model import ServedModel, SheetMaps
from defect_api.settings import Settings
from tests.defect_api.conftest import filled_slot, png
from tests.defect_api.second_contract import BLURRED, URL, assert_problem, post
from training import sheets

SHARED = Path(os.environ.get("DATA_DIR", Path(__file__).resolve().parents[3] / "shared" / "data"))
SEVERSTAL = SHARED / "severstal" / "images"


def test_another_threshold_is_a_replay_and_the_stored_record_stays(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = post(client).json

    def must_not_run(_self: ServedModel, _grey: Any) -> SheetMaps:
        raise AssertionError("the model ran")

    monkeypatch.setattr(ServedModel, "maps", must_not_run)
    replayed = post(client, threshold="0.999")
    assert replayed.status_code == 200
    assert replayed.json["threshold"]["method"] == "requested"  # type: ignore[index]
    assert replayed.json["threshold"]["value"] == 0.999  # type: ignore[index]
    assert post(client).json == stored


def test_a_first_post_with_a_threshold_equals_its_replay(client: FlaskClient) -> None:
    fresh = post(client, threshold="0.2")
    assert fresh.status_code == 201
    assert post(client, threshold="0.2").json == fresh.json
    assert post(client).json["threshold"]["method"] == "calibrated"  # type: ignore[index]


@pytest.mark.parametrize("threshold", ["0", "-1", "1.1", "much", "nan", "inf"])
def test_a_threshold_that_is_none_is_refused(client: FlaskClient, threshold: str) -> None:
    assert "threshold" in assert_problem(post(client, threshold=threshold), 422, "invalid-parameter")


@pytest.mark.parametrize("threshold", [0.05, 0.3, 0.999])
def test_a_replay_equals_a_fresh_inspection_at_that_threshold(client: FlaskClient, threshold: float) -> None:
    fresh = post(client, BLURRED, threshold=str(threshold)).json
    identifier = post(client, BLURRED).json["id"]  # type: ignore[index]
    assert client.get(f"{URL}/{identifier}?threshold={threshold}").json == fresh


def test_the_curve_equals_the_replays(client: FlaskClient) -> None:
    identifier = post(client, BLURRED).json["id"]  # type: ignore[index]
    points = client.get(f"{URL}/{identifier}/curve").json["points"]  # type: ignore[index]
    assert [point["threshold"] for point in points] == [value / 255 for value in range(5, 256, 5)]
    for point in points[::10]:
        record = client.get(f"{URL}/{identifier}", query_string={"threshold": repr(point["threshold"])}).json
        areas = [defect["area_px"] for defect in record["defects"]]  # type: ignore[index]
        assert (point["count"], point["area_px"]) == (len(areas), sum(areas))
    assert points[0]["area_px"] > points[-1]["area_px"] > 0


def test_without_the_models_card_there_is_no_replay(client: FlaskClient, media: MediaVolume) -> None:
    record = Record.model_validate_json(post(client).data)
    older = record.model_copy(update={"model": record.model.model_copy(update={"digest": "sha256:" + "1" * 64})})
    (media.folder / f"{record.id}.json").write_text(older.model_dump_json())
    assert "no longer there" in assert_problem(client.get(f"{URL}/{record.id}?threshold=0.3"), 409, "conflict")


@pytest.fixture
def inspector(media: MediaVolume, model: ServedModel, settings: Settings) -> Inspector:
    return Inspector(media, filled_slot(model), settings)


def test_a_replay_is_by_the_card_that_judged_though_another_of_the_same_weights_is_served(
    inspector: Inspector, media: MediaVolume, model: ServedModel, settings: Settings
) -> None:
    record, _ = inspector.inspect(Upload(BLURRED, "sheet.png"))
    card = model.package.card
    rule = card.threshold.model_copy(update={"min_region_px": record.image.pixels})
    twin = card.model_copy(update={"version": "2", "threshold": rule})
    serving = replace(model, package=replace(model.package, card=twin))
    replayed = Inspector(media, filled_slot(serving), settings).replay(record, Terms(threshold=0.4))
    assert replayed == inspector.replay(record, Terms(threshold=0.4))
    assert replayed.defects


@pytest.mark.parametrize("seed", [1, 2])
def test_a_replay_equals_a_fresh_run_on_a_generated_sheet(inspector: Inspector, model: ServedModel, seed: int) -> None:
    upload = Upload(png(sheets.generate(seed, defects=(1, 3, 4)).image), "generated.png")
    different, defects = disagreements(inspector, model, upload)
    assert different == 0
    assert defects > 5


def test_a_curve_that_is_off_is_a_disagreement(
    inspector: Inspector, model: ServedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspector, "curve", lambda _record: [(0.4, 99, 1)])
    assert disagreements(inspector, model, Upload(BLURRED, "sheet.png"))[0] == 1


@pytest.mark.skipif(not SEVERSTAL.is_dir(), reason="the Severstal sample is not there")
def test_a_replay_equals_a_fresh_run_on_real_sheets(inspector: Inspector, model: ServedModel) -> None:
    for path in list(pictures(SEVERSTAL))[::40]:
        assert disagreements(inspector, model, Upload(path.read_bytes(), path.name))[0] == 0
