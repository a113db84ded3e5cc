"""The database that the index lies in: SQLite in the state folder, or whatever `HISTORY_URL` names."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError

from defect_api.history.schema import REVISION
from defect_api.settings import Settings

DATABASE = "history.sqlite3"
MOUNTS = Path("/proc/self/mountinfo")
# write-ahead logging shares memory between processes, which these do not offer: https://sqlite.org/wal.html
NETWORK_TYPES = ("nfs", "cifs", "smb", "9p", "fuse.", "virtiofs", "ceph", "gluster", "lustre", "afs")
BUSY_TIMEOUT_S = 5
CONNECT_TIMEOUT_S = 3
CONNECTIONS = 5
# a host that has vanished is given up after some seconds, not after a quarter of an hour: s, s, a number, ms
SILENT = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}
MAPPED_BYTES = 2**30
PREPARING = 7_331_009  # an advisory lock: any number, as long as it is always this one


class NewerSchema(SQLAlchemyError):
    """The index was written by a version of this service that came later."""


def database_url(settings: Settings) -> URL:
    """Return where the index lies."""
    if settings.history_url:
        return make_url(settings.history_url)
    return URL.create("sqlite", database=str(settings.state_dir.resolve() / DATABASE))


def make_engine(settings: Settings) -> Engine:
    """Return the engine of the index; nothing is connected yet, so that a database that is away does no harm here."""
    url = database_url(settings)
    sqlite = url.get_backend_name() == "sqlite"
    engine = create_engine(
        url,
        connect_args={"timeout": BUSY_TIMEOUT_S} if sqlite else _connect_arguments(url),
        pool_pre_ping=not sqlite,
        pool_timeout=BUSY_TIMEOUT_S,
        pool_size=CONNECTIONS,
        max_overflow=settings.request_threads,
    )
    if sqlite and url.database:
        _set_journal(engine, wal=uses_wal(settings.history_wal, Path(url.database)))
        _follow(engine, Path(url.database))
    return engine


def uses_wal(wanted: str, database: Path) -> bool:
    """Return whether SQLite is to write ahead: as the operator says or, by `auto`, where the disk is a local one."""
    return wanted == "on" or (wanted == "auto" and not file_system(database).startswith(NETWORK_TYPES))


def file_system(path: Path, mounts: Path = MOUNTS) -> str:
    """Return the type of the file system that `path` lies on, as the kernel names it; empty where it cannot be told."""
    if not mounts.is_file():
        return ""
    resolved = path.resolve()
    found, kind = Path(), ""
    # the lines are described in proc(5): the fifth field is the mount point, the type follows the lone dash
    for line in mounts.read_text().splitlines():
        before, _, after = line.partition(" - ")
        point = Path(before.split()[4].replace("\\040", " "))
        # of two mounts at one point the later one hides the earlier
        if resolved.is_relative_to(point) and len(point.parts) >= len(found.parts):
            found, kind = point, after.split()[0]
    return kind


def set_aside(engine: Engine, error: SQLAlchemyError) -> bool:
    """Rename an SQLite database that `error` tells to be damaged or of a newer version; return whether that was so."""
    path = Path(engine.url.database or "")
    code = getattr(getattr(error, "orig", None), "sqlite_errorcode", None)
    newer = isinstance(error, NewerSchema) and engine.dialect.name == "sqlite"
    if not newer and code not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return False
    engine.dispose()
    path.replace(path.with_name(path.name + ".damaged"))
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return True


def _connect_arguments(url: URL) -> dict[str, Any]:
    # the names are psycopg's, the first MySQL's too; a driver of another family gets its own defaults
    known = url.get_backend_name() in ("postgresql", "mysql", "mariadb")
    limits = {"connect_timeout": CONNECT_TIMEOUT_S} if known else {}
    return limits | (SILENT if url.get_backend_name() == "postgresql" else {})


def _set_journal(engine: Engine, *, wal: bool) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: object) -> None:
        connection.execute(f"PRAGMA journal_mode={'WAL' if wal else 'DELETE'}")
        # what a power cut takes from the index is found again on the media volume
        connection.execute("PRAGMA synchronous=NORMAL")
        if wal:
            # a search reads a whole index, which SQLite's own cache of 2 MB does not hold
            connection.execute(f"PRAGMA mmap_size={MAPPED_BYTES}")


def _follow(engine: Engine, database: Path) -> None:
    """Connect anew where another file has the name: an index is rebuilt, or removed, beside a service at work."""

    @event.listens_for(engine, "connect")
    def on_connect(_connection: Any, record: Any) -> None:
        record.info["file"] = _identity(database)

    @event.listens_for(engine, "checkout")
    def on_checkout(_connection: Any, record: Any, _proxy: Any) -> None:
        if record.info["file"] != _identity(database):
            raise DisconnectionError


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def make_folder(engine: Engine) -> None:
    """Make the folder of an SQLite database. Raises OSError."""
    if engine.dialect.name == "sqlite" and engine.url.database:
        Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)


@contextmanager
def alone_on_server(engine: Engine) -> Iterator[None]:
    """Wait until no other replica prepares the index on a PostgreSQL server, and be the only one."""
    if engine.dialect.name != "postgresql":
        yield
        return
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": PREPARING})
        connection.commit()  # the lock is the session's: no transaction is held open meanwhile
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": PREPARING})


def is_current(engine: Engine) -> bool:
    """Return whether the schema is the newest; Alembic could tell as well, but not quickly.

    Raises SQLAlchemyError where the database is away.
    """
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        return connection.scalars(text("SELECT version_num FROM alembic_version")).all() == [REVISION]
