"""The history: what is listed in which order, what a crash or a lost database leaves, what retention deletes."""

import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text
from sqlalchemy.dialects import sqlite

from defect_api.history import migrate
from defect_api.history.__main__ import main
from defect_api.history.database import file_system, uses_wal
from defect_api.history.history import History
from defect_api.history.index import Index, counts_query, page_query
from defect_api.history.schema import Base
from defect_api.history.search import Filters, Ordering, Position
from defect_api.inspection import Inspector, Upload
from defect_api.media import MediaVolume, StoredRecord, inspection_id
from defect_api.record import Record, rfc3339
from defect_api.served_model import ServedModel
from defect_api.settings import Settings
from tests.defect_api.conftest import filled_slot, png, sheet
from tests.defect_api.second_contract import CLEAN, DEFECTIVE, URL, assert_problem, post

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
GIB = 1024**3


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, models_dir: Path, model: ServedModel) -> Record:
    """A real record, of another volume."""
    settings = Settings(models_dir=models_dir)
    inspector = Inspector(MediaVolume(tmp_path_factory.mktemp("template")), filled_slot(model), settings)
    return inspector.inspect(Upload(DEFECTIVE, "template.png"))[0]


@pytest.fixture
def history(settings: Settings, media: MediaVolume) -> Iterator[History]:
    history = History(settings, media)
    history.start()
    yield history
    history.close()


def store(media: MediaVolume, template: Record, name: str, **changes: Any) -> Record:
    """Publish a record called `name` with its files, as an inspection does, but without telling the history."""
    identifier = inspection_id(name, f"{abs(hash(name)):016x}")
    files = {kind: f"{identifier}_{kind}.png" for kind in ("original", "overlay", "probability_map", "class_map")}
    record = template.model_copy(
        update={
            "id": identifier,
            "image": template.image.model_copy(update={"filename": name}),
            "files": template.files.model_copy(update=files),
            **changes,
        }
    )
    with media.publication() as stage:
        for file in record.files.names():
            stage(file, b"x" * 100)
        stage(f"{identifier}.json", record.model_dump_json().encode())
    return record


@pytest.fixture
def stored(media: MediaVolume, template: Record, history: History) -> list[Record]:
    """Four inspections, an hour apart: a defect, a clean sheet, another defect, one without verdict."""
    bright, dark = template.defects
    records = [
        store(media, template, name, created_at=rfc3339(START + timedelta(hours=hours)), **changes)
        for hours, (name, changes) in enumerate(
            [
                ("Coil 1.png", {"defect_probability": 0.9, "defects": [bright, dark]}),
                ("coil 2.png", {"defect_probability": 0.1, "defects": [], "verdict": "clean"}),
                ("Blech Ü_3.png", {"defect_probability": 0.7, "defects": [dark]}),
                ("coil 4%.png", {"defect_probability": 0.7, "defects": [], "verdict": "no_verdict"}),
            ]
        )
    ]
    for record in records:
        history.published(record.id)
    return records


def listed(client: FlaskClient, **query: Any) -> list[str]:
    answer = client.get(URL, query_string=query)
    assert answer.status_code == 200, answer.text
    return [item["image"]["filename"] for item in answer.json["items"]]  # type: ignore[index]


def entries(history: History) -> set[str]:
    return set(history.index.stamps())


FIRST, SECOND, THIRD, FOURTH = "Coil 1.png", "coil 2.png", "Blech Ü_3.png", "coil 4%.png"


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [FOURTH, THIRD, SECOND, FIRST]),
        ({"verdict": "defect"}, [THIRD, FIRST]),
        ({"type": "dark"}, [THIRD, FIRST]),
        ({"type": "bright"}, [FIRST]),
        ({"type": "righ"}, []),
        ({"created_from": "2026-03-01T13:00:00Z", "created_to": "2026-03-01T16:00:00+01:00"}, [THIRD, SECOND]),
        ({"created_from": "2026-03-01T13:00:00Z"}, [FOURTH, THIRD, SECOND]),
        ({"created_to": "2026-03-01T13:00:00Z"}, [FIRST]),
        ({"area_min": 1200, "area_max": 1200}, [THIRD]),
        ({"area_min": 1201}, [FIRST]),
        ({"area_max": 0}, [FOURTH, SECOND]),
        ({"probability_min": 0.7, "probability_max": 0.8}, [FOURTH, THIRD]),
        ({"text": "COIL"}, [FOURTH, SECOND, FIRST]),
        ({"text": "ü_"}, [THIRD]),
        ({"text": "%"}, [FOURTH]),
        ({"filename": "coil 2.png"}, [SECOND]),
        ({"filename": "COIL 2.PNG"}, []),
        ({"text": "coil", "verdict": "clean"}, [SECOND]),
    ],
)
def test_each_filter_narrows_the_list(client: FlaskClient, query: dict[str, Any], expected: list[str]) -> None:
    assert listed(client, **query) == expected


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("sort", "ascending"),
    [
        ("created_at", [[FIRST], [SECOND], [THIRD], [FOURTH]]),
        ("defect_probability", [[SECOND], [THIRD, FOURTH], [FIRST]]),
        ("defect_area_px", [[SECOND, FOURTH], [THIRD], [FIRST]]),
    ],
)
@pytest.mark.parametrize("limit", [1, 3, 50])
def test_sorted_pages_are_the_whole_list_once(
    client: FlaskClient, sort: str, ascending: list[list[str]], limit: int
) -> None:
    def all_pages(order: str) -> list[str]:
        names, cursor = [], None
        while True:
            query = {"sort": sort, "order": order, "limit": limit, **({"cursor": cursor} if cursor else {})}
            page = client.get(URL, query_string=query).json
            assert page is not None
            names += [item["image"]["filename"] for item in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                return names

    rising = all_pages("asc")
    assert all_pages("desc") == rising[::-1]
    places = {name: place for place, names in enumerate(ascending) for name in names}
    assert len(rising) == 4
    assert [places[name] for name in rising] == sorted(places.values())


def test_pages_stay_what_they_are_while_inspections_come_and_go(
    client: FlaskClient, stored: list[Record], media: MediaVolume, history: History
) -> None:
    query = {"sort": "defect_probability", "limit": 2}
    first = client.get(URL, query_string=query).json
    assert first is not None
    newer = store(media, stored[0], "newer.png", defect_probability=0.95)
    history.published(newer.id)
    history.delete(first["items"][0]["id"])
    rest = listed(client, **query, cursor=first["next_cursor"])
    seen = [item["image"]["filename"] for item in first["items"]] + rest
    assert sorted(seen) == sorted([FIRST, SECOND, THIRD, FOURTH])


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("query", "total", "counts"),
    [
        ({}, 4, {"defect": 2, "clean": 1, "no_verdict": 1}),
        ({"limit": 1}, 4, {"defect": 2, "clean": 1, "no_verdict": 1}),
        ({"verdict": "defect"}, 2, {"defect": 2, "clean": 1, "no_verdict": 1}),
        ({"text": "coil"}, 3, {"defect": 1, "clean": 1, "no_verdict": 1}),
        ({"text": "coil", "verdict": "clean"}, 1, {"defect": 1, "clean": 1, "no_verdict": 1}),
        ({"filename": SECOND}, 1, {"defect": 0, "clean": 1, "no_verdict": 0}),
    ],
)
def test_total_and_counts(client: FlaskClient, query: dict[str, Any], total: int, counts: dict[str, int]) -> None:
    page = client.get(URL, query_string=query).json
    assert page is not None
    assert (page["total"], page["counts"]) == (total, counts)


@pytest.mark.parametrize(
    "query",
    [
        "verdict=good",
        "sort=id",
        "order=up",
        "area_min=-1",
        "probability_max=2",
        "probability_min=nan",
        "created_from=2026-03-01T12:00:00",
        "created_to=yesterday",
    ],
)
def test_a_filter_that_is_none_is_told(client: FlaskClient, query: str) -> None:
    assert_problem(client.get(f"{URL}?{query}"), 422, "invalid-parameter")


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("other", [{"sort": "defect_area_px"}, {"order": "asc"}])
def test_a_cursor_of_another_order_is_told(client: FlaskClient, other: dict[str, str]) -> None:
    cursor = client.get(f"{URL}?limit=1").json["next_cursor"]  # type: ignore[index]
    answer = client.get(URL, query_string={"cursor": cursor, **other})
    assert "this order" in assert_problem(answer, 422, "invalid-parameter")


def test_an_item_is_the_record_on_disk(client: FlaskClient) -> None:
    record = post(client).json
    (item,) = client.get(URL).json["items"]  # type: ignore[index]
    assert item == record


def test_a_replaced_record_is_listed_as_it_is_now(history: History, media: MediaVolume, stored: list[Record]) -> None:
    store(media, stored[0], FIRST, verdict="clean", created_at=rfc3339(START + timedelta(days=1)))
    history.published(stored[0].id)
    (_, newest), *_ = history.records(Filters(), Ordering(), 1, None)
    assert (newest.id, newest.verdict) == (stored[0].id, "clean")
    assert history.counts(Filters()) == {"defect": 1, "clean": 2, "no_verdict": 1}


def test_the_next_start_finds_what_the_index_does_not_have(
    history: History, media: MediaVolume, stored: list[Record]
) -> None:
    missed = store(media, stored[0], "missed.png")
    changed = store(media, stored[1], SECOND, verdict="no_verdict")
    history.start()
    assert entries(history) == {record.id for record in stored} | {missed.id}
    assert history.counts(Filters(filename=changed.image.filename))["no_verdict"] == 1


def test_the_next_start_drops_what_is_not_on_disk(history: History, media: MediaVolume, stored: list[Record]) -> None:
    (media.folder / f"{stored[0].id}.json").unlink()
    history.start()
    assert entries(history) == {record.id for record in stored[1:]}


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
    assert capsys.readouterr().out == "4 inspections entered, 1 files are no record\n"
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


def test_without_the_index_an_inspection_is_answered_and_found_later(
    client: FlaskClient, settings: Settings, media: MediaVolume, caplog: pytest.LogCaptureFixture
) -> None:
    with sqlite3.connect(settings.state_dir / "history.sqlite3") as connection:
        connection.execute("ALTER TABLE inspections RENAME TO away")
    answer = post(client)
    assert answer.status_code == 201
    assert "was not indexed" in caplog.text
    identifier = answer.json["id"]  # type: ignore[index]
    assert client.get(f"{URL}/{identifier}").status_code == 200
    assert_problem(client.get(URL), 503, "history-away")
    connection.execute("ALTER TABLE away RENAME TO inspections")
    connection.close()
    restarted = History(settings, media)
    restarted.start()
    assert entries(restarted) == {identifier}
    restarted.close()
    assert listed(client) == ["coil 7.png"]


def test_without_the_index_an_inspection_can_be_deleted(
    client: FlaskClient, settings: Settings, media: MediaVolume
) -> None:
    identifier = post(client).json["id"]  # type: ignore[index]
    with sqlite3.connect(settings.state_dir / "history.sqlite3") as connection:
        connection.execute("ALTER TABLE inspections RENAME TO away")
    assert client.delete(f"{URL}/{identifier}").status_code == 204
    assert media.files() == []
    connection.execute("ALTER TABLE away RENAME TO inspections")
    connection.close()
    assert listed(client) == []


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
        os.unlink(path)  # noqa: PTH108  # the method is what is replaced

    gone, keeps = stored[0], stored[1:]
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace" if before == "mark" else "unlink", cut)
        with pytest.raises(PowerCut):
            history.delete(gone.id)
    restarted = History(settings, MediaVolume(settings.media_dir))
    restarted.start()
    kept = {record.id for record in (stored if before == "mark" else keeps)}
    assert {file.inspection_id for file in media.files()} == kept == entries(restarted)
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
    assert {file.name for file in media.files() if file.inspection_id == again.id} == {
        f"{again.id}.json",
        *again.files.names(),
    }
    assert not mark.exists()


def test_a_deletion_waits_for_a_publication(media: MediaVolume, stored: list[Record]) -> None:
    descriptor = os.open(media.folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    with ThreadPoolExecutor() as pool:
        deletion = pool.submit(media.delete, stored[0].id)
        assert not deletion.done()
        assert media.record(stored[0].id) == stored[0]
        os.close(descriptor)
        deletion.result(10)
    assert stored[0].id not in media.stamps()


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
    limited.published(newest.id)
    assert entries(history) == {made["young.png"].id, newest.id}
    assert {file.inspection_id for file in media.files()} == {made["young.png"].id, newest.id}
    limited.close()


def test_what_is_too_much_goes_oldest_first_but_never_the_newest(
    settings: Settings, media: MediaVolume, history: History, stored: list[Record]
) -> None:
    sizes = {record.id: media.stored(record.id).bytes for record in stored}
    room_for_two = (sizes[stored[2].id] + sizes[stored[3].id]) / GIB
    limited = keeping(settings, media, retention_gb=room_for_two)
    limited.published(stored[3].id)
    assert entries(history) == {stored[2].id, stored[3].id}
    limited.close()
    tight = keeping(settings, media, retention_gb=1 / GIB)
    tight.published(stored[3].id)
    assert entries(history) == {stored[3].id} == set(media.stamps())
    tight.close()


def test_one_worker_at_a_time_deletes(
    settings: Settings, media: MediaVolume, history: History, stored: list[Record]
) -> None:
    limited = keeping(settings, media, retention_gb=1 / GIB)
    with (settings.state_dir / "retention.lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        limited.published(stored[3].id)
        assert entries(history) == {record.id for record in stored}
    limited.published(stored[3].id)
    assert entries(history) == {stored[3].id}
    limited.close()


def test_an_entry_without_a_record_does_not_stop_retention(
    settings: Settings, media: MediaVolume, history: History, stored: list[Record]
) -> None:
    (media.folder / f"{stored[0].id}.json").unlink()
    (media.folder / f"{stored[1].id}.json").write_text("{}")
    limited = keeping(settings, media, retention_gb=1 / GIB)
    limited.published(stored[3].id)
    assert entries(history) == {stored[3].id}
    limited.close()


def test_what_was_inspected_anew_meanwhile_is_not_old(
    settings: Settings, media: MediaVolume, history: History, stored: list[Record]
) -> None:
    store(media, stored[0], FIRST, created_at=rfc3339(datetime.now(UTC)))
    limited = keeping(settings, media, retention_days=1)
    limited.published(stored[3].id)
    assert set(media.stamps()) == {stored[0].id, stored[3].id}
    history.start()
    assert entries(history) == {stored[0].id, stored[3].id}
    limited.close()


WRITER = """
import sys
from pathlib import Path
from defect_api.history.history import History
from defect_api.media import MediaVolume
from defect_api.settings import Settings
media = MediaVolume(Path(sys.argv[1]))
history = History(Settings(media_dir=media.folder, state_dir=Path(sys.argv[2])), media)
for identifier in sys.argv[3:] * 5:
    history.published(identifier)
"""


def test_several_workers_write_at_once(
    settings: Settings, media: MediaVolume, history: History, stored: list[Record]
) -> None:
    made = [store(media, stored[0], f"sheet {number}.png").id for number in range(20)]
    command = [sys.executable, "-c", WRITER, str(media.folder), str(settings.state_dir), *made]
    workers = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(3)]
    complaints = [worker.communicate(timeout=60)[1] for worker in workers]
    assert (complaints, [worker.returncode for worker in workers]) == ([b""] * 3, [0] * 3)
    assert entries(history) == {record.id for record in stored} | set(made)


def plan(history: History, query: Any) -> list[str]:
    statement = query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    with history.index.engine.connect() as connection:
        return [row[3] for row in connection.execute(text(f"EXPLAIN QUERY PLAN {statement}".replace(":", r"\:")))]


EVERY_FILTER = [
    {},
    {"verdict": "no_verdict"},
    {"type": "dark"},
    {"text": "coil"},
    {"area_min": 10, "area_max": 20},
    {"probability_min": 0.1, "probability_max": 0.2},
    {"created_from": START, "created_to": START + timedelta(days=1)},
    {"filename": "coil.png"},
]


@pytest.mark.parametrize("filters", EVERY_FILTER, ids=lambda filters: "+".join(filters) or "none")
@pytest.mark.parametrize("sort", ["created_at", "defect_probability", "defect_area_px"])
@pytest.mark.parametrize("order", ["desc", "asc"])
def test_a_page_comes_from_an_index_alone(history: History, filters: dict[str, Any], sort: Any, order: Any) -> None:
    wanted, ordering = Filters(**filters), Ordering(sort=sort, order=order)
    for after in (None, Position(1, "a")):
        (first, *rest) = plan(history, page_query(wanted, ordering, 50, after))
        if "filename" in filters:
            assert "INDEX ix_inspections_filename (filename=?" in first
        else:
            assert "COVERING INDEX ix_inspections_" in first
            # a range on both sides may be the shorter way: then what it holds is sorted
            ranged = {"area_min", "probability_min", "created_from"} & set(filters)
            assert rest == [] or (ranged and f"{sort}>" not in first)
        if after and set(filters) <= {"verdict", "type", "text"}:
            assert first.startswith("SEARCH")


@pytest.mark.parametrize("filters", EVERY_FILTER, ids=lambda filters: "+".join(filters) or "none")
def test_counts_come_from_an_index_alone(history: History, filters: dict[str, Any]) -> None:
    steps = [step for step in plan(history, counts_query(Filters(**filters))) if "inspections" in step]
    expected = "INDEX ix_inspections_filename" if "filename" in filters else "COVERING INDEX ix_inspections_verdict"
    assert len(steps) == 3
    assert all(expected in step for step in steps)


def test_the_migrations_make_what_the_schema_says(history: History) -> None:
    assert migrate.is_current(history.index.engine)
    with history.index.engine.connect() as connection:
        changes = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    assert [change for change in changes if change[0] != "remove_index"] == []


def test_a_worker_migrates_only_what_nobody_has(settings: Settings, media: MediaVolume, template: Record) -> None:
    first = store(media, template, "first.png")
    worker = History(settings, media)
    worker.start_if_new()
    assert entries(worker) == {first.id}
    store(media, template, "second.png")
    worker.start_if_new()
    assert entries(worker) == {first.id}
    worker.close()


@pytest.mark.parametrize(("wanted", "mode"), [("auto", "wal"), ("on", "wal"), ("off", "delete")])
def test_the_journal_is_as_the_setting_says(settings: Settings, media: MediaVolume, wanted: str, mode: str) -> None:
    history = History(settings.model_copy(update={"history_wal": wanted}), media)
    history.start()
    with history.index.engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == mode
        assert connection.execute(text("PRAGMA busy_timeout")).scalar_one() > 0
    history.close()


MOUNTS = """\
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 21 0:50 / /mnt/nas\\040one rw - nfs4 server:/x rw
31 21 0:51 / /mnt/nas\\040one/local rw shared:2 - tmpfs tmpfs rw
32 21 0:52 / /data rw - overlay overlay rw
33 21 0:53 / /data rw - fuse.sshfs host: rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/var/x", "ext4"), ("/mnt/nas one/x", "nfs4"), ("/mnt/nas one/local/x", "tmpfs"), ("/data/x", "fuse.sshfs")],
)
def test_the_file_system_is_that_of_the_nearest_mount(tmp_path: Path, path: str, kind: str) -> None:
    (tmp_path / "mountinfo").write_text(MOUNTS)
    assert file_system(Path(path), tmp_path / "mountinfo") == kind


@pytest.mark.parametrize(("kind", "expected"), [("ext4", True), ("nfs4", False), ("fuse.sshfs", False), ("", True)])
def test_only_a_local_disk_is_written_ahead(monkeypatch: pytest.MonkeyPatch, kind: str, expected: bool) -> None:
    monkeypatch.setattr("defect_api.history.database.file_system", lambda _path: kind)
    assert uses_wal("auto", Path("x")) is expected
    assert uses_wal("on", Path("x"))
    assert not uses_wal("off", Path("x"))


def test_the_migrations_are_in_the_wheel(tmp_path: Path) -> None:
    project = Path(__file__).parents[2] / "defect_api"
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=project,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    folder = "defect_api/history/migrations"
    assert {f"{folder}/env.py", f"{folder}/versions/r0001_inspections.py"} <= names


def test_any_url_is_taken(settings: Settings, media: MediaVolume, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "index.db"
    history = History(settings.model_copy(update={"history_url": f"sqlite:///{elsewhere}"}), media)
    history.start()
    assert elsewhere.is_file()
    history.close()


def test_the_oldest_and_the_sum_are_the_indexs(settings: Settings, media: MediaVolume, stored: list[Record]) -> None:
    index = Index(create_engine(f"sqlite:///{settings.state_dir / 'history.sqlite3'}"))
    assert [aged.id for aged in index.oldest(2)] == [stored[0].id, stored[1].id]
    assert index.total_bytes() == sum(file.bytes for file in media.files())
    index.engine.dispose()


def test_a_new_inspection_is_listed_at_once(client: FlaskClient) -> None:
    post(client, CLEAN, "one.png")
    post(client, png(sheet(height=128)), "two.png")
    assert listed(client) == ["two.png", "one.png"]
