"""A running platform as tests see it: an address, and the real processes behind it where they are our own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from nginx.local.__main__ import ROOT, free_port
from tests.waiting import wait_until

# a cold start on a busy machine, not what a person waits
START_DEADLINE_S = 300
# any worker of the REST service may answer, and all should be ready
READY_PATHS = ("/nginx-health", "/", *["/api/readyz"] * 6)
STOP_DEADLINE_S = 120


@dataclass
class Platform:
    """The platform at `url`, started by what `make run` uses, with everything that it writes below `home`."""

    url: str
    home: Path
    process: subprocess.Popen[bytes]

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    @property
    def media(self) -> Path:
        return self.home / "media"

    @property
    def log(self) -> str:
        return (self.home / "platform.log").read_text()

    def members(self, service: str) -> list[int]:
        """Return the processes of `api`, `site` or `nginx`, the main one first."""
        group = int((self.home / f"run/{service}.group").read_text())
        return [group, *(pid for pid in group_members(group) if pid != group)]

    def groups(self) -> list[int]:
        return [int(path.read_text()) for path in (self.home / "run").glob("*.group")]

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.log
        try:
            return all(requests.get(self.url + path, timeout=5).ok for path in READY_PATHS)
        except requests.RequestException:
            return False

    def wait_until_ready(self) -> None:
        try:
            wait_until(self.is_ready, "the platform was not ready", START_DEADLINE_S)
        except AssertionError as error:
            error.add_note(self.log)
            raise

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop the platform as a person or a service manager would; it must end well and leave no process."""
        self.ends_well(lambda: self.process.send_signal(how))

    def ends_well(self, ended: Callable[[], object]) -> None:
        """Do what ends the platform; nothing of it must be left."""
        groups = self.groups()
        ended()
        assert self.process.wait(STOP_DEADLINE_S) == 0, self.log
        # the filter of a service's output ends when that service has
        wait_until(lambda: not any(map(group_members, groups)), "processes were left")
        # the numbers may soon be those of others
        assert not self.groups()


def start(home: Path, **settings: str) -> Platform:
    """Start a platform of its own below `home`; it is not ready yet."""
    with (home / "platform.log").open("ab") as log:
        return _started(home, ["setsid"], settings, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def start_in_terminal(home: Path, terminal: int) -> Platform:
    """Start a platform as `start` does, in a terminal."""
    return _started(home, ["setsid", "--ctty"], {}, stdin=terminal, stdout=terminal, stderr=terminal)


def _started(home: Path, session: list[str], settings: dict[str, str], **streams: Any) -> Platform:
    environment = {**os.environ, "PORT": str(free_port()), **settings, "STATE_DIR": str(home)}
    process = subprocess.Popen([*session, sys.executable, "-m", "nginx.local"], cwd=ROOT, env=environment, **streams)
    return Platform(f"http://127.0.0.1:{environment['PORT']}", home, process)


@contextmanager
def running_platform(home: Path, **settings: str) -> Iterator[str]:
    """Run a platform of its own for the length of a block; give its address."""
    home.mkdir(parents=True, exist_ok=True)
    platform = start(home, **settings)
    try:
        platform.wait_until_ready()
        yield platform.url
    finally:
        platform.stop()


def group_members(group: int) -> list[int]:
    """Return the living processes of a process group; what has ended and waits to be reaped does not count."""
    return [pid for pid, of_group, state in _processes() if of_group == group and state not in "ZX"]


def _processes() -> list[tuple[int, int, str]]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # the command's name is in parentheses and may hold anything
            state, _parent, group, *_ = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        found.append((int(stat.parent.name), int(group), state))
    return found
