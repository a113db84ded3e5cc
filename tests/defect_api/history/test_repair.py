"""What a crash, a lost database or a half deletion leaves, and how the next start mends it."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from defect_api.history.__main__ import main
from defect_api.history.database import alone_on_server
from defect_api.history.history import BEHIND, History
from defect_api.history.search import Filters, Ordering
from defect_api.media import MediaVolume, StoredRecord
from defect_api.record import Record, rfc3339
from defect_api.settings import Settings
from defect_api.state import EXTENSION
from tests.defect_api.endless import run_until_sleep
from tests.defect_api.history.conftest import FIRST, ON_BOTH, SECOND, START, THIRD, entries, listed, store
from tests.defect_api.second_contract import URL, assert_problem, post
from tests.waiting import wait_until


@ON_BOTH
def test_a_replaced_record_is_listed_as_it_is_now(history: History, media: MediaVolume, stored: list[Record]) -> None:
    history.published(store(media, stored[0], FIRST, verdict="clean", created_at=rfc3339(START + timedelta(days=1))))
    (_, newest), *_ = history.records(Filters(), Ordering(), 1, None)
    assert (newest.id, newest.verdict) == (stored[0].id, "clean")
    assert history.counts(Filters()) == {"defect": 1, "clean": 2, "no_verdict": 1}


@ON_BOTH
def test_the_next_start_finds_what_the_index_does_not_have(
    history: History, media: MediaVolume, stored: list[Record]
) -> None:
    missed = store(media, stored[0], "missed.png")
    changed = store(media, stored[1], SECOND, verdict="no_verdict")
    history.start()
    assert entries(history) == {record.id for record in stored} | {missed.id}
    assert history.counts(Filters(filename=changed.image.filename))["no_verdict"] == 1


@ON_BOTH
def test_the_next_start_drops_what_is_not_on_disk(history: History, media: MediaVolume, stored: list[Record]) -> None:
    (media.folder / f"{stored[0].id}.json").unlink()
    history.start()
    assert entries(history) == {record.id for record in stored[1:]}


@ON_BOTH
def test_a_volume_without_any_record_is_taken_for_one_that_is_not_there(
    history: History, media: MediaVolume, stored: list[Record], caplog: pytest.LogCaptureFixture
) -> None:
    for record in stored:
        (media.folder / f"{record.id}.json").unlink()
    history.start()
    assert entries(history) == {record.id for record in stored}
    assert "no record, and the index 4, which are kept: is it mounted?" in caplog.text


def test_workers_make_up_for_a_start_that_failed(
    settings: Settings, media: MediaVolume, stored: list[Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    missed = store(media, stored[0], "missed.png")
    worker = History(settings, media)
    with monkeypatch.context() as patch:
        patch.setattr(MediaVolume, "stamps", lambda _: (_ for _ in ()).throw(OSError("the volume is away")))
        assert not worker.start()
    monkeypatch.setenv(BEHIND, "1")
    worker.start_if_new()
    run_until_sleep(1, worker.attend, monkeypatch)
    assert entries(worker) == {record.id for record in stored} | {missed.id}
    assert worker.start()
    worker.close()


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_replicas_prepare_one_index_one_after_the_other(
    history: History, settings: Settings, media: MediaVolume, tmp_path: Path
) -> None:
    other = History(settings.model_copy(update={"state_dir": tmp_path / "other"}), media)
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with ThreadPoolExecutor(1) as pool, history.connection() as connection:
        with alone_on_server(history.index.engine):
            begun = pool.submit(other.prepare)
            wait_until(lambda: connection.scalar(text(waiting)), "the other replica did not wait")
            assert not begun.done()
        assert begun.result().dropped == 0
    other.close()


def test_a_deletion_that_another_host_has_finished_is_none(settings: Settings, media: MediaVolume) -> None:
    (media.folder / ".coil-0123456789abcdef.deleting").symlink_to(media.folder / "gone meanwhile")
    assert list(MediaVolume(settings.media_dir).files()) == []


def test_a_start_reads_only_what_differs(
    history: History, media: MediaVolume, stored: list[Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    missed = store(media, stored[0], "missed.png")
    read: list[str] = []
    original = MediaVolume.stored

    def counted(self: MediaVolume, identifier: str) -> StoredRecord:
        read.append(identifier)
        return original(self, identifier)

    monkeypatch.setattr(MediaVolume, "stored", counted)
    history.start()
    assert read == [missed.id]


def test_a_listed_record_that_is_gone_is_skipped_and_dropped(
    client: FlaskClient, media: MediaVolume, history: History, stored: list[Record]
) -> None:
    (media.folder / f"{stored[3].id}.json").unlink()
    (media.folder / f"{stored[1].id}.json").write_text("{}")
    assert listed(client, limit=2) == [THIRD, FIRST]
    assert stored[3].id not in entries(history)


def test_rebuild_makes_the_index_from_the_records(
    settings: Settings,
    media: MediaVolume,
    stored: list[Record],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.rmtree(settings.state_dir)
    (media.folder / "x-0123456789abcdef.json").write_text("{}")
    monkeypatch.setenv("MEDIA_DIR", str(settings.media_dir))
    monkeypatch.setenv("STATE_DIR", str(settings.state_dir))
    assert main(["rebuild"]) == 0
    assert capsys.readouterr().out == "inspections entered: 4, files that are no record: 1\n"
    rebuilt = History(settings, media)
    assert entries(rebuilt) == {record.id for record in stored}
    rebuilt.close()


def test_rebuild_tells_when_it_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    monkeypatch.setenv("MEDIA_DIR", str(tmp_path / "media"))
    monkeypatch.setenv("STATE_DIR", str(tmp_path / "state"))
    assert main(["rebuild"]) == 1
    assert "could not be rebuilt" in capsys.readouterr().err


def test_a_damaged_database_is_replaced_at_the_next_start(
    settings: Settings, media: MediaVolume, stored: list[Record], history: History
) -> None:
    history.close()
    (settings.state_dir / "history.sqlite3").write_bytes(b"no database" * 1000)
    restarted = History(settings, media)
    restarted.start()
    assert entries(restarted) == {record.id for record in stored}
    assert (settings.state_dir / "history.sqlite3.damaged").is_file()
    restarted.close()


def test_an_index_of_a_newer_version_is_replaced_at_the_next_start(
    settings: Settings, media: MediaVolume, stored: list[Record], history: History
) -> None:
    with history.index.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    history.close()
    restarted = History(settings, media)
    restarted.start()
    assert entries(restarted) == {record.id for record in stored}
    restarted.close()


def attend_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do what is done each minute."""
    run_until_sleep(1, app.extensions[EXTENSION].history.attend, monkeypatch)


def test_without_the_index_inspections_are_answered_and_deleted_and_it_catches_up_with_both(
    app: Flask,
    client: FlaskClient,
    settings: Settings,
    media: MediaVolume,
    stored: list[Record],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with sqlite3.connect(settings.state_dir / "history.sqlite3") as connection:
        connection.execute("ALTER TABLE inspections RENAME TO away")
    answer = post(client)
    assert answer.status_code == 201
    assert "was not indexed" in caplog.text
    identifier = answer.json["id"]  # type: ignore[index]
    assert client.get(f"{URL}/{identifier}").status_code == 200
    assert client.delete(f"{URL}/{stored[0].id}").status_code == 204
    for address in (URL, "/v1/export?format=csv"):
        assert_problem(client.get(address), 503, "history-away")
    attend_once(app, monkeypatch)
    assert "still behind" in caplog.text
    connection.execute("ALTER TABLE away RENAME TO inspections")
    connection.close()
    attend_once(app, monkeypatch)
    history = app.extensions[EXTENSION].history
    assert entries(history) == {record.id for record in stored[1:]} | {identifier} == set(media.stamps())


def test_what_missed_nothing_has_nothing_to_catch_up_with(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert post(client).status_code == 201
    monkeypatch.setattr(MediaVolume, "stamps", None)
    attend_once(app, monkeypatch)


def test_an_index_that_is_away_at_the_start_is_made_once_it_answers(
    make_app: Callable[..., Flask],
    stored: list[Record],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "file").write_text("")
    app = make_app(state_dir=tmp_path / "file" / "state")
    (tmp_path / "file").unlink()
    attend_once(app, monkeypatch)
    assert entries(app.extensions[EXTENSION].history) == {record.id for record in stored}


def test_a_state_folder_that_cannot_be_made_costs_no_inspection(make_app: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    client = make_app(state_dir=tmp_path / "file" / "state").test_client()
    assert post(client).status_code == 201
    assert_problem(client.get(URL), 503, "history-away")


@pytest.mark.parametrize("before", ["mark", "files", "unmark"])
def test_a_deletion_that_a_crash_interrupts_is_finished_at_the_next_start(
    settings: Settings,
    media: MediaVolume,
    history: History,
    stored: list[Record],
    monkeypatch: pytest.MonkeyPatch,
    before: str,
) -> None:
    class PowerCut(BaseException):
        pass

    def cut(path: Path, *_arguments: object, **_options: object) -> None:
        if before != "unmark" or path.suffix == ".deleting":
            raise PowerCut
        with suppress(FileNotFoundError):
            os.unlink(path)  # noqa: PTH108  # the method is what is replaced

    gone, keeps = stored[0], stored[1:]
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace" if before == "mark" else "unlink", cut)
        with pytest.raises(PowerCut):
            history.delete(gone.id)
    restarted = History(settings, MediaVolume(settings.media_dir))
    restarted.start()
    kept = {record.id for record in (stored if before == "mark" else keeps)}
    assert {media.inspection_of(file.name) for file in media.files()} == kept == entries(restarted)
    assert list(media.folder.glob(".*")) == []
    restarted.close()


def test_what_was_posted_again_after_a_crash_is_not_deleted(
    settings: Settings, media: MediaVolume, stored: list[Record]
) -> None:
    again = stored[0]
    mark = media.folder / f".{again.id}.deleting"
    older = again.files.model_copy(update={"view": f"{again.id}_view.png"})
    mark.write_text(again.model_copy(update={"files": older}).model_dump_json())
    (media.folder / f"{again.id}_view.png").write_bytes(b"left by the crash")
    MediaVolume(settings.media_dir)
    assert {file.name for file in media.files() if media.inspection_of(file.name) == again.id} == {
        f"{again.id}.json",
        *again.files.names(),
    }
    assert not mark.exists()
