"""Exports over HTTP: one inspection or a set, as a document or a ZIP, sent while they are made."""

import io
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from defect_api.app import create_app
from defect_api.card import Card
from defect_api.exports.export import export_set
from defect_api.exports.format import Classes
from defect_api.exports.formats import FORMATS, FormatName
from defect_api.exports.sheet import Sheet
from defect_api.media import MediaVolume
from defect_api.model_package import CARD, ModelPackage, PackageError
from defect_api.png import encode_png
from defect_api.problems import Conflict
from defect_api.record import ModelFacts, Record
from defect_api.room import Room
from defect_api.routes import exports
from defect_api.segmenter import Segmenter
from defect_api.served_model import ModelSlot, ServedModel
from defect_api.settings import Settings
from defect_api.state import EXTENSION
from tests.defect_api.conftest import card_document, filled_slot, pixels
from tests.defect_api.stored import HEIGHT, WIDTH, store

DOCUMENTS = ("coco", "kaggle", "cvat", "csv")
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
        app.extensions[EXTENSION].history.published(record.id)
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
        ("masks", {"masks/{}.png", "classes.csv"}),
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
        assert not {file for file in unzipped(answer) if file not in ("data.yaml", "classes.csv")}


def test_filters_are_those_of_the_list(client: FlaskClient, add: Callable[..., Record]) -> None:
    add("a.png")
    clean = add("b.png", q=EMPTY)
    assert list(unzipped(export(client, format="labelme", verdict="clean"))) == [f"{clean.id}.json"]
    assert problem(export(client, format="labelme", verdict="good")) == (422, "invalid-parameter")


def test_those_that_are_named_are_exported(client: FlaskClient, add: Callable[..., Record]) -> None:
    wanted = [add("one.png", q=EMPTY), add("two.png"), add("three.png")][:2]
    form = {"format": "csv", "id": [record.id for record in wanted]}
    rows = client.post("/v1/export", data=form).text.splitlines()
    assert {row.split(",")[0] for row in rows[1:]} == {record.id for record in wanted if record.defects}


@pytest.mark.parametrize(
    "form",
    [{"format": "csv"}, {"format": "csv", "id": ["x"] * 501}, {"id": "x"}, {"format": "csv", "id": "x\0"}],
)
def test_a_form_that_names_none_too_many_or_what_cannot_be_is_422(client: FlaskClient, form: dict[str, object]) -> None:
    assert client.post("/v1/export", data=form).status_code == 422


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
    app.extensions[EXTENSION].history.published(record.id)
    client = app.test_client()

    def sent() -> list[bytes]:
        one, several = export(client, record, format="masks"), export(client, format="cvat")
        assert b"<name>dark</name>" in several.data
        return [one.data, several.data]

    before = sent()
    shutil.rmtree(models_dir / "tiny")
    assert sent() == before


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


@pytest.mark.parametrize(
    "options", [{}, {"format": "pascal"}, {"format": "csv", "rle": "1"}, {"format": "coco", "x": "1"}]
)
def test_what_cannot_be_meant_is_422(client: FlaskClient, add: Callable[..., Record], options: dict[str, str]) -> None:
    for record in (add(), None):
        assert problem(export(client, record, **options)) == (422, "invalid-parameter")


def test_an_unknown_inspection_is_404(client: FlaskClient) -> None:
    answer = client.get("/v1/inspections/coil-0123456789abcdef/export?format=coco")
    assert problem(answer) == (404, "not-found")


def test_an_inspection_whose_files_are_gone_is_404(
    client: FlaskClient, add: Callable[..., Record], media: MediaVolume
) -> None:
    record = add()
    (media.folder / record.files.probability_map).unlink()
    assert problem(export(client, record, format="masks")) == (404, "not-found")


def test_what_is_deleted_meanwhile_is_left_out_of_a_set(
    client: FlaskClient, add: Callable[..., Record], media: MediaVolume
) -> None:
    gone, there = add("a.png"), add("b.png")
    for name in gone.files.names():
        (media.folder / name).unlink()
    assert set(unzipped(export(client, format="masks", originals=1))) == {
        f"masks/{there.id}.png",
        f"images/{there.files.original}",
        "classes.csv",
    }


@pytest.mark.parametrize("name", ["masks", "coco"])
def test_a_map_of_another_picture_is_409(
    client: FlaskClient, add: Callable[..., Record], media: MediaVolume, name: str
) -> None:
    record, other = add("a.png"), add("b.png", q=EMPTY)
    (media.folder / record.files.probability_map).write_bytes(media.read(other.files.probability_map))
    assert problem(export(client, record, format=name)) == (409, "conflict")


@pytest.mark.parametrize("damage", [b"", b"no picture", encode_png(EMPTY[:64])], ids=["empty", "torn", "smaller"])
@pytest.mark.parametrize(
    ("file", "options"),
    [
        ("probability_map", {"format": "masks"}),
        ("probability_map", {"format": "coco"}),
        ("probability_map", {"format": "csv", "threshold": 0.4}),
        ("class_map", {"format": "csv", "threshold": 0.4}),
    ],
)
def test_a_damaged_map_is_told_before_anything_is_sent(
    client: FlaskClient, add: Callable[..., Record], media: MediaVolume, damage: bytes, file: str, options: Any
) -> None:
    record = add("a.png", created_at="2026-01-01T00:00:00.000Z")
    add("b.png")
    (media.folder / getattr(record.files, file)).write_bytes(damage)
    for answer in (export(client, record, **options), export(client, **options)):
        assert problem(answer) == (409, "conflict")
        assert record.id in answer.text


@pytest.mark.parametrize("damage", [b"", b"no picture"])
def test_a_damaged_overlay_is_told(
    client: FlaskClient, add: Callable[..., Record], media: MediaVolume, damage: bytes
) -> None:
    record = add()
    (media.folder / record.files.overlay).write_bytes(damage)
    assert problem(export(client, record, format="report")) == (409, "conflict")


def test_a_table_of_what_was_stored_needs_no_map(
    client: FlaskClient, add: Callable[..., Record], media: MediaVolume
) -> None:
    record = add()
    (media.folder / record.files.probability_map).write_bytes(b"")
    assert record.id in export(client, format="csv").text


def test_a_set_in_which_a_model_is_gone_is_not_judged_anew(
    client: FlaskClient, add: Callable[..., Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "CHECKED", 1)
    gone = ModelFacts(name="tiny", version="0", digest="sha256:" + "1" * 64, engine="none", precision="f32")
    record = add("a.png", created_at="2026-01-01T00:00:00.000Z", model=gone)
    add("b.png")
    answer = export(client, format="csv", threshold=0.4)
    assert problem(answer) == (409, "conflict")
    assert f"The model tiny/0 that judged '{record.id}'" in answer.text
    assert record.id in export(client, format="csv").text
    assert export(client, format="csv", threshold=0.4, created_from="2026-01-02T00:00:00Z").status_code == 200


def test_what_fails_further_on_leaves_the_body_without_its_end(
    client: FlaskClient, add: Callable[..., Record], media: MediaVolume, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "CHECKED", 0)
    records = [add(f"{day}.png", created_at=f"2026-01-0{day}T00:00:00.000Z") for day in (1, 2, 3)]
    middle = sorted(records, key=lambda record: record.id)[1]
    (media.folder / middle.files.probability_map).write_bytes(b"")
    answer = export(client, format="coco")
    assert answer.status_code == 200
    with pytest.raises(Conflict, match=middle.id):
        _ = answer.data


@pytest.mark.parametrize(("sheets", "looked_at"), [(1, 1), (2, 2), (5, 3)])
def test_no_more_pixels_are_looked_at_before_anything_is_sent_than_a_second_allows(
    client: FlaskClient,
    add: Callable[..., Record],
    app: Flask,
    monkeypatch: pytest.MonkeyPatch,
    sheets: int,
    looked_at: int,
) -> None:
    monkeypatch.setattr(exports, "CHECKED_PX", 2.5 * HEIGHT * WIDTH)
    records = [add(f"{day}.png", created_at=f"2026-01-0{day}T00:00:00.000Z") for day in range(sheets, 0, -1)]
    seen: list[str] = []
    monkeypatch.setattr(app.extensions[EXTENSION].inspector, "check_replay", lambda record, _: seen.append(record.id))
    # one of each model comes before the newest
    assert export(client, format="coco").status_code == 200
    assert seen[1:] == [record.id for record in records[:looked_at]]


@pytest.mark.parametrize("count", [1, 8])
def test_names_that_nothing_has_are_404(client: FlaskClient, add: Callable[..., Record], count: int) -> None:
    add()
    names = [f"gone-{number:016x}" for number in range(count)]
    answer = client.post("/v1/export", data={"format": "masks", "id": names})
    assert problem(answer) == (404, "not-found")
    assert f"'{names[0]}'" in answer.text
    assert ("3 more" in answer.text) == (count == 8)


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
