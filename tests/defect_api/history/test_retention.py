"""What retention deletes, and what it never does."""

import fcntl
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine

from defect_api.history import retention
from defect_api.history.history import History
from defect_api.history.index import Index
from defect_api.media import MediaVolume
from defect_api.record import Record, rfc3339
from defect_api.settings import Settings
from tests.defect_api.endless import run_until_sleep
from tests.defect_api.history.conftest import FIRST, ON_BOTH, entries, store

GIB = 1024**3


def keeping(settings: Settings, media: MediaVolume, **limits: float) -> History:
    return History(settings.model_copy(update=limits), media)


def test_by_default_everything_is_kept(settings: Settings) -> None:
    assert (settings.retention_days, settings.retention_gb) == (0, 0)


def test_what_is_too_old_goes_with_its_files(
    settings: Settings, media: MediaVolume, history: History, template: Record
) -> None:
    now = datetime.now(UTC)
    ages = {"old.png": 40.0, "older.png": 50.0, "young.png": 29.0}
    made = {
        name: store(media, template, name, created_at=rfc3339(now - timedelta(days=age))) for name, age in ages.items()
    }
    history.start()
    limited = keeping(settings, media, retention_days=30)
    newest = store(media, template, "new.png", created_at=rfc3339(now))
    limited.published(newest)
    assert entries(history) == {made["young.png"].id, newest.id}
    assert {media.inspection_of(file.name) for file in media.files()} == {made["young.png"].id, newest.id}
    limited.close()


@pytest.mark.usefixtures("stored")
def test_what_is_too_old_goes_though_nothing_comes_in(
    settings: Settings, media: MediaVolume, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = keeping(settings, media, retention_days=1)
    run_until_sleep(1, limited.attend, monkeypatch)
    assert entries(limited) == set(media.stamps()) == set()
    limited.close()


def test_a_sweep_leaves_the_newest_however_large_it_is(
    settings: Settings, media: MediaVolume, stored: list[Record]
) -> None:
    limited = keeping(settings, media, retention_gb=1 / GIB)
    for _ in range(2):
        limited.sweep()
        assert entries(limited) == {stored[3].id} == set(media.stamps())
    limited.close()


@ON_BOTH
def test_what_is_too_much_goes_oldest_first_but_never_the_newest(
    settings: Settings, media: MediaVolume, history: History, stored: list[Record]
) -> None:
    sizes = {record.id: media.stored(record.id).bytes for record in stored}
    room_for_two = (sizes[stored[2].id] + sizes[stored[3].id]) / GIB
    limited = keeping(settings, media, retention_gb=room_for_two)
    limited.published(stored[3])
    assert entries(history) == {stored[2].id, stored[3].id}
    limited.close()
    tight = keeping(settings, media, retention_gb=1 / GIB)
    tight.published(stored[3])
    assert entries(history) == {stored[3].id} == set(media.stamps())
    tight.close()


def test_a_backlog_is_deleted_over_several_sweeps(
    settings: Settings, media: MediaVolume, stored: list[Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "MOST_AT_ONCE", 2)
    limited = keeping(settings, media, retention_gb=1 / GIB)
    limited.sweep()
    assert entries(limited) == {stored[2].id, stored[3].id}
    limited.sweep()
    assert entries(limited) == {stored[3].id}
    limited.close()


def test_one_worker_at_a_time_deletes(
    settings: Settings, media: MediaVolume, history: History, stored: list[Record]
) -> None:
    limited = keeping(settings, media, retention_gb=1 / GIB)
    with (settings.state_dir / "retention.lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        limited.published(stored[3])
        assert entries(history) == {record.id for record in stored}
    limited.published(stored[3])
    assert entries(history) == {stored[3].id}
    limited.close()


def test_an_entry_without_a_record_does_not_stop_retention(
    settings: Settings, media: MediaVolume, history: History, stored: list[Record]
) -> None:
    (media.folder / f"{stored[0].id}.json").unlink()
    (media.folder / f"{stored[1].id}.json").write_text("{}")
    limited = keeping(settings, media, retention_gb=1 / GIB)
    limited.published(stored[3])
    assert entries(history) == {stored[3].id}
    limited.close()


def test_what_was_inspected_anew_meanwhile_is_not_old(
    settings: Settings, media: MediaVolume, history: History, stored: list[Record]
) -> None:
    store(media, stored[0], FIRST, created_at=rfc3339(datetime.now(UTC)))
    limited = keeping(settings, media, retention_days=1)
    limited.published(stored[3])
    assert set(media.stamps()) == {stored[0].id, stored[3].id}
    history.start()
    assert entries(history) == {stored[0].id, stored[3].id}
    limited.close()


def test_the_oldest_and_the_sum_are_the_indexs(settings: Settings, media: MediaVolume, stored: list[Record]) -> None:
    index = Index(create_engine(f"sqlite:///{settings.state_dir / 'history.sqlite3'}"))
    assert [aged.id for aged in index.oldest(2)] == [stored[0].id, stored[1].id]
    assert index.total_bytes() == sum(file.bytes for file in media.files())
    index.engine.dispose()
