"""A media volume that is full, read-only or holds what cannot be read: told, nothing lost, and the service goes on."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from defect_api.media import MediaVolume
from tests.defect_api.second_contract import CLEAN, FORM, URL, assert_problem, form_of, post


def test_a_full_disk_is_507_and_the_service_goes_on(
    client: FlaskClient, media: MediaVolume, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:

        def full(_descriptor: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        patch.setattr(os, "fsync", full)
        answer = post(client)
        assert "full" in assert_problem(answer, 507, "media-volume-full")
    assert media.files() == []
    assert post(client).status_code == 201


def test_a_disk_that_is_full_while_a_form_is_read_is_507(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("werkzeug.formparser.SpooledTemporaryFile", full)
    large = form_of('image"; filename="a.png', bytes(600_000))
    assert_problem(client.post(URL, data=large, content_type=FORM), 507, "media-volume-full")


def test_a_read_only_volume_is_507_and_loses_nothing(
    client: FlaskClient, media: MediaVolume, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = post(client, CLEAN).get_json()["id"]
    with monkeypatch.context() as patch:

        def read_only(*_arguments: object, **_options: object) -> None:
            raise OSError(errno.EROFS, "Read-only file system")

        patch.setattr(MediaVolume, "_write_part", read_only)
        patch.setattr(Path, "replace", read_only)
        assert "cannot be written" in assert_problem(post(client), 507, "media-volume-read-only")
        assert_problem(client.delete(f"{URL}/{kept}"), 507, "media-volume-read-only")
    assert client.get(f"{URL}/{kept}").status_code == 200
    assert client.delete(f"{URL}/{kept}").status_code == 204
    assert media.files() == []


@pytest.mark.parametrize(
    "damaged",
    [lambda text: text[:-9], lambda text: text.replace('"schema_version":1', '"schema_version":2')],
    ids=["cut off", "of another schema"],
)
def test_a_record_that_cannot_be_read_is_told_and_kept(
    client: FlaskClient, media: MediaVolume, damaged: Callable[[str], str]
) -> None:
    identifier = post(client).get_json()["id"]
    place = media.folder / f"{identifier}.json"
    content = damaged(place.read_text())
    place.write_text(content)
    for answer in (
        client.get(f"{URL}/{identifier}"),
        client.get(f"{URL}/{identifier}/export?format=csv"),
        client.get("/v1/export?format=csv"),
        client.post("/v1/export", data={"format": "csv", "id": identifier}),
        client.delete(f"{URL}/{identifier}"),
        post(client),
    ):
        assert "newer version" in assert_problem(answer, 409, "record-unreadable")
    assert place.read_text() == content
    place.unlink()
    assert post(client).status_code == 201


@pytest.mark.parametrize(
    "planted",
    [
        lambda record: {"files": {**record["files"], "original": "../outside.txt"}},
        lambda record: {"files": {**record["files"], "extra": "other-0123456789abcdef.png"}},
        lambda _: {"id": "../../outside"},
        lambda _: {"created_at": "yesterday"},
        lambda _: {"created_at": "9999-12-31T23:00:00Z"},
        lambda _: {"created_at": "0001-01-02T00:00:00Z"},
        lambda record: {"defects": [{**record["defects"][0], "area_px": 2**70}]},
    ],
    ids=[
        "a file outside",
        "another's file",
        "another's id",
        "no time",
        "a late year",
        "an early year",
        "a vast defect",
    ],
)
def test_a_record_that_is_not_its_inspections_is_refused_and_stops_nothing(
    make_app: Callable[..., Flask],
    media: MediaVolume,
    tmp_path: Path,
    planted: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    client = make_app().test_client()
    sound = post(client).get_json()
    record: dict[str, Any] = post(client, name="planted.png").get_json()
    place = media.folder / f"{record['id']}.json"
    place.write_text(json.dumps({**record, **planted(record)}))
    (outside := tmp_path / "outside.txt").touch()
    restarted = make_app().test_client()
    for ask in (restarted.get, restarted.delete):
        assert_problem(ask(f"{URL}/{place.stem}"), 409, "record-unreadable")
    assert outside.exists()
    assert [item["id"] for item in restarted.get(URL).get_json()["items"]] == [sound["id"]]
    assert restarted.get("/v1/statistics").status_code == 200


@pytest.mark.parametrize("plant", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")], ids=["a pipe", "a device"])
def test_what_is_no_file_is_no_record(client: FlaskClient, media: MediaVolume, plant: Callable[[Path], None]) -> None:
    plant(media.folder / "pipe-0123456789abcdef.json")
    assert "is no file" in assert_problem(client.get(f"{URL}/pipe-0123456789abcdef"), 409, "record-unreadable")


def test_what_a_later_version_added_to_a_record_does_no_harm_and_is_deleted_with_it(
    client: FlaskClient, media: MediaVolume
) -> None:
    written = post(client).get_json()
    place = media.folder / f"{written['id']}.json"
    later: dict[str, Any] = json.loads(place.read_text())
    later |= {"line": 3, "image": {**later["image"], "camera": "left"}}
    later["files"]["heat"] = f"{written['id']}_heat.png"
    (media.folder / later["files"]["heat"]).touch()
    place.write_text(content := json.dumps(later))
    for answer in (client.get(f"{URL}/{written['id']}"), post(client)):
        assert (answer.status_code, answer.get_json()["verdict"]) == (200, written["verdict"])
    assert place.read_text() == content
    assert [item["id"] for item in client.get(URL).get_json()["items"]] == [written["id"]]
    assert client.delete(f"{URL}/{written['id']}").status_code == 204
    assert media.files() == []


def test_a_file_that_the_service_may_not_read_is_told(
    client: FlaskClient, media: MediaVolume, monkeypatch: pytest.MonkeyPatch
) -> None:
    (media.folder / "line 3.png").write_bytes(CLEAN)
    known = post(client).get_json()["id"]

    def forbidden(*_arguments: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", forbidden)
    for answer in (
        client.post(URL, json={"filename": "line 3.png"}),
        client.get("/get_defect_contour", query_string={"filename": "line 3.png"}),
    ):
        assert "'line 3.png'" in assert_problem(answer, 409, "file-unreadable")
    monkeypatch.setattr(os, "open", forbidden)
    assert "may not be read" in assert_problem(client.get(f"{URL}/{known}"), 409, "record-unreadable")
