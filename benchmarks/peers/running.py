"""Starts a peer in an environment of its own: this project's libraries as locked, and the peers' beside."""

import os
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import requests

from nginx.local.__main__ import ROOT, free_port

PLACE = Path(sys.prefix) / "peers"
LOCK = ROOT / "benchmarks/peers.lock"
START_DEADLINE_S, STOP_DEADLINE_S = 300, 30
HERE = "benchmarks.peers"
# each peer's command, its address of health, and that of the mask
LITSERVE = ["python", "-m", f"{HERE}.litserve_service"]
BENTOML = ["bentoml", "serve", f"{HERE}.bentoml_service:Segmenter", "--host", "127.0.0.1", "--port", "{port}"]
PLAIN = [
    "python",
    "-m",
    "gunicorn",
    "--workers",
    "2",
    "--threads",
    "4",
    "--timeout",
    "120",
    "--bind",
    "127.0.0.1:{port}",
]
COMMANDS = {"LitServe": LITSERVE, "BentoML": BENTOML, "plain Flask": [*PLAIN, f"{HERE}.plain_flask:app"]}
HEALTH = {"LitServe": "/health", "BentoML": "/readyz", "plain Flask": "/health"}


def install() -> None:
    """Make the environment where it is missing or of another lock."""
    stamp = PLACE / "installed.lock"
    if stamp.exists() and stamp.read_bytes() == LOCK.read_bytes():
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", PLACE], check=True)  # noqa: S603  # our own environment
    uv = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet", "--python", str(PLACE / "bin/python")]
    subprocess.run([*uv, "--no-deps", "--require-hashes", "-r", str(LOCK)], check=True)  # noqa: S603  # locked packages
    ours = f"{sysconfig.get_path('purelib')}\n{ROOT}\n"
    _site_packages().joinpath("ours.pth").write_text(ours)
    stamp.write_bytes(LOCK.read_bytes())


@contextmanager
def running(peer: str, settings: Mapping[str, str], log: Path) -> Iterator[str]:
    """Run a peer on a free port; give the address that sheets are posted to."""
    port = str(free_port())
    program, *arguments = [part.format(port=port) for part in COMMANDS[peer]]
    environment = {
        **os.environ,
        **settings,
        "PORT": port,
        "BENTOML_DO_NOT_TRACK": "True",
        "BENTOML_HOME": str(log.parent),
    }
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603  # the peers of the lock
            [PLACE / "bin" / program, *arguments],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _wait(f"http://127.0.0.1:{port}{HEALTH[peer]}", process, log)
        yield f"http://127.0.0.1:{port}/segment"
    finally:
        _stop(process)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_DEADLINE_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if requests.get(url, timeout=5).ok:
                return
        except requests.RequestException:
            pass
        time.sleep(0.5)
    raise RuntimeError(f"a peer did not start: {log.read_text()[-3000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the peer with all its processes: they are a session of their own."""
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(STOP_DEADLINE_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _site_packages() -> Path:
    return next(PLACE.glob("lib/python*/site-packages"))
