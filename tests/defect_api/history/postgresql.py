"""Debian's PostgreSQL, started on a Unix socket in a temporary folder."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


def run_as_postgres(*command: str) -> None:
    """Run a program of the server, which refuses to be root."""
    prefix = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    # not to a pipe: the server would hold it open
    with tempfile.TemporaryFile("w+") as told:
        status = subprocess.run([*prefix, *command], cwd="/", stdout=told, stderr=told, check=False).returncode
        told.seek(0)
        assert status == 0, told.read()


@contextmanager
def serving() -> Iterator[str]:
    """Serve an empty database; yield its URL. Skips the test where there is no server."""
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
