import os
import re
import subprocess
import sys
from pathlib import Path

from flask.testing import FlaskClient

from nginx.local.__main__ import ROOT

SEVERAL_PROCESSES = """
import os
from flask_app.app import create_app
client = create_app().test_client()
for _ in range(2):
    if os.fork() == 0:
        client.get("/upload")
        os._exit(0)
    os.wait()
print(client.get("/metrics").text)
"""


def test_healthz_asks_no_other_service(client: FlaskClient) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.json) == (200, {"status": "ok"})


def test_metrics_count_by_route_and_status(client: FlaskClient) -> None:
    client.get("/upload")
    client.get("/made-up-by-a-stranger")
    figures = client.get("/metrics").text
    assert 'site_requests_total{method="GET",route="/upload",status="200"} 1.0' in figures
    assert 'site_requests_total{method="GET",route="none",status="404"} 1.0' in figures
    assert 'site_request_duration_seconds_count{method="GET",route="/upload"} 1.0' in figures
    assert "made-up-by-a-stranger" not in figures


def test_a_made_up_method_is_no_label(client: FlaskClient) -> None:
    client.open("/about", method="MADEUP")
    assert "MADEUP" not in client.get("/metrics").text


def test_at_the_start_only_the_folder_of_the_figures_is_emptied_whatever_its_name(tmp_path: Path) -> None:
    (command,) = re.findall(r"^exec-asap = (.*)$", (ROOT / "flask_app/uwsgi.ini").read_text(), re.MULTILINE)
    folder, beside = tmp_path / "a copy", tmp_path / "a"
    for place in (folder, beside):
        place.mkdir()
        (place / "kept").touch()
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    # uWSGI puts variables in, and hands the line to the shell
    line = re.sub(r"\$\((\w+)\)", lambda found: environment[found[1]], command)
    subprocess.run(["sh", "-c", line], env=environment, check=True)
    assert list(folder.iterdir()) == []
    assert (beside / "kept").exists()


def test_metrics_of_several_processes_are_summed(tmp_path: Path) -> None:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "LOG_LEVEL": "ERROR"}
    command = [sys.executable, "-c", SEVERAL_PROCESSES]
    figures = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert 'site_requests_total{method="GET",route="/upload",status="200"} 2.0' in figures
