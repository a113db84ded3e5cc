"""What people see while something goes wrong, and that it mends itself. Platforms here are the module's own."""

import json
import os
import pty
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from nginx.local.__main__ import ROOT, free_port
from tests.system.platform import START_DEADLINE_S, STOP_DEADLINE_S, Platform, start, start_in_terminal
from tests.system.test_flow import TIMEOUT_S, inspect, record_of
from tests.waiting import wait_until

pytestmark = [pytest.mark.system, pytest.mark.local]
Later = Callable[..., Future[requests.Response]]


@pytest.fixture
def later() -> Iterator[Later]:
    """A function that makes a call in the background."""
    with ThreadPoolExecutor() as pool:
        yield pool.submit


def signal_all(pids: list[int], how: signal.Signals) -> None:
    for pid in pids:
        os.kill(pid, how)


def test_a_request_is_found_by_its_id_in_all_three_logs(platform: Platform) -> None:
    request_id = requests.get(f"{platform.url}/media/", timeout=TIMEOUT_S).headers["X-Request-ID"]

    def services() -> set[str]:
        lines = [line.partition("| ")[2] for line in platform.log.splitlines() if request_id in line]
        return {json.loads(line)["service"] for line in lines}

    wait_until(lambda: len(services()) == 3, "the request was not logged by all three services")
    assert services() == {"nginx", "flask_app", "defect-api-service"}


def test_workers_killed_at_work_cost_no_more_than_what_they_held(
    platform: Platform, later: Later, clean_sheet: bytes
) -> None:
    main, *workers = platform.members("api")
    files = [{"file": (f"killed{number}.png", clean_sheet, "image/png")} for number in range(12)]
    uploads = [later(requests.post, f"{platform.url}/upload", files=each, timeout=120) for each in files]
    wait_until(lambda: list(platform.media.glob("killed*.json")), "no upload was inspected")
    signal_all(workers, signal.SIGKILL)
    pages = [upload.result() for upload in uploads]
    lost = [page for page in pages if not page.ok]
    assert lost
    assert {page.status_code for page in lost} <= {502, 503}
    assert all(page.headers["Content-Type"].startswith("text/html") for page in lost)
    assert all(page.headers["X-Request-ID"] in page.text for page in lost)
    wait_until(platform.is_ready, "the service did not come back", START_DEADLINE_S)
    assert platform.members("api")[0] == main
    assert inspect(platform.url, "killed after.png", clean_sheet).status_code == 201


def established(platform: Platform) -> bool:
    """Tell whether anybody waits for the REST service, by the kernel's table of connections."""
    (port,) = {line.rsplit(":", 1)[1].split()[0] for line in platform.log.splitlines() if "Listening at: http" in line}
    wanted = f":{int(port):04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(remote.endswith(wanted) and state == "01" for _, _, remote, state, *_ in rows)


def test_a_killed_service_is_missed_politely_and_restarted(platform: Platform) -> None:
    signal_all(platform.members("api"), signal.SIGKILL)
    page = requests.get(f"{platform.url}/media/", timeout=TIMEOUT_S)
    problem = requests.get(f"{platform.url}/api/readyz", timeout=TIMEOUT_S)
    assert page.status_code in (502, 503)
    assert page.headers["Content-Type"].startswith("text/html")
    assert problem.status_code in (502, 503)
    assert problem.headers["Content-Type"] == "application/problem+json"
    assert requests.get(f"{platform.url}/", timeout=TIMEOUT_S).ok
    wait_until(platform.is_ready, "the service did not come back", START_DEADLINE_S)


@pytest.mark.parametrize(
    ("service", "number"),
    [("site", signal.SIGKILL), ("nginx", signal.SIGKILL), ("api", signal.SIGTERM), ("nginx", signal.SIGTERM)],
)
def test_a_service_whose_main_process_is_ended_comes_back(
    platform: Platform, service: str, number: signal.Signals
) -> None:
    before = platform.members(service)[0]
    os.kill(before, number)
    wait_until(lambda: platform.members(service)[0] != before, "it was not restarted")
    wait_until(platform.is_ready, "the platform did not recover", START_DEADLINE_S)


def test_a_client_that_hangs_up_half_way_harms_nobody(platform: Platform, clean_sheet: bytes) -> None:
    head = (
        f"POST /api/v1/inspections HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: {len(clean_sheet)}"
    )
    for sent in (0, 100, len(clean_sheet)):
        with socket.create_connection(("127.0.0.1", platform.port), timeout=10) as connection:
            connection.sendall(head.encode() + b"\r\n\r\n" + clean_sheet[:sent])
    assert inspect(platform.url, "hung up.png", clean_sheet).status_code in (200, 201)
    assert platform.is_ready()


def test_two_platforms_run_side_by_side_and_stop_alone(platform: Platform, tmp_path: Path, clean_sheet: bytes) -> None:
    other = start(tmp_path)
    try:
        other.wait_until_ready()
        record = record_of(inspect(other.url, "only here.png", clean_sheet))
        assert (other.media / f"{record['id']}.json").exists()
        assert not (platform.media / f"{record['id']}.json").exists()
        assert f"ready: open {other.url}" in other.log
    finally:
        other.stop(signal.SIGINT)
    assert platform.is_ready()


def test_a_terminal_that_is_closed_stops_the_platform(tmp_path: Path) -> None:
    ours, its = pty.openpty()
    platform = start_in_terminal(tmp_path, its)
    os.close(its)
    try:
        platform.wait_until_ready()
    finally:
        platform.ends_well(lambda: os.close(ours))
    assert refuses_connections(platform)


def test_stopping_lets_a_request_in_flight_finish(tmp_path: Path, later: Later, clean_sheet: bytes) -> None:
    platform = start(tmp_path)
    stopper = threading.Thread(target=platform.stop)
    try:
        platform.wait_until_ready()
        workers = platform.members("api")[1:]
        signal_all(workers, signal.SIGSTOP)
        files = {"file": ("in flight.png", clean_sheet, "image/png")}
        upload = later(requests.post, f"{platform.url}/upload", files=files, timeout=120, allow_redirects=False)
        wait_until(lambda: established(platform), "the site did not pass the upload on")
    finally:
        stopper.start()
    wait_until(lambda: refuses_connections(platform), "nginx went on listening")
    signal_all(workers, signal.SIGCONT)
    assert upload.result().status_code in (302, 303)
    stopper.join(STOP_DEADLINE_S)
    assert platform.process.returncode == 0


def refuses_connections(platform: Platform) -> bool:
    try:
        socket.create_connection(("127.0.0.1", platform.port), timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False


def refusal(**settings: str) -> str:
    """Try to start a platform that cannot start; return what it says."""
    command = [sys.executable, "-m", "nginx.local"]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **settings}, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    return done.stderr


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refusal(PORT=str(port), STATE_DIR=str(tmp_path))
    assert said.startswith(f"The platform was not started: port {port} cannot be used")
    assert said.count("\n") == 1


def test_a_port_that_is_none_is_refused(tmp_path: Path) -> None:
    assert "PORT must be a number" in refusal(PORT="http", STATE_DIR=str(tmp_path))


def test_a_state_folder_in_use_is_named(platform: Platform) -> None:
    said = refusal(PORT=str(free_port()), STATE_DIR=str(platform.home))
    assert "another one is running with the same STATE_DIR" in said
