"""The same history in PostgreSQL: Debian's server, started on a Unix socket in a temporary folder."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from defect_api.history.database import is_current
from defect_api.history.history import History
from defect_api.history.schema import Base
from defect_api.history.search import Filters, Ordering, position
from defect_api.media import MediaVolume
from defect_api.record import Record, rfc3339
from defect_api.settings import Settings
from tests.defect_api.history.conftest import START, entries, store
from tests.defect_api.history.test_database import WRITER

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


def run_as_postgres(*command: str) -> None:
    """Run a program of the server, which refuses to be root."""
    prefix = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    # not to a pipe: the server would hold it open
    with tempfile.TemporaryFile("w+") as told:
        status = subprocess.run([*prefix, *command], cwd="/", stdout=told, stderr=told, check=False).returncode
        told.seek(0)
        assert status == 0, told.read()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Serve an empty database; yield its URL."""
    if not PROGRAMS:
        pytest.skip("Debian's package postgresql is not installed")
    programs = PROGRAMS[-1]
    # a socket's path must be short, and the folder the server's own
    folder = Path(tempfile.mkdtemp(prefix="history-pg-"))
    if os.getuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    data = str(folder / "data")
    try:
        run_as_postgres(str(programs / "initdb"), "-D", data, "-U", "history", "-A", "trust", "-E", "UTF8", "-N")
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        log = str(folder / "log")
        run_as_postgres(str(programs / "pg_ctl"), "-D", data, "-l", log, "-o", options, "-w", "-t", "60", "start")
        try:
            yield f"postgresql+psycopg://history@/postgres?host={folder}"
        finally:
            run_as_postgres(str(programs / "pg_ctl"), "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def on_postgresql(server: str, settings: Settings) -> Settings:
    return settings.model_copy(update={"history_url": server})


@pytest.fixture
def history(on_postgresql: Settings, media: MediaVolume, template: Record) -> Iterator[History]:
    assert template.verdict == "defect"
    history = History(on_postgresql, media)
    history.start()
    yield history
    history.close()


def names(history: History, filters: Filters, ordering: Ordering, limit: int = 50) -> list[str]:
    found: list[str] = []
    after = None
    while page := list(zip(range(limit), history.records(filters, ordering, limit, after), strict=False)):
        found += [record.image.filename for _, (_, record) in page]
        # as a client does it, by way of the cursor's text
        after = position(page[-1][1][0].cursor(ordering), ordering)
    return found


def test_filters_sorts_pages_and_counts(history: History, media: MediaVolume, template: Record) -> None:
    dark = next(defect for defect in template.defects if defect.type == "dark")
    for hours, (name, changes) in enumerate(
        [
            ("Coil 1.png", {"defect_probability": 0.9}),
            ("coil 2.png", {"defect_probability": 0.1, "defects": [], "verdict": "clean"}),
            ("Blech Ü_3.png", {"defect_probability": 0.7, "defects": [dark]}),
            ("coil 4%.png", {"defect_probability": 0.7, "defects": [], "verdict": "no_verdict"}),
        ]
    ):
        record = store(media, template, name, created_at=rfc3339(START + timedelta(hours=hours)), **changes)  # type: ignore[arg-type]
        history.published(record.id)
        history.published(record.id)
    first, second, third, fourth = "Coil 1.png", "coil 2.png", "Blech Ü_3.png", "coil 4%.png"
    for limit in (1, 3, 50):
        assert names(history, Filters(), Ordering(), limit) == [fourth, third, second, first]
        by_area = names(history, Filters(), Ordering(sort="defect_area_px", order="asc"), limit)
        assert (set(by_area[:2]), by_area[2:]) == ({second, fourth}, [third, first])
        by_probability = names(history, Filters(), Ordering(sort="defect_probability"), limit)
        assert (by_probability[0], by_probability[-1]) == (first, second)
    for filters, expected in [
        (Filters(verdict="defect"), [third, first]),
        (Filters(type="bright"), [first]),
        (Filters(type="Bright"), []),
        (Filters(text="COIL"), [fourth, second, first]),
        (Filters(text="%"), [fourth]),
        (Filters(text="ü_"), [third]),
        (Filters(filename=second), [second]),
        (Filters(area_min=1, probability_max=0.8), [third]),
        (Filters(created_from=START + timedelta(hours=1), created_to=START + timedelta(hours=3)), [third, second]),
    ]:
        assert names(history, filters, Ordering()) == expected
    assert history.counts(Filters(text="coil")) == {"defect": 1, "clean": 1, "no_verdict": 1}


def test_the_next_start_repairs_both_ways(history: History, media: MediaVolume, template: Record) -> None:
    gone = store(media, template, "gone.png")
    history.published(gone.id)
    (media.folder / f"{gone.id}.json").unlink()
    missed = store(media, template, "missed.png")
    history.start()
    assert entries(history) == {missed.id}
    history.delete(missed.id)
    assert entries(history) == set()


def test_retention_by_bytes(on_postgresql: Settings, history: History, media: MediaVolume, template: Record) -> None:
    for number in range(3):
        history.published(store(media, template, f"{number}.png", created_at=rfc3339(START)).id)
    newest = store(media, template, "newest.png")
    limited = History(on_postgresql.model_copy(update={"retention_gb": 1e-9}), media)
    limited.published(newest.id)
    assert entries(history) == {newest.id} == set(media.stamps())
    limited.close()


def test_the_migrations_make_what_the_schema_says(history: History) -> None:
    assert is_current(history.index.engine)
    with history.index.engine.connect() as connection:
        changes = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    assert [change for change in changes if change[0] != "remove_index"] == []


def test_several_workers_write_at_once(
    on_postgresql: Settings,
    history: History,
    media: MediaVolume,
    template: Record,
    server: str,
) -> None:
    made = [store(media, template, f"sheet {number}.png").id for number in range(20)]
    command = [sys.executable, "-c", WRITER, str(media.folder), str(on_postgresql.state_dir), *made]
    environment = {**os.environ, "HISTORY_URL": server}
    workers = [subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) for _ in range(3)]
    complaints = [worker.communicate(timeout=60)[1] for worker in workers]
    assert (complaints, [worker.returncode for worker in workers]) == ([b""] * 3, [0] * 3)
    assert set(made) <= entries(history)
