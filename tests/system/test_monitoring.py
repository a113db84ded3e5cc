"""The monitoring profile: what it starts, and that each figure it shows is one that the running services give."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
import yaml

from defect_api.metrics import CONDITIONS, LIMIT_USE
from nginx.local.__main__ import ROOT
from tests.defect_api.conftest import png
from tests.system.platform import Platform
from tests.system.test_flow import TIMEOUT_S, inspect

FOLDER = ROOT / "defect_api/monitoring"
DASHBOARD = json.loads((FOLDER / "grafana/dashboards/platform.json").read_text())
ALERTS = yaml.safe_load((FOLDER / "alerts.yml").read_text())
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
NAME = re.compile(r"\b(?:defect_api|site)_[a-z_]+\b")
SELECTOR = re.compile(r"\b((?:defect_api|site)_[a-z_]+)\{([^}]*)\}")
LABEL = re.compile(r"(\w+)=")


def queries() -> Iterator[str]:
    for panel in DASHBOARD["panels"]:
        yield from (target["expr"] for target in panel.get("targets", []))
    yield from (entry["expr"] for entry in DASHBOARD["annotations"]["list"])
    yield from (rule["expr"] for group in ALERTS["groups"] for rule in group["rules"])


@pytest.fixture(scope="module")
def exposed(platform: Platform, defective_sheet: bytes) -> str:
    """All figures of both services, once each of them has been asked for something."""
    assert inspect(platform.url, "monitored.png", defective_sheet).status_code in (200, 201)
    inspect(platform.url, "too small.png", png(np.zeros((64, 64), np.uint8)))
    inspect(platform.url, "no picture.png", b"no picture")
    requests.get(f"{platform.url}/about", timeout=TIMEOUT_S)
    return "".join(requests.get(address, timeout=TIMEOUT_S).text for address in addresses(platform))


def addresses(platform: Platform) -> list[str]:
    """Return where Prometheus would find the services: not behind nginx, whose own configuration names one of them."""
    api = re.search(r'set \$api_upstream +"([^"]+)"', (platform.home / "nginx/conf/default.conf").read_text())
    site = Path(f"/proc/{platform.members('site')[0]}/environ").read_bytes()
    assert api
    variables = dict(entry.partition("=")[::2] for entry in site.decode().split("\0"))
    return [f"http://{host}/metrics" for host in (api[1], variables["SITE_HTTP"])]


@pytest.mark.system
@pytest.mark.local
def test_every_figure_that_is_shown_or_alerted_on_is_given(exposed: str) -> None:
    given = set(re.findall(r"^# HELP (\S+)", exposed, re.MULTILINE)) | set(re.findall(r"^(\w+)", exposed, re.MULTILINE))
    # no sheet is held against the limits of a card that has none
    watched = [family.name for metric in (CONDITIONS, LIMIT_USE) for family in metric.describe()]
    given |= {name + suffix for name in watched for suffix in ("_bucket", "_count", "_sum")}
    asked = {name for query in queries() for name in NAME.findall(query)}
    assert len(asked) > 10
    assert asked <= given


@pytest.mark.system
@pytest.mark.local
def test_the_sites_figures_are_in_files_of_its_workers_not_of_their_processes(platform: Platform, exposed: str) -> None:
    files = (platform.home / "run/metrics/site").glob("*.db")
    workers = {int(file.stem.rpartition("_")[2]) for file in files}
    assert "site_requests_total" in exposed
    assert workers
    assert workers.isdisjoint(platform.members("site"))


@pytest.mark.system
@pytest.mark.local
def test_every_label_that_is_chosen_by_is_given(exposed: str) -> None:
    chosen = {
        (name, label)
        for query in queries()
        for name, within in SELECTOR.findall(query)
        for label in LABEL.findall(within)
    }
    assert {("defect_api_stage_seconds_bucket", "stage"), ("defect_api_refusals_total", "reason")} <= chosen
    given = {(name, label) for name, within in SELECTOR.findall(exposed) for label in LABEL.findall(within)}
    watched = {
        (f"{name}_bucket", "le") for metric in (CONDITIONS, LIMIT_USE) for name in [next(iter(metric.describe())).name]
    }
    assert chosen <= given | watched


@pytest.mark.system
@pytest.mark.local
def test_what_is_alerted_on_is_counted_from_nothing_on(exposed: str) -> None:
    """An increase is seen of a figure that was there before."""
    given = re.findall(r'defect_api_refusals_total\{reason="([^"]+)"\}', exposed)
    wanted = [reason for query in queries() for reason in re.findall(r'refusals_total\{reason=~?"([^"]+)"', query)]
    assert len(wanted) >= 3
    assert all(any(re.fullmatch(pattern, reason) for reason in given) for pattern in wanted)
    assert "site_failures_total 0.0" in exposed


@pytest.mark.system
@pytest.mark.local
def test_prometheus_collects_from_where_the_services_answer(platform: Platform) -> None:
    scraped = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]
    targets = {job["job_name"]: job["static_configs"][0]["targets"] for job in scraped}
    assert targets == {"defect-api": ["defect-api-service:9090"], "site": ["web_app:8081"]}
    assert COMPOSE["services"]["defect-api-service"]["environment"]["API_BIND"] == "0.0.0.0:9090"
    assert "SITE_HTTP=0.0.0.0:8081" in (ROOT / "flask_app/Dockerfile").read_text()
    for address in addresses(platform):
        assert requests.get(address, timeout=TIMEOUT_S).status_code == 200


@pytest.mark.parametrize("service", ["prometheus", "grafana"])
def test_the_profile_is_optional_pinned_and_for_this_machine_only(service: str) -> None:
    described: dict[str, Any] = COMPOSE["services"][service]
    assert described["profiles"] == ["monitoring"]
    assert re.search(r":v?\d+\.\d+\.\d+$", described["image"])
    assert all(port.startswith("127.0.0.1:") for port in described["ports"])
    mounted = [volume.split(":")[0] for volume in described["volumes"] if volume.startswith("./")]
    assert mounted
    assert all((ROOT / path).exists() for path in mounted)


@pytest.mark.containers
def test_compose_knows_the_profile() -> None:
    command = ["docker", "compose", "--profile", "monitoring", "config", "--services"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert {"prometheus", "grafana", "http_server"} <= set(listed)


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not here: Debian's package prometheus has it")
def test_prometheus_understands_rules_and_configuration() -> None:
    for what, file in (("rules", "alerts.yml"), ("config", "prometheus.yml")):
        subprocess.run(["promtool", "check", what, file], cwd=FOLDER, check=True, capture_output=True)
