"""What docker-compose.yml promises, as far as that can be told without Docker."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from defect_api.settings import MOST_WORKERS, Settings

ROOT = Path(__file__).resolve().parents[1]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
API = SERVICES["defect-api-service"]
# what a worker has beside those of its requests, as counted
ENGINE_THREADS = 20
# of a worker, and of the largest picture
WORKER_GB, PICTURE_GB = 0.25, 1


def test_nginx_does_not_wait_for_a_model() -> None:
    assert SERVICES["http_server"]["depends_on"]["defect-api-service"]["condition"] == "service_started"


@pytest.mark.parametrize("service", ["http_server", "web_app", "defect-api-service"])
def test_uploads_on_their_way_are_on_a_disk(service: str) -> None:
    described = SERVICES[service]
    folder = described["environment"].get("TMPDIR", "/var/cache/nginx")
    mounted = [volume.split(":") for volume in described["volumes"] if isinstance(volume, str)]
    assert [name in COMPOSE["volumes"] for name, target in mounted if target == folder] == [True]
    assert not [memory for memory in described["tmpfs"] if memory.split(":")[0] == folder]


def test_the_workers_of_the_rest_service_fit_its_memory() -> None:
    limit = re.fullmatch(r"\$\{API_MEMORY:-(\d+)g\}", API["mem_limit"])
    assert limit
    assert int(limit[1]) >= MOST_WORKERS * WORKER_GB + PICTURE_GB


def test_the_threads_of_the_rest_service_are_permitted() -> None:
    assert API["pids_limit"] > MOST_WORKERS * (Settings(queue=256).request_threads + ENGINE_THREADS)
