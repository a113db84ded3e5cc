"""`/v1/inspections`: the second contract, as a line's automation uses it."""

import io
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from defect_api.images import Grey
from defect_api.media import MediaVolume
from defect_api.record import Record
from defect_api.served_model import ServedModel, SheetMaps
from tests.defect_api.conftest import pixels, png, sheet
from tests.defect_api.second_contract import CLEAN, DEFECTIVE, FORM, URL, assert_problem, form_of, post


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


def test_a_picture_that_is_sent_twice_at_the_same_time_is_judged_once(
    app: Flask, media: MediaVolume, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_unknown, asked, judged = threading.Event(), itertools.count(1), []
    look, run = MediaVolume.record, ServedModel.maps

    def counted(self: MediaVolume, identifier: str) -> Record:
        # the first asks twice before it judges, the second once before it waits for the first
        if next(asked) == 3:
            both_unknown.set()
        return look(self, identifier)

    def held(self: ServedModel, grey: Grey) -> SheetMaps:
        judged.append(both_unknown.wait(30))
        return run(self, grey)

    monkeypatch.setattr(MediaVolume, "record", counted)
    monkeypatch.setattr(ServedModel, "maps", held)
    with ThreadPoolExecutor(2) as senders:
        answers = list(senders.map(lambda _: post(app.test_client()), range(2)))
    assert judged == [True]
    assert sorted(answer.status_code for answer in answers) == [200, 201]
    assert answers[0].json == answers[1].json
    assert len(media.stamps()) == 1


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


@pytest.mark.parametrize(
    ("request_arguments", "status", "slug"),
    [
        ({"data": {"picture": (io.BytesIO(CLEAN), "a.png")}}, 400, "bad-request"),
        ({"data": {"image": "text"}, "content_type": "multipart/form-data"}, 400, "bad-request"),
        ({"data": b"", "content_type": "multipart/form-data; boundary=x"}, 400, "bad-request"),
        ({"data": CLEAN, "content_type": "application/octet-stream"}, 415, "unsupported-media-type"),
        ({"data": CLEAN}, 415, "unsupported-media-type"),
        ({"data": CLEAN, "content_type": "image/jpeg"}, 422, "picture-refused"),
        ({"data": b"", "content_type": "image/png"}, 422, "picture-refused"),
        ({"data": b"{", "content_type": "application/json"}, 400, "bad-request"),
        ({"data": b"[" * 30_000, "content_type": "application/json"}, 400, "bad-request"),
        ({"data": b"[" * 100_000, "content_type": "application/json"}, 413, "content-too-large"),
        ({"json": ["a.png"]}, 400, "bad-request"),
        ({"json": {}}, 422, "invalid-parameter"),
        ({"json": {"filename": 3}}, 422, "invalid-parameter"),
        ({"json": {"filename": "absent.png"}}, 404, "not-found"),
        ({"json": {"filename": "../models/tiny/1/golden/a.png"}}, 404, "not-found"),
        ({"json": {"filename": "a.png", "treshold": 0.4}}, 422, "invalid-parameter"),
        (
            {"data": {"image": (io.BytesIO(CLEAN), "a.png"), "threshold": (io.BytesIO(b"0.9"), "threshold")}},
            422,
            "invalid-parameter",
        ),
        (
            {"data": {"image": (io.BytesIO(CLEAN), "a.png"), "image2": (io.BytesIO(CLEAN), "b.png")}},
            422,
            "invalid-parameter",
        ),
        ({"data": {"image": (io.BytesIO(CLEAN), "a.png"), "threshold": ["0.5", "0.6"]}}, 422, "invalid-parameter"),
        (
            {"data": {"image": (io.BytesIO(CLEAN), "a.png")}, "query_string": {"filename": "b.png"}},
            422,
            "invalid-parameter",
        ),
    ],
)
def test_requests_of_another_form_are_told(
    client: FlaskClient, media: MediaVolume, request_arguments: dict[str, Any], status: int, slug: str
) -> None:
    assert_problem(client.post(URL, **request_arguments), status, slug)
    assert media.files() == []


def test_the_body_of_a_refused_request_is_read_to_its_end(client: FlaskClient) -> None:
    for query, kind, status, slug in (
        ("?treshold=1", "image/png", 422, "invalid-parameter"),
        ("", "application/json", 413, "content-too-large"),
    ):
        body = io.BytesIO(b"x" * 300_000)
        answer = client.post(f"{URL}{query}", input_stream=body, content_length=300_000, content_type=kind)
        assert_problem(answer, status, slug)
        assert body.tell() == 300_000


def test_a_part_without_a_file_name_is_told_whatever_its_size(client: FlaskClient) -> None:
    for size in (1_000, 900_000):
        body = form_of("image", b"x" * size)
        answer = client.post(URL, data=body, content_type=FORM)
        assert "needs a file name" in assert_problem(answer, 400, "bad-request")


@pytest.mark.parametrize(
    "body",
    [
        form_of("image", CLEAN, "Pr\xfcfung.png").replace("Prüfung".encode(), b"Pr\xfcfung"),
        form_of("image", CLEAN)[:-20],
    ],
    ids=["a name that is not UTF-8", "cut off"],
)
def test_a_form_that_cannot_be_read_is_told(client: FlaskClient, body: bytes) -> None:
    for address in (URL, "/v1/export"):
        answer = client.post(address, data=body, content_type=FORM)
        assert "cut off, or a name in it is not UTF-8" in assert_problem(answer, 400, "bad-request")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (r"C:\lines\a.png", "a.png"),
        (r"C:\\lines\\a.png", "a.png"),
        (r"\\server\share\2.png", "2.png"),
        (r"coil \"7\".png", 'coil "7".png'),
        ("lines/a.png", "a.png"),
    ],
)
def test_the_clients_name_is_without_folders(client: FlaskClient, sent: str, kept: str) -> None:
    answer = client.post(URL, data=form_of("image", CLEAN, sent), content_type=FORM)
    assert answer.get_json()["image"]["filename"] == kept


def test_a_body_over_the_limit_is_413(make_app: Callable[..., Flask]) -> None:
    client = make_app(max_upload_mb=1).test_client()
    body = b"x" * (1024 * 1024 + 1)
    assert_problem(client.post(URL, data=body, content_type="image/png"), 413, "content-too-large")
    in_chunks = {"input_stream": io.BytesIO(body), "environ_overrides": {"wsgi.input_terminated": True}}
    assert_problem(client.post(URL, content_type="image/png", **in_chunks), 413, "content-too-large")


@pytest.mark.parametrize("declared", [True, False], ids=["with a length", "in chunks"])
def test_a_body_of_exactly_the_limit_is_taken(make_app: Callable[..., Flask], declared: bool) -> None:
    client, limit = make_app(max_upload_mb=1).test_client(), 1024 * 1024
    raw = cv2.imencode(".jpg", sheet())[1].tobytes().ljust(limit, b"\0")
    framing = len(form_of("image", b"", "framed.jpg"))
    form = form_of("image", raw[: limit - framing], "framed.jpg")
    for body, content_type in ((raw, "image/jpeg"), (form, FORM)):
        assert len(body) == limit
        length = {"content_length": limit} if declared else {}
        terminated = {"wsgi.input_terminated": True}  # as Gunicorn has it
        sent = {"input_stream": io.BytesIO(body), "environ_overrides": terminated, **length}
        assert client.post(URL, content_type=content_type, **sent).status_code == 201


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
