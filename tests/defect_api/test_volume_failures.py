"""A media volume that is full, read-only or holds what cannot be read: told, nothing lost, and the service goes on."""

import errno
import os
import tempfile
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from defect_api.media import MediaVolume
from tests.defect_api.second_contract import CLEAN, URL, assert_problem, post


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


def test_a_read_only_volume_is_507_and_loses_nothing(
    client: FlaskClient, media: MediaVolume, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = post(client, CLEAN).get_json()["id"]
    with monkeypatch.context() as patch:

        def read_only(*_arguments: object, **_options: object) -> None:
            raise OSError(errno.EROFS, "Read-only file system")

        patch.setattr(tempfile, "mkstemp", read_only)
        patch.setattr(Path, "replace", read_only)
        assert "cannot be written" in assert_problem(post(client), 507, "media-volume-read-only")
        assert_problem(client.delete(f"{URL}/{kept}"), 507, "media-volume-read-only")
    assert client.get(f"{URL}/{kept}").status_code == 200
    assert client.delete(f"{URL}/{kept}").status_code == 204
    assert media.files() == []


@pytest.mark.parametrize("content", ['{"schema_version": 2}', '{"id": "cut off'])
def test_a_record_that_cannot_be_read_is_told_and_kept(client: FlaskClient, media: MediaVolume, content: str) -> None:
    identifier = post(client).get_json()["id"]
    place = media.folder / f"{identifier}.json"
    place.write_text(content)
    for answer in (
        client.get(f"{URL}/{identifier}"),
        client.get(f"{URL}/{identifier}/export?format=csv"),
        client.delete(f"{URL}/{identifier}"),
        post(client),
    ):
        assert "newer version" in assert_problem(answer, 409, "record-unreadable")
    assert place.read_text() == content
    place.unlink()
    assert post(client).status_code == 201
