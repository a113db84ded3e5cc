"""The service under the real Gunicorn with its configuration: several workers, one model, and no request lost."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from defect_api.card import Card
from defect_api.media import MediaVolume
from defect_api.places import locked
from nginx.local.__main__ import MEMORY, ROOT, free_port
from tests.defect_api.conftest import card_document, png, sheet
from tests.defect_api.stored import store
from tests.defect_api.test_served_model import newer
from tests.waiting import wait_until

START_DEADLINE_S = 300
WORKERS = 2
COMMAND = [sys.executable, "-m", "gunicorn", "-c", "defect_api/gunicorn.conf.py", "defect_api.app:create_app()"]
REFUSED = 'defect_api_refusals_total{reason="picture-refused"}'


@dataclass
class Service:
    """A running service and the folder of its models."""

    url: str
    process: subprocess.Popen[bytes]
    first_package: Path
    media: Path
    figures: Path
    log: Path

    def get(self, path: str) -> Any:
        return requests.get(self.url + path, timeout=60).json()

    def switches(self, version: str) -> int:
        """Count how often a worker has put this version in service, which each does once."""
        return self.log.read_text().count(f"model tiny/{version} is in service")

    def is_up(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        return self.switches("1") == WORKERS

    def counters(self) -> dict[str, bytes]:
        """Return what each worker has counted, by the name of its file."""
        return {file.name: file.read_bytes() for file in self.figures.glob("counter_*.db")}

    def refused_by_all(self) -> int:
        """Send what is no picture until each worker has refused it; return how often it was sent."""
        before, sent = self.counters(), 0

        def each_has_counted() -> bool:
            nonlocal sent
            requests.post(f"{self.url}/v1/inspections", files={"image": ("a.png", b"no picture")}, timeout=60)
            sent += 1
            return len(self.counters().items() - before.items()) == WORKERS

        wait_until(each_has_counted, "one worker alone was asked")
        return sent

    def workers(self) -> set[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return {int(pid) for pid in children.split()}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> Iterator[Service]:
    tmp_path = tmp_path_factory.mktemp("service")
    shutil.copytree(models_dir, tmp_path / "models")
    port, log = free_port(), tmp_path / "log"
    places = {name: str(tmp_path / name.lower()) for name in ("STATE_DIR", "MEDIA_DIR", "PROMETHEUS_MULTIPROC_DIR")}
    environment = {"MODELS_DIR": str(tmp_path / "models"), "API_BIND": f"127.0.0.1:{port}", "WORKERS": str(WORKERS)}
    environment["RETENTION_DAYS"] = "30"
    old = Card.model_validate(card_document())
    store(MediaVolume(tmp_path / "media_dir"), old, "old.png", created_at="2020-01-01T00:00:00.000Z")
    with log.open("wb") as output:
        process = subprocess.Popen(
            COMMAND, cwd=ROOT, env={**os.environ, **places, **environment}, stdout=output, stderr=output
        )
    running = Service(
        url=f"http://127.0.0.1:{port}",
        process=process,
        first_package=tmp_path / "models/tiny/1",
        media=tmp_path / "media_dir",
        figures=tmp_path / "prometheus_multiproc_dir",
        log=log,
    )
    try:
        wait_until(running.is_up, "the service was not ready", START_DEADLINE_S)
        yield running
    finally:
        process.terminate()
        assert process.wait(60) == 0, log.read_text()


@dataclass
class Clients:
    """Clients that post one picture after the other until they are told to stop."""

    url: str
    versions: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def post(self, client: int) -> None:
        number = 0
        while not self.stop.is_set():
            number += 1
            answer = requests.post(
                f"{self.url}/v1/inspections?filename=c{client}-{number}.png",
                data=png(sheet((number % 1000, 50, 40, 30, 20), width=1600)),
                headers={"Content-Type": "image/png"},
                timeout=60,
            )
            assert answer.status_code in (200, 201), answer.text
            self.versions.append(answer.json()["model"]["version"])


def test_a_service_that_cannot_start_leaves_nothing_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    before = set(Path(MEMORY).glob("defect-api-*"))
    places = {"STATE_DIR": str(tmp_path / "state"), "MEDIA_DIR": str(tmp_path / "file/media")}
    done = subprocess.run(COMMAND, cwd=ROOT, env={**os.environ, **places}, capture_output=True, check=False, timeout=60)
    assert done.returncode != 0
    assert b"NotADirectoryError" in done.stdout + done.stderr
    assert set(Path(MEMORY).glob("defect-api-*")) <= before


def test_gunicorns_own_lines_are_json_too(service: Service) -> None:
    (line,) = [line for line in service.log.read_text().splitlines() if "Listening at" in line]
    assert json.loads(line)["service"] == "defect-api-service"


def test_no_worker_holds_tensorflow(service: Service) -> None:
    assert service.get("/readyz")["model"]["engine"] == "openvino"
    workers = service.workers()
    assert len(workers) == WORKERS
    wait_until(lambda: all(holds(worker, "libopenvino.so") for worker in workers), "a worker has loaded no engine")
    assert not any(holds(worker, "libtensorflow_framework") for worker in workers)


def test_who_stops_finishes_what_nginx_waits_for() -> None:
    def seconds(pattern: str, file: str) -> int:
        (found,) = re.findall(pattern, (ROOT / file).read_text())
        return int(found)

    # of all but exports, which a restart may cut
    answer = seconds(r"\n {8}proxy_read_timeout +(\d+)s;", "nginx/templates/default.conf.template")
    stop = seconds(r"stop_grace_period: (\d+)s", "docker-compose.yml")
    assert answer < seconds(r"\ngraceful_timeout = (\d+)", "defect_api/gunicorn.conf.py") < stop


def holds(process: int, library: str) -> bool:
    return f"/{library}" in Path(f"/proc/{process}/maps").read_text()


def test_what_is_too_old_is_deleted_while_nothing_is_inspected(service: Service) -> None:
    wait_until(lambda: not list(service.media.glob("old-*")), "the old inspection is still there")


def test_the_figures_are_those_of_all_workers(service: Service) -> None:
    refused = service.refused_by_all()
    assert figure(service, REFUSED) == refused
    assert figure(service, "defect_api_inspections_held") == 0
    assert figure(service, "defect_api_inspections_limit") == 2 * 8


def figure(service: Service, sample: str) -> float:
    text = requests.get(f"{service.url}/metrics", timeout=60).text
    (value,) = [line.rpartition(" ")[2] for line in text.splitlines() if line.startswith(f"{sample} ")]
    return float(value)


def test_a_worker_counts_on_in_the_files_of_the_one_before_it(service: Service) -> None:
    before, counted = service.workers(), figure(service, REFUSED)
    os.kill(min(before), signal.SIGKILL)
    wait_until(lambda: len(service.workers() - before) == 1, "the worker was not replaced")
    (new,) = service.workers() - before
    wait_until(lambda: holds(new, "libopenvino.so"), "the new worker has loaded no engine")
    refused = service.refused_by_all()
    assert figure(service, REFUSED) == counted + refused
    assert {file.stem.rpartition("_")[2] for file in service.figures.glob("*.db")} == {"0", "1"}


def test_a_signal_switches_the_model_and_no_request_is_lost(service: Service) -> None:
    clients = Clients(service.url)
    with ThreadPoolExecutor() as pool:
        posting = [pool.submit(clients.post, number) for number in range(3)]
        try:
            wait_until(lambda: len(clients.versions) > 5, "nothing was inspected")
            newer(service.first_package, "2")
            service.process.send_signal(signal.SIGHUP)
            wait_until(lambda: service.switches("2") == WORKERS, "the model was not switched")

            newer(service.first_package, "3", tolerance={})
            service.process.send_signal(signal.SIGHUP)
            wait_until(lambda: service.get("/readyz")["complaints"], "the package that fails was not told")

            before = service.workers()
            os.kill(min(before), signal.SIGTERM)
            wait_until(lambda: len(service.workers() - before) == 1, "the worker was not replaced")
            wait_until(lambda: service.switches("2") == WORKERS + 1, "the new worker serves something else")
            told = len(clients.versions)
            wait_until(lambda: len(clients.versions) > told + 20, "the service stopped inspecting")
        finally:
            clients.stop.set()
        for each in posting:
            each.result()
    assert set(clients.versions[:told]) == {"1", "2"}
    assert set(clients.versions[told:]) == {"2"}
    (complaint,) = service.get("/readyz")["complaints"]
    assert "tiny/3" in complaint


def test_it_is_stopped_while_the_history_is_brought_up_to_date(tmp_path: Path, models_dir: Path) -> None:
    places = {name: str(tmp_path / name.lower()) for name in ("STATE_DIR", "MEDIA_DIR")}
    environment = {"MODELS_DIR": str(models_dir), "API_BIND": f"127.0.0.1:{free_port()}"}
    with locked(tmp_path / "state_dir" / "history.lock"):
        process = subprocess.Popen(COMMAND, cwd=ROOT, env={**os.environ, **places, **environment})
        wait_until((tmp_path / "media_dir").is_dir, "nothing was begun")
        process.terminate()
        assert process.wait(60) == 0
