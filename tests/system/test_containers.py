"""What holds for the containers alone: how they are locked up, what they keep, and what an upgrade changes."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from nginx.local.__main__ import ROOT
from tests.system import compose
from tests.system.compose import READY_DEADLINE_S, Project
from tests.system.test_flow import TIMEOUT_S, inspect, record_of
from tests.waiting import wait_until

pytestmark = pytest.mark.containers
SERVICES = ("http_server", "web_app", "defect-api-service")
PYTHON_SERVICES = SERVICES[1:]


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_can_do_little(project: Project, service: str) -> None:
    host = project.inspect(service)["HostConfig"]
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert host["Memory"] > 0
    assert host["PidsLimit"] > 0
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert project.run_in(service, "id", "-u").strip() != "0"


@pytest.mark.parametrize("service", SERVICES)
def test_every_container_says_that_it_is_well(project: Project, service: str) -> None:
    assert project.inspect(service)["State"]["Health"]["Status"] == "healthy"


def test_only_nginx_is_published_and_the_others_cannot_reach_out(project: Project) -> None:
    published = {service: project.inspect(service)["HostConfig"]["PortBindings"] or {} for service in SERVICES}
    assert [service for service, ports in published.items() if ports] == ["http_server"]
    networks = {service: set(project.inspect(service)["NetworkSettings"]["Networks"]) for service in SERVICES}
    assert networks["web_app"] == networks["defect-api-service"] == {f"{project.name}_back"}
    shown = subprocess.run(["docker", "network", "inspect", f"{project.name}_back"], capture_output=True, check=True)
    assert json.loads(shown.stdout)[0]["Internal"]


@pytest.mark.parametrize("service", PYTHON_SERVICES)
def test_what_only_building_needs_is_not_in_the_image(project: Project, service: str) -> None:
    modules = ["pip", "setuptools", "pytest", "wheel"]
    if service == "web_app":
        modules += ["numpy", "tensorflow", "cv2"]
    find = "import importlib.util, sys; print([name for name in sys.argv[1:] if importlib.util.find_spec(name)])"
    assert project.run_in(service, "/venv/bin/python", "-c", find, *modules).strip() == "[]"
    assert project.run_in(service, "find", "/venv", "-name", "*.h").strip() == ""


@pytest.fixture
def slim() -> Iterator[Project]:
    """A platform of its own whose REST service has no TensorFlow."""
    project = compose.start(API_TARGET="slim")
    yield project
    project.down()


def test_the_slim_image_inspects_without_tensorflow(slim: Project, defective_sheet: bytes) -> None:
    record = record_of(inspect(slim.url, "slim.png", defective_sheet))
    assert (record["verdict"], record["model"]["engine"]) == ("defect", "openvino")
    missing = "import importlib.util, sys; print([name for name in sys.argv[1:] if importlib.util.find_spec(name)])"
    find = ("/venv/bin/python", "-c", missing, "tensorflow", "keras", "h5py", "openvino")
    assert slim.run_in("defect-api-service", *find).strip() == "['openvino']"


def test_a_restarted_service_has_lost_nothing(project: Project, defective_sheet: bytes) -> None:
    record = record_of(inspect(project.url, "kept.png", defective_sheet))
    project.compose("restart", "defect-api-service")
    wait_until(project.is_ready, "the service did not come back", READY_DEADLINE_S)
    known = requests.get(f"{project.url}/api/v1/inspections/{record['id']}", timeout=TIMEOUT_S)
    assert known.json() == record
    assert inspect(project.url, "kept.png", defective_sheet).status_code == 200
    assert requests.get(f"{project.url}/media/{record['files']['overlay']}", timeout=TIMEOUT_S).ok


def test_new_containers_find_what_the_old_ones_stored(project: Project, clean_sheet: bytes) -> None:
    record = record_of(inspect(project.url, "stored.png", clean_sheet))
    project.compose("down", "--timeout", "60")
    project.up()
    assert requests.get(f"{project.url}/media/{record['id']}.json", timeout=TIMEOUT_S).json()["id"] == record["id"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_killed_service_is_started_again(project: Project, service: str) -> None:
    container = project.inspect(service)["Id"]
    pid = project.inspect(service)["State"]["Pid"]
    # the engine itself must not be the killer: it would take it for a wish
    subprocess.run(["kill", "-KILL", str(pid)], check=True)
    wait_until(lambda: project.inspect(service)["State"]["Pid"] not in (0, pid), "it was not restarted")
    wait_until(project.is_ready, "the platform did not recover", READY_DEADLINE_S)
    assert project.inspect(service)["Id"] == container


def test_an_upgrade_replaces_the_static_files(project: Project, tmp_path: Path) -> None:
    image = tmp_path / "Dockerfile"
    folder = "/venv/lib/python3.11/site-packages/flask_app/static"
    image.write_text(
        "FROM surface-defect-detector/web_app\nUSER root\n"
        f"RUN rm {folder}/times.js && echo '/* upgraded */' > {folder}/site.css\nUSER site\n"
    )
    name = f"{project.name}-upgraded"
    subprocess.run(["docker", "build", "--tag", name, str(tmp_path)], check=True, capture_output=True)
    override = tmp_path / "override.yml"
    override.write_text(f"services: {{web_app: {{image: {name}}}}}\n")
    files = ("--file", str(ROOT / "docker-compose.yml"), "--file", str(override))
    try:
        project.compose(*files, "up", "--detach", "--no-build", "--wait", "web_app")
        assert requests.get(f"{project.url}/static/site.css", timeout=TIMEOUT_S).text == "/* upgraded */\n"
        assert requests.get(f"{project.url}/static/times.js", timeout=TIMEOUT_S).status_code == 404
    finally:
        project.up()
    assert "upgraded" not in requests.get(f"{project.url}/static/site.css", timeout=TIMEOUT_S).text
    assert requests.get(f"{project.url}/static/times.js", timeout=TIMEOUT_S).ok


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_stops_well_before_it_is_killed(project: Project, service: str) -> None:
    project.compose("stop", service)
    state = project.inspect(service)["State"]
    project.up()
    assert (state["OOMKilled"], state["ExitCode"]) == (False, 0)
