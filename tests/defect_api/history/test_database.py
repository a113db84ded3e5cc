"""The database under the index: its plans, its migrations, its journal, several writers."""

import os
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import MetaData, Table, select, text
from sqlalchemy.dialects import sqlite

from defect_api.history import migrate
from defect_api.history.database import DATABASE, SILENT, file_system, is_current, make_folder, uses_wal
from defect_api.history.history import History
from defect_api.history.index import counts_query, page_query
from defect_api.history.schema import Base, Entry, row
from defect_api.history.search import Filters, Ordering, Position
from defect_api.media import MediaVolume
from defect_api.record import Condition, Record
from defect_api.settings import Settings
from defect_api.state import EXTENSION
from tests.defect_api.endless import run_until_sleep
from tests.defect_api.history.conftest import ON_BOTH, START, entries, listed, store
from tests.defect_api.second_contract import URL, assert_problem

WRITER = """
import sys
from pathlib import Path
from defect_api.history.history import History
from defect_api.media import MediaVolume
from defect_api.settings import Settings
media = MediaVolume(Path(sys.argv[1]))
history = History(Settings(media_dir=media.folder, state_dir=Path(sys.argv[2])), media)
for identifier in sys.argv[3:] * 5:
    history.published(media.record(identifier))
"""


@ON_BOTH
def test_several_workers_write_at_once(
    settings: Settings, media: MediaVolume, history: History, stored: list[Record]
) -> None:
    made = [store(media, stored[0], f"sheet {number}.png").id for number in range(20)]
    command = [sys.executable, "-c", WRITER, str(media.folder), str(settings.state_dir), *made]
    environment = {**os.environ, "HISTORY_URL": settings.history_url}
    workers = [subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) for _ in range(3)]
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


@ON_BOTH
def test_the_migrations_make_what_the_schema_says(history: History) -> None:
    assert is_current(history.index.engine)
    with history.index.engine.connect() as connection:
        changes = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    assert [change for change in changes if change[0] != "remove_index"] == []


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_a_server_that_has_vanished_is_given_up_after_seconds(history: History) -> None:
    with history.index.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        given = driver.info.get_parameters()
    assert {name: given.get(name) for name in SILENT} == {name: str(value) for name, value in SILENT.items()}


def test_a_worker_migrates_only_what_nobody_has(settings: Settings, media: MediaVolume, template: Record) -> None:
    first = store(media, template, "first.png")
    worker = History(settings, media)
    worker.start_if_new()
    assert entries(worker) == {first.id}
    store(media, template, "second.png")
    worker.start_if_new()
    assert entries(worker) == {first.id}
    worker.close()


START_AGAIN = """
import sys
from defect_api.app import create_app
app = create_app()
app.extensions["defect_api"].history.start()
print(*sorted({"alembic", "reportlab", "keras"} & set(sys.modules)))
"""


def test_a_later_start_imports_only_what_it_uses(settings: Settings, history: History) -> None:
    assert is_current(history.index.engine)
    places = {"STATE_DIR": settings.state_dir, "MEDIA_DIR": settings.media_dir, "MODELS_DIR": settings.state_dir}
    environment = {**os.environ, **{name: str(path) for name, path in places.items()}}
    command = [sys.executable, "-c", START_AGAIN]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == ""


@pytest.mark.parametrize("revision", ["base", "0001"])
def test_a_schema_that_is_not_the_newest_is_told(settings: Settings, media: MediaVolume, revision: str) -> None:
    history = History(settings, media)
    make_folder(history.index.engine)
    assert not is_current(history.index.engine)
    migrate.upgrade(history.index.engine, revision)
    assert not is_current(history.index.engine)
    history.close()


def test_entries_of_the_schema_before_are_made_anew(settings: Settings, media: MediaVolume, template: Record) -> None:
    condition = Condition(name="brightness", value=50, low=40, high=None)
    record = store(media, template, "first.png", conditions=[condition])
    history = History(settings, media)
    make_folder(history.index.engine)
    migrate.upgrade(history.index.engine, "0001")
    # its stamp alone does not tell that it lacks something
    entered = row(media.stored(record.id))
    with history.index.engine.begin() as connection:
        known = Table("inspections", MetaData(), autoload_with=connection)
        connection.execute(known.insert(), {column.name: entered[column.name] for column in known.columns})
    history.start()
    with history.index.engine.connect() as connection:
        assert connection.execute(select(Entry.brightness, Entry.brightness_use)).one() == (50, 0.8)
    history.close()


def damage(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.write_bytes(bytes(database.stat().st_size))


@pytest.mark.parametrize("lose", [damage, Path.unlink], ids=["damaged", "removed"])
def test_an_index_that_is_lost_at_work_is_made_again(
    app: Flask,
    client: FlaskClient,
    settings: Settings,
    stored: list[Record],
    monkeypatch: pytest.MonkeyPatch,
    lose: Callable[[Path], None],
) -> None:
    lose(settings.state_dir / DATABASE)
    assert_problem(client.get(URL), 503, "history-away")
    run_until_sleep(1, app.extensions[EXTENSION].history.attend, monkeypatch)
    assert len(listed(client)) == len(stored)


def test_an_index_that_another_process_made_again_is_followed(
    settings: Settings, media: MediaVolume, history: History, stored: list[Record]
) -> None:
    damage(settings.state_dir / DATABASE)
    rebuilding = History(settings, media)
    rebuilding.prepare(anew=True)
    rebuilding.close()
    assert entries(history) == {record.id for record in stored}


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
    project = Path(__file__).parents[3] / "defect_api"
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
