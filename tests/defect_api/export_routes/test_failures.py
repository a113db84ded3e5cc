"""Exports of what is unknown, gone, damaged or foreign: told before anything is sent, where that is possible."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from defect_api.card import Card
from defect_api.exports.export import export_one
from defect_api.exports.format import Classes
from defect_api.exports.formats import FORMATS, FormatName
from defect_api.exports.sheet import Sheet
from defect_api.media import MediaVolume
from defect_api.model_package import CARD
from defect_api.png import encode_png
from defect_api.problems import Conflict, NotFound
from defect_api.record import ModelFacts, Record
from defect_api.room import Room
from defect_api.routes import exports
from defect_api.state import EXTENSION
from tests.defect_api.export_routes.conftest import EMPTY, export, problem, unzipped
from tests.defect_api.stored import HEIGHT, WIDTH


@pytest.mark.parametrize(
    "form",
    [
        {"format": "csv"},
        {"format": "csv", "id": ["x"] * 501},
        {"id": "x"},
        {"format": "csv", "id": "x\0"},
        {"format": ["csv", "coco"], "id": "x"},
    ],
)
def test_a_form_that_names_none_too_many_or_what_cannot_be_is_422(client: FlaskClient, form: dict[str, object]) -> None:
    assert client.post("/v1/export", data=form).status_code == 422


@pytest.mark.parametrize(
    "options", [{}, {"format": "pascal"}, {"format": "csv", "rle": "1"}, {"format": "coco", "x": "1"}]
)
def test_what_cannot_be_meant_is_422(client: FlaskClient, add: Callable[..., Record], options: dict[str, str]) -> None:
    for record in (add(), None):
        assert problem(export(client, record, **options)) == (422, "invalid-parameter")


def test_an_unknown_inspection_is_404(client: FlaskClient) -> None:
    answer = client.get("/v1/inspections/coil-0123456789abcdef/export?format=coco")
    assert problem(answer) == (404, "not-found")


@pytest.mark.parametrize(
    ("file", "options"),
    [
        ("probability_map", {"format": "masks"}),
        ("original", {"format": "csv", "originals": 1}),
        ("overlay", {"format": "report"}),
    ],
)
def test_a_file_that_is_gone_is_told_and_its_sheet_not_left_out(
    client: FlaskClient, add: Callable[..., Record], media: MediaVolume, file: str, options: dict[str, Any]
) -> None:
    record = add()
    (media.folder / getattr(record.files, file)).unlink()
    for answer in (export(client, record, **options), export(client, **options)):
        assert problem(answer) == (409, "conflict")
        assert f"'{record.id}' is gone ({getattr(record.files, file)})" in answer.text


def test_one_that_is_deleted_meanwhile_is_not_found(add: Callable[..., Record], media: MediaVolume, card: Card) -> None:
    record = add()
    media.delete(record.id)
    with pytest.raises(NotFound, match=record.id):
        export_one(FORMATS[FormatName.MASKS], Sheet(record, media, Room()), Classes(card.classes), originals=False)


@pytest.mark.parametrize("name", ["kaggle", "masks"])
def test_classes_that_no_card_numbers_are_not_numbered_at_random(
    client: FlaskClient, add: Callable[..., Record], models_dir: Path, name: str
) -> None:
    record = add()
    (models_dir / "tiny" / "1" / CARD).unlink()
    for answer in (export(client, record, format=name), export(client, format=name)):
        assert problem(answer) == (409, "conflict")
        assert record.defects[0].type in answer.text
    assert record.id in export(client, format="csv").text


def test_what_is_deleted_meanwhile_is_left_out_of_a_set(
    client: FlaskClient, add: Callable[..., Record], media: MediaVolume
) -> None:
    gone, there = add("a.png"), add("b.png")
    for name in (f"{gone.id}.json", *gone.files.names()):
        (media.folder / name).unlink()
    assert set(unzipped(export(client, format="masks", originals=1))) == {
        f"masks/{there.id}.png",
        f"images/{there.files.original}",
        "classes.txt",
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
@pytest.mark.parametrize(("file", "options"), [("overlay", {}), ("original", {"threshold": 0.4})])
@pytest.mark.parametrize("name", ["report", "pdf"])
def test_a_damaged_picture_is_told_before_a_report_is_sent(
    client: FlaskClient,
    add: Callable[..., Record],
    media: MediaVolume,
    damage: bytes,
    file: str,
    options: dict[str, Any],
    name: str,
) -> None:
    record = add("a.png", created_at="2026-01-01T00:00:00.000Z")
    add("b.png")
    (media.folder / getattr(record.files, file)).write_bytes(damage)
    for answer in (export(client, record, format=name, **options), export(client, format=name, **options)):
        assert problem(answer) == (409, "conflict")
        assert record.id in answer.text


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
    record = add()
    names = [f"gone-{number:016x}" for number in range(count)]
    answer = client.post("/v1/export", data={"format": "masks", "id": [record.id, *names]})
    assert record.id not in answer.text
    assert problem(answer) == (404, "not-found")
    assert f"'{names[0]}'" in answer.text
    assert ("or any of 3 more." in answer.text) == (count == 8)


def test_a_worker_knows_of_the_exports_that_it_sends(client: FlaskClient, add: Callable[..., Record]) -> None:
    add()
    with client.get("/v1/export?format=masks", buffered=False) as answer:
        parts = iter(answer.response)
        next(parts)
        assert len(exports.sending) == 1
    assert exports.sending == set()
    assert export(client, format="masks").status_code == 200
    assert exports.sending == set()


def test_exports_leave_threads_to_others(
    client: FlaskClient, add: Callable[..., Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    record = add()
    monkeypatch.setattr(exports, "sending", {object() for _ in range(exports.MOST_SENT)})
    for answer in (export(client, record, format="csv"), export(client, format="csv")):
        assert problem(answer) == (503, "busy")
