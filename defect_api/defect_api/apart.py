"""Work in a process of its own: what loads TensorFlow keeps it, and its memory, until it ends."""

import ctypes
import signal
import subprocess
import sys

TIMEOUT_S = 600
PR_SET_PDEATHSIG = 1  # of prctl(2)


def run_apart(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of our modules and wait for its end. Raises TimeoutExpired where that takes more than `TIMEOUT_S`."""
    command = [sys.executable, "-m", f"defect_api.{module}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)  # noqa: S603  # ours


def end_with_parent() -> None:
    """Have the kernel end this process when who waits for it ends, however it does."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
