"""`/v1/inspections`: the second contract, as a line's automation uses it."""

import io
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from defect_api.media import MediaVolume
from defect_api.record import Record
from tests.defect_api.conftest import pixels, png, sheet
from tests.defect_api.second_contract import CLEAN, DEFECTIVE, URL, assert_problem, post


def test_a_new_sheet_is_201_with_its_place(client: FlaskClient) -> None:
    answer = post(client)
    record = Record.model_validate_json(answer.data)
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{URL}/{record.id}"
    assert client.get(answer.headers["Location"]).json == answer.json


def test_the_record_tells_what_was_found(client: FlaskClient) -> None:
    record = Record.model_validate_json(post(client).data)
    assert record.id.startswith("coil_7-")
    assert record.verdict == "defect"
    assert [(defect.type, defect.box) for defect in record.defects] == [
        ("bright", (700, 100, 60, 25)),
        ("dark", (100, 50, 40, 30)),
    ]
    assert (record.image.width, record.image.height, record.image.bytes) == (1600, 256, len(DEFECTIVE))
    assert record.image.filename == "coil 7.png"
    assert record.defect_area_fraction == pytest.approx(2700 / (256 * 1600))
    assert record.max_probability > 0.99
    assert record.timings_ms.total >= record.timings_ms.predict > 0


def test_all_files_of_the_record_are_on_the_volume(client: FlaskClient, media: MediaVolume) -> None:
    record = Record.model_validate_json(post(client).data)
    assert media.read(record.files.original) == DEFECTIVE
    assert {file.name for file in media.files()} == {f"{record.id}.json", *record.files.names()}
    assert media.record(record.id) == record
    for name in (record.files.overlay, record.files.probability_map, record.files.class_map):
        assert pixels(media.read(name)).shape[:2] == (256, 1600)


def test_a_clean_sheet_is_clean(client: FlaskClient) -> None:
    record = Record.model_validate_json(post(client, CLEAN).data)
    assert (record.verdict, record.defects, record.defect_area_fraction) == ("clean", [], 0)


@pytest.mark.parametrize("known", [False, True])
def test_a_wrong_declared_type_is_told_whether_the_picture_is_known_or_not(client: FlaskClient, known: bool) -> None:
    if known:
        assert client.post(URL, data=CLEAN, content_type="image/png").status_code == 201
    answer = client.post(URL, data=CLEAN, content_type="image/jpeg")
    assert "declared as image/jpeg but is a PNG file" in assert_problem(answer, 422, "picture-refused")


def test_posting_again_is_200_with_what_is_known(client: FlaskClient) -> None:
    first, second = post(client), post(client)
    assert second.status_code == 200
    assert second.json == first.json


def test_the_same_bytes_under_another_name_are_another_inspection(client: FlaskClient) -> None:
    assert post(client, name="a.png").json["id"] != post(client, name="b.png").json["id"]  # type: ignore[index]


def test_a_raw_body_and_a_form_give_the_same(client: FlaskClient) -> None:
    raw = client.post(f"{URL}?filename=coil 7.png", data=DEFECTIVE, content_type="image/png")
    assert raw.status_code == 201
    assert post(client).json == raw.json


def test_a_name_is_optional(client: FlaskClient) -> None:
    answer = client.post(URL, data=DEFECTIVE, content_type="image/png")
    assert answer.json["id"].startswith("sheet-")  # type: ignore[index]


def test_a_picture_on_the_volume_is_inspected_by_name(client: FlaskClient, media: MediaVolume) -> None:
    (media.folder / "camera.png").write_bytes(DEFECTIVE)
    answer = client.post(URL, json={"filename": "camera.png"})
    assert answer.status_code == 201
    assert answer.json["image"]["filename"] == "camera.png"  # type: ignore[index]


def test_a_clients_own_document_beside_its_picture_is_no_record(client: FlaskClient, media: MediaVolume) -> None:
    (media.folder / "camera.png").write_bytes(DEFECTIVE)
    (media.folder / "camera.json").write_text('{"line": 3}')
    assert client.post(URL, json={"filename": "camera.png"}).status_code == 201
    for ask in (client.get, client.delete):
        assert_problem(ask(f"{URL}/camera"), 404, "not-found")
    assert (media.folder / "camera.json").exists()


@pytest.mark.parametrize("identifier", ["camera%00", ".%2E"])
def test_what_can_be_no_id_is_404(client: FlaskClient, identifier: str) -> None:
    for ask in (client.get, client.delete):
        assert_problem(ask(f"{URL}/{identifier}"), 404, "not-found")


def test_an_inspections_original_by_name_is_that_inspection(client: FlaskClient, media: MediaVolume) -> None:
    first = post(client).json
    again = client.post(URL, json={"filename": first["files"]["original"]})  # type: ignore[index]
    assert again.status_code == 200
    assert again.json == first
    assert len(media.stamps()) == 1


def test_another_model_digest_runs_anew_and_replaces_the_record(client: FlaskClient, media: MediaVolume) -> None:
    record = Record.model_validate_json(post(client).data)
    older = record.model_copy(update={"model": record.model.model_copy(update={"digest": "sha256:" + "1" * 64})})
    (media.folder / f"{record.id}.json").write_text(older.model_dump_json())
    answer = post(client)
    assert answer.status_code == 200
    assert answer.json["model"]["digest"] == record.model.digest  # type: ignore[index]
    assert media.record(record.id).model.digest == record.model.digest


def test_another_card_of_the_same_weights_runs_anew(client: FlaskClient, media: MediaVolume) -> None:
    record = Record.model_validate_json(post(client).data)
    by_another = record.model.model_copy(update={"version": "0"})
    at_another = record.threshold.model_copy(update={"value": record.threshold.value / 2})
    for changes in ({"model": by_another}, {"threshold": at_another}):
        (media.folder / f"{record.id}.json").write_text(record.model_copy(update=changes).model_dump_json())
        post(client)
        found = media.record(record.id)
        assert (found.model, found.threshold) == (record.model, record.threshold)


def test_another_picture_under_one_id_is_a_conflict(client: FlaskClient, media: MediaVolume) -> None:
    record = Record.model_validate_json(post(client).data)
    other = record.model_copy(
        update={"image": record.image.model_copy(update={"sha256": record.image.sha256[:16] * 4})}
    )
    (media.folder / f"{record.id}.json").write_text(other.model_dump_json())
    assert_problem(post(client), 409, "conflict")


def test_several_parts_are_207_in_their_order(client: FlaskClient) -> None:
    parts = [(io.BytesIO(DEFECTIVE), "a.png"), (io.BytesIO(b"nothing"), "b.png"), (io.BytesIO(CLEAN), "c.png")]
    answer = client.post(URL, data={"image": parts})
    assert answer.status_code == 207
    first, second, third = answer.json["results"]  # type: ignore[index]
    assert (first["status"], first["inspection"]["verdict"]) == (201, "defect")
    assert (second["status"], second["problem"]["type"].rpartition(":")[2]) == (422, "picture-refused")
    assert (third["status"], third["inspection"]["verdict"]) == (201, "clean")
    assert third["inspection"] == client.get(f"{URL}/{third['inspection']['id']}").json


def test_more_pictures_than_a_request_may_carry_are_refused(client: FlaskClient) -> None:
    parts = [(io.BytesIO(CLEAN), "a.png")] * 101
    assert "at most 100" in assert_problem(client.post(URL, data={"image": parts}), 422, "invalid-parameter")


@pytest.mark.parametrize("wanted", ["tiny", "tiny/1", ""])
def test_the_model_in_service_may_be_named(client: FlaskClient, wanted: str) -> None:
    assert post(client, model=wanted).status_code == 201


@pytest.mark.parametrize(
    "request_arguments",
    [
        {"data": {"image": (io.BytesIO(CLEAN), "a.png"), "model": "other"}},
        {"data": CLEAN, "content_type": "image/png", "query_string": {"model": "other"}},
        {"json": {"filename": "a.png", "model": "other"}},
    ],
)
def test_another_model_is_not_found(client: FlaskClient, request_arguments: dict[str, Any]) -> None:
    assert "tiny/1 is" in assert_problem(client.post(URL, **request_arguments), 404, "not-found")


@pytest.mark.parametrize(
    "request_arguments",
    [
        {"data": {"image": (io.BytesIO(CLEAN), "a.png")}},
        {"data": CLEAN, "content_type": "image/png"},
        {"json": {"filename": "a.png"}},
    ],
)
def test_options_may_be_in_the_address(
    client: FlaskClient, media: MediaVolume, request_arguments: dict[str, Any]
) -> None:
    (media.folder / "a.png").write_bytes(CLEAN)
    answer = client.post(f"{URL}?threshold=0.25", **request_arguments)
    assert answer.get_json()["threshold"]["value"] == 0.25


def test_delete_leaves_nothing(client: FlaskClient, media: MediaVolume) -> None:
    record = post(client).json
    keeps = post(client, CLEAN, "keeps.png").json
    for enlarge_by in (1, 4):
        answer = client.get(f"/get_defect_contour?filename={record['files']['original']}&enlarge_by={enlarge_by}")  # type: ignore[index]
        assert (media.folder / answer.get_json()["filename"]).is_file()
    assert client.delete(f"{URL}/{record['id']}").status_code == 204  # type: ignore[index]
    assert {media.inspection_of(file.name) for file in media.files()} == {keeps["id"]}  # type: ignore[index]
    assert_problem(client.get(f"{URL}/{record['id']}"), 404, "not-found")  # type: ignore[index]
    assert_problem(client.delete(f"{URL}/{record['id']}"), 404, "not-found")  # type: ignore[index]


@pytest.mark.parametrize("identifier", ["x", "a-0123456789abcdef", "..%2f..%2fetc", "%00"])
def test_an_unknown_id_is_not_found(client: FlaskClient, identifier: str) -> None:
    assert_problem(client.get(f"{URL}/{identifier}"), 404, "not-found")


def test_an_id_of_more_than_any_has_is_told(client: FlaskClient) -> None:
    assert_problem(client.get(f"{URL}/{'a' * 101}"), 422, "invalid-parameter")


def names(page: TestResponse) -> list[str]:
    return [item["image"]["filename"] for item in page.json["items"]]  # type: ignore[index]


def test_the_list_is_newest_first_and_paged_while_new_ones_arrive(client: FlaskClient) -> None:
    for name in ("a.png", "b.png", "c.png"):
        post(client, CLEAN, name)
    first = client.get(f"{URL}?limit=2")
    post(client, CLEAN, "new.png")
    second = client.get(f"{URL}?limit=2&cursor={first.json['next_cursor']}")  # type: ignore[index]
    assert (names(first), names(second)) == (["c.png", "b.png"], ["a.png"])
    assert second.json["next_cursor"] is None  # type: ignore[index]


def test_the_list_by_the_clients_name(client: FlaskClient) -> None:
    post(client, CLEAN, "a b.png")
    post(client, DEFECTIVE, "a_b.png")
    post(client, DEFECTIVE, "c.png")
    assert names(client.get(URL, query_string={"filename": "a b.png"})) == ["a b.png"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=501",
        "limit=x",
        "cursor=%25",
        "cursor=aGVsbG8=",
        "page=2",
        "type=",
        "verdict=clean&verdict=defect",
    ],
)
def test_a_page_that_is_none_is_told(client: FlaskClient, query: str) -> None:
    assert_problem(client.get(f"{URL}?{query}"), 422, "invalid-parameter")


def test_a_foreign_json_file_does_not_break_the_list(client: FlaskClient, media: MediaVolume) -> None:
    (media.folder / "x-0123456789abcdef.json").write_text("{}")
    post(client)
    assert names(client.get(URL)) == ["coil 7.png"]


def test_a_sheet_of_another_size_gets_no_verdict(client: FlaskClient) -> None:
    record = Record.model_validate_json(post(client, png(sheet(height=400))).data)
    assert record.verdict == "no_verdict"
    assert record.reasons[0].code == "unsupported-size"


def test_a_16_bit_picture_has_a_view_for_browsers(client: FlaskClient, media: MediaVolume) -> None:
    deep = png(pixels(DEFECTIVE).astype(np.uint16) * 257)
    record = Record.model_validate_json(post(client, deep).data)
    assert record.verdict == "defect"
    assert record.files.view
    assert pixels(media.read(record.files.view)).dtype == np.uint8
