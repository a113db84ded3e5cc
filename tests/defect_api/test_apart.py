"""What needs a process of its own leaves nothing behind, however the one that waits for it ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from nginx.local.__main__ import ROOT
from tests.system.platform import group_members
from tests.waiting import wait_until

WAIT = "import sys; from defect_api.apart import run_apart; run_apart(*sys.argv[1:])"


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that waits for an export that takes forever: nobody writes what it reads."""
    weights = tmp_path / "model.keras"
    os.mkfifo(weights)
    command = [sys.executable, "-c", WAIT, "openvino_export", str(weights), str(tmp_path / "network.xml")]
    process = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    yield process
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_who_is_waited_for_ends_with_who_waits(waiting: subprocess.Popen[bytes]) -> None:
    wait_until(lambda: any(map(holds_tensorflow, group_members(waiting.pid))), "the export did not begin")
    waiting.kill()
    waiting.wait()
    wait_until(lambda: not group_members(waiting.pid), "the export went on")


def holds_tensorflow(pid: int) -> bool:
    return "libtensorflow" in Path(f"/proc/{pid}/maps").read_text()
