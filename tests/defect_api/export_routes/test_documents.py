"""Exports over HTTP: one inspection or a set, as a document or a ZIP, sent while they are made."""

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Self, cast

import numpy as np
import pytest
from flask.testing import FlaskClient

from defect_api.app import create_app
from defect_api.card import Card
from defect_api.exports import archive
from defect_api.exports.export import export_set
from defect_api.exports.format import Classes
from defect_api.exports.formats import FORMATS, FormatName
from defect_api.exports.sheet import Sheet
from defect_api.media import MediaVolume
from defect_api.model_package import CARD, ModelPackage
from defect_api.record import Record
from defect_api.room import Room
from defect_api.segmenter import Segmenter
from defect_api.served_model import ServedModel
from defect_api.settings import Settings
from defect_api.state import EXTENSION
from tests.defect_api.conftest import card_document, filled_slot, pixels
from tests.defect_api.export_routes.conftest import EMPTY, export, problem, unzipped
from tests.defect_api.stored import sheet, store
from training import datasets

DOCUMENTS = ("coco", "kaggle", "cvat", "csv")


def test_an_archive_is_made_before_archives_have_dates(
    client: FlaskClient, add: Callable[..., Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Early(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls(1970, 1, 1, tzinfo=tz)

    monkeypatch.setattr(archive, "datetime", Early)
    add()
    assert unzipped(export(client, format="masks"))


def test_every_name_has_its_format() -> None:
    assert set(FORMATS) == set(FormatName)


@pytest.mark.parametrize("name", sorted(set(FormatName) - {FormatName.YOLO}))
def test_one_inspection_is_a_document(client: FlaskClient, add: Callable[..., Record], name: str) -> None:
    record = add()
    answer = export(client, record, format=name)
    form = FORMATS[FormatName(name)]
    assert (answer.status_code, answer.content_type) == (200, form.content_type)
    assert f'filename="{record.id}{form.suffix}"' in answer.headers["Content-Disposition"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Length" not in answer.headers
    assert answer.headers["X-Accel-Buffering"] == "no"
    assert answer.data


def test_yolo_is_a_folder_even_of_one(client: FlaskClient, add: Callable[..., Record]) -> None:
    record = add()
    answer = export(client, record, format="yolo")
    assert set(unzipped(answer)) == {f"labels/{record.id}.txt", "data.yaml"}
    assert f'filename="{record.id}.yolo.zip"' in answer.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("labelme", {"{}.json"}),
        ("yolo", {"labels/{}.txt", "data.yaml"}),
        ("masks", {"masks/{}.png", "classes.txt"}),
        ("report", {"{}.html"}),
        ("pdf", {"{}.pdf"}),
    ],
)
def test_a_set_has_a_file_for_each_sheet(
    client: FlaskClient, add: Callable[..., Record], name: str, files: set[str]
) -> None:
    records = [add("a.png"), add("b.png", q=EMPTY)]
    expected = {file.format(record.id) for file in files for record in records}
    assert set(unzipped(export(client, format=name))) == expected


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_set_is_one_document_where_the_format_has_one(
    client: FlaskClient, add: Callable[..., Record], name: str
) -> None:
    records = [add("a.png"), add("b.png")]
    answer = export(client, format=name)
    assert answer.content_type == FORMATS[FormatName(name)].content_type
    names = [record.image.filename if name == "kaggle" else record.id for record in records]
    assert all(known in answer.text for known in names)


@pytest.mark.parametrize("name", list(FormatName))
def test_an_export_of_nothing_is_sound(client: FlaskClient, name: str) -> None:
    answer = export(client, format=name)
    assert answer.status_code == 200
    if answer.content_type == "application/zip":
        assert not {file for file in unzipped(answer) if file not in ("data.yaml", "classes.txt")}


def test_masks_with_their_originals_can_be_trained_on(
    client: FlaskClient, add: Callable[..., Record], card: Card, tmp_path: Path
) -> None:
    record = add()
    for name, data in unzipped(export(client, format="masks", originals=1)).items():
        (tmp_path / "rolls" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "rolls" / name).write_bytes(data)

    dataset = datasets.find(tmp_path / "rolls")

    assert list(dataset.classes) == card.classes
    (example,) = dataset.examples
    assert example.name == record.id
    assert set(np.unique(example.load()[1])) == {0, *(1 + card.classes.index(d.type) for d in record.defects)}


def test_filters_are_those_of_the_list(client: FlaskClient, add: Callable[..., Record]) -> None:
    add("a.png")
    clean = add("b.png", q=EMPTY)
    assert list(unzipped(export(client, format="labelme", verdict="clean"))) == [f"{clean.id}.json"]
    assert problem(export(client, format="labelme", verdict="good")) == (422, "invalid-parameter")


def test_those_that_are_named_are_exported(client: FlaskClient, add: Callable[..., Record]) -> None:
    wanted = [add("one.png", q=EMPTY), add("two.png"), add("three.png")][:2]
    form = {"format": "csv", "id": [record.id for record in wanted]}
    rows = client.post("/v1/export", data=form).text.splitlines()
    assert {row.split(",")[0] for row in rows[1:]} == {record.id for record in wanted}


def test_sets_are_newest_first(client: FlaskClient, add: Callable[..., Record]) -> None:
    days = ["2026-01-02T00:00:00.000Z", "2026-01-03T00:00:00.000Z", "2026-01-01T00:00:00.000Z"]
    records = [add(f"{index}.png", created_at=day) for index, day in enumerate(days)]
    images = json.loads(export(client, format="coco").data)["images"]
    assert [image["file_name"] for image in images] == [records[index].files.original for index in (1, 0, 2)]


@pytest.mark.parametrize("name", list(FormatName))
def test_originals_come_byte_for_byte_in_a_zip(
    client: FlaskClient, add: Callable[..., Record], media: MediaVolume, name: str
) -> None:
    record = add("../../etc/passwd.png")
    for answer in (export(client, record, format=name, originals=1), export(client, format=name, originals=1)):
        files = unzipped(answer)
        assert files[FORMATS[FormatName(name)].pictures + record.files.original] == media.read(record.files.original)
        assert len(files) >= 2
        assert not [file for file in files if ".." in file or file.startswith("/") or "\\" in file]


def test_kaggles_rows_name_the_pictures_of_the_zip(client: FlaskClient, add: Callable[..., Record]) -> None:
    record = add("=coil.png")
    alone = export(client, record, format="kaggle").text.splitlines()
    beside = unzipped(export(client, record, format="kaggle", originals=1))
    assert alone[1].startswith("'=coil.png,1,")
    assert beside["train.csv"].decode().splitlines()[1].startswith(f"{record.files.original},1,")
    assert f"images/{record.files.original}" in beside


def test_classes_keep_their_numbers_when_the_package_in_service_is_gone(
    settings: Settings, media: MediaVolume, card: Card, models_dir: Path
) -> None:
    served = ServedModel(ModelPackage(models_dir / "tiny" / "1", card), cast("Segmenter", None))
    app = create_app(settings, filled_slot(served))
    record = store(media, card)
    app.extensions[EXTENSION].history.published(record)
    client = app.test_client()

    def sent() -> list[bytes]:
        one, several = export(client, record, format="masks"), export(client, format="cvat")
        assert b"<name>dark</name>" in several.data
        return [one.data, several.data]

    before = sent()
    shutil.rmtree(models_dir / "tiny")
    assert sent() == before


def test_classes_are_numbered_by_the_card_that_judged_and_in_a_set_by_that_in_service_first(
    settings: Settings, media: MediaVolume, card: Card, models_dir: Path
) -> None:
    newer = {"name": "newer", "digest": "sha256:" + "1" * 64, "created_at": "2026-02-01T00:00:00Z"}
    newest = Card.model_validate(card_document(**newer, classes=["scale", "bright", "dark"]))
    (models_dir / "newer" / "1").mkdir(parents=True)
    (models_dir / "newer" / "1" / CARD).write_text(newest.model_dump_json())
    served = ServedModel(ModelPackage(models_dir / "newer" / "1", newest), cast("Segmenter", None))
    app = create_app(settings, filled_slot(served))
    client, shown = app.test_client(), sheet(media, card)
    app.extensions[EXTENSION].history.published(shown.record)

    def numbers(mask: bytes) -> dict[str, int]:
        return {defect.type: int(pixels(mask)[shown.labels == number][0]) for number, defect in shown.numbered}

    assert numbers(export(client, shown.record, format="masks").data) == {"dark": 1, "bright": 2}
    several = unzipped(export(client, format="masks"))
    assert numbers(several[f"masks/{shown.record.id}.png"]) == {"dark": 3, "bright": 2}
    assert several["classes.txt"] == b"scale\nbright\ndark\n"


def test_coco_by_rle_has_no_polygon(client: FlaskClient, add: Callable[..., Record]) -> None:
    record = add()
    for rle, kinds in ((0, {list, dict}), (1, {dict})):
        annotations = json.loads(export(client, record, format="coco", rle=rle).data)["annotations"]
        assert {type(annotation["segmentation"]) for annotation in annotations} == kinds


def test_a_threshold_replays(client: FlaskClient, add: Callable[..., Record]) -> None:
    record = add()
    replayed = client.get(f"/v1/inspections/{record.id}", query_string={"threshold": 0.9}).get_json()
    masks = [pixels(export(client, record, format="masks", **terms).data) for terms in ({}, {"threshold": 0.9})]
    areas = [int(np.count_nonzero(mask)) for mask in masks]
    assert areas[0] == sum(defect.area_px for defect in record.defects)
    assert areas[1] == sum(defect["area_px"] for defect in replayed["defects"])
    assert areas[1] < areas[0]


def test_a_replayed_report_shows_the_replayed_outline(client: FlaskClient, add: Callable[..., Record]) -> None:
    record = add()
    stored, replayed = (export(client, record, format="report", **terms).text for terms in ({}, {"threshold": 1}))
    outlines = [text.partition("base64,")[2].partition('"')[0] for text in (stored, replayed)]
    assert outlines[0] != outlines[1]
    assert "as requested" in replayed


def test_a_shown_report_can_run_and_fetch_nothing(client: FlaskClient, add: Callable[..., Record]) -> None:
    answer = export(client, add(), format="report")
    assert answer.headers["Content-Disposition"].startswith("inline")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "sandbox" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["csv", "yolo", "report", "pdf"])
def test_what_is_made_of_the_record_needs_no_map(
    client: FlaskClient, add: Callable[..., Record], media: MediaVolume, name: str
) -> None:
    record = add()

    def sent() -> list[dict[str, bytes] | bytes]:
        answers = [export(client, record, format=name), export(client, format=name)]
        return [unzipped(answer) if answer.mimetype == "application/zip" else answer.data for answer in answers]

    before = sent()
    for file in (record.files.probability_map, record.files.class_map):
        (media.folder / file).unlink()
    assert sent() == before


@pytest.mark.parametrize("name", list(FormatName))
@pytest.mark.parametrize("originals", [False, True])
def test_sheets_are_taken_one_by_one(media: MediaVolume, card: Card, name: str, originals: bool) -> None:
    record, room, taken = store(media, card), Room(), 0

    def endless() -> Iterator[Sheet]:
        nonlocal taken
        while True:
            taken += 1
            yield Sheet(record.model_copy(update={"id": f"sheet-{taken}"}), media, room)

    sent = export_set(FORMATS[FormatName(name)], endless(), Classes(card.classes), media if originals else None)
    assert next(sent.chunks)
    assert taken <= 1
    while taken < 20:
        assert next(sent.chunks)


def test_the_openapi_document_lists_the_formats(client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    assert document["components"]["schemas"]["FormatName"]["enum"] == [str(name) for name in FormatName]
    for path in ("/v1/export", "/v1/inspections/{inspection_id}/export"):
        operation = document["paths"][path]["get"]
        assert {"format", "originals", "rle", "threshold"} <= {item["name"] for item in operation["parameters"]}
        assert {"application/zip", "application/pdf"} <= set(operation["responses"]["200"]["content"])
