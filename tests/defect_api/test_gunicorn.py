"""The service under the real Gunicorn with its configuration: several workers, one model, and no request lost."""

import json
import os
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
from nginx.local.__main__ import ROOT, free_port
from tests.defect_api.conftest import card_document, png, sheet
from tests.defect_api.stored import store
from tests.defect_api.test_served_model import newer
from tests.waiting import wait_until

START_DEADLINE_S = 300
# enough that both workers answer
LOOKS = 12


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

    def ready(self) -> list[Any]:
        """Return what several looks at the readiness see."""
        return [self.get("/readyz") for _ in range(LOOKS)]

    def serves(self, version: str) -> bool:
        return all(look.get("model", {}).get("version") == version for look in self.ready())

    def is_up(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.serves("1")
        except requests.ConnectionError:
            return False

    def workers(self) -> set[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return {int(pid) for pid in children.split()}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> Iterator[Service]:
    tmp_path = tmp_path_factory.mktemp("service")
    shutil.copytree(models_dir, tmp_path / "models")
    port, log = free_port(), tmp_path / "log"
    places = {name: str(tmp_path / name.lower()) for name in ("STATE_DIR", "MEDIA_DIR", "PROMETHEUS_MULTIPROC_DIR")}
    environment = {"MODELS_DIR": str(tmp_path / "models"), "API_BIND": f"127.0.0.1:{port}", "WORKERS": "2"}
    environment["RETENTION_DAYS"] = "30"
    old = Card.model_validate(card_document())
    store(MediaVolume(tmp_path / "media_dir"), old, "old.png", created_at="2020-01-01T00:00:00.000Z")
    command = [sys.executable, "-m", "gunicorn", "-c", "defect_api/gunicorn.conf.py", "defect_api.app:create_app()"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **places, **environment}, stdout=output, stderr=output
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


def test_gunicorns_own_lines_are_json_too(service: Service) -> None:
    (line,) = [line for line in service.log.read_text().splitlines() if "Listening at" in line]
    assert json.loads(line)["service"] == "defect-api-service"


def test_no_worker_holds_tensorflow(service: Service) -> None:
    assert {look["model"]["engine"] for look in service.ready()} == {"openvino"}
    workers = service.workers()
    assert len(workers) == 2
    wait_until(lambda: all(holds(worker, "libopenvino.so") for worker in workers), "a worker has loaded no engine")
    assert not any(holds(worker, "libtensorflow_framework") for worker in workers)


def holds(process: int, library: str) -> bool:
    return f"/{library}" in Path(f"/proc/{process}/maps").read_text()


def test_what_is_too_old_is_deleted_while_nothing_is_inspected(service: Service) -> None:
    wait_until(lambda: not list(service.media.glob("old-*")), "the old inspection is still there")


def test_the_figures_are_those_of_all_workers(service: Service) -> None:
    for number in range(LOOKS):
        requests.post(f"{service.url}/v1/inspections", files={"image": (f"{number}.png", b"no picture")}, timeout=60)
    refusals = [figure(service, 'defect_api_refusals_total{reason="picture-refused"}') for _ in range(LOOKS)]
    assert set(refusals) == {LOOKS}
    assert figure(service, "defect_api_inspections_held") == 0
    assert figure(service, "defect_api_inspections_limit") == 2 * 8


def figure(service: Service, sample: str) -> float:
    text = requests.get(f"{service.url}/metrics", timeout=60).text
    (value,) = [line.rpartition(" ")[2] for line in text.splitlines() if line.startswith(f"{sample} ")]
    return float(value)


def test_a_worker_counts_on_in_the_files_of_the_one_before_it(service: Service) -> None:
    refused = 'defect_api_refusals_total{reason="picture-refused"}'
    before, counted = service.workers(), figure(service, refused)
    os.kill(min(before), signal.SIGKILL)
    wait_until(lambda: len(service.workers() - before) == 1, "the worker was not replaced")
    (new,) = service.workers() - before
    wait_until(lambda: holds(new, "libopenvino.so"), "the new worker has loaded no engine")
    for number in range(LOOKS):
        requests.post(f"{service.url}/v1/inspections", files={"image": (f"{number}.png", b"no picture")}, timeout=60)
    assert figure(service, refused) == counted + LOOKS
    assert {file.stem.rpartition("_")[2] for file in service.figures.glob("*.db")} == {"0", "1"}


def test_a_signal_switches_the_model_and_no_request_is_lost(service: Service) -> None:
    clients = Clients(service.url)
    with ThreadPoolExecutor() as pool:
        posting = [pool.submit(clients.post, number) for number in range(3)]
        try:
            wait_until(lambda: len(clients.versions) > 5, "nothing was inspected")
            newer(service.first_package, "2")
            service.process.send_signal(signal.SIGHUP)
            wait_until(lambda: service.serves("2"), "the model was not switched")

            newer(service.first_package, "3", tolerance={})
            service.process.send_signal(signal.SIGHUP)
            wait_until(lambda: service.ready()[0]["complaints"], "the package that fails was not told")
            assert service.serves("2")

            before = service.workers()
            os.kill(min(before), signal.SIGTERM)
            wait_until(lambda: len(service.workers() - before) == 1, "the worker was not replaced")
            told = len(clients.versions)
            wait_until(lambda: len(clients.versions) > told + 20, "the service stopped inspecting")
            assert service.serves("2")
        finally:
            clients.stop.set()
        for each in posting:
            each.result()
    assert set(clients.versions) == {"1", "2"}
    assert all("tiny/3" in complaint for look in service.ready() for complaint in look["complaints"])
