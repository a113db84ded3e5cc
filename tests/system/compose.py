"""The same platform as containers: a compose project of its own name and port, taken down with its volumes."""

import json
import os
import subprocess
from dataclasses import dataclass, field
from typing import Any

import requests

from nginx.local.__main__ import ROOT, free_port
from tests.system.platform import READY_PATHS
from tests.waiting import wait_until

BUILD_AND_START_DEADLINE_S = 2400
READY_DEADLINE_S = 300


@dataclass
class Project:
    """A compose project that is published on a free port."""

    name: str
    port: int
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def compose(self, *arguments: str, **options: Any) -> str:
        """Run `docker compose` on this project; fail with what it wrote if it fails."""
        environment = {**os.environ, **self.settings, "HTTP_PORT": str(self.port), **options.pop("env", {})}
        command = ["docker", "compose", "--project-name", self.name, *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
            timeout=BUILD_AND_START_DEADLINE_S, **options,
        )  # fmt: skip
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return str(done.stdout)

    def up(self, *services: str, **options: Any) -> None:
        self.compose("up", "--build", "--detach", "--wait", *services, **options)
        wait_until(self.is_ready, "the platform was not ready", READY_DEADLINE_S)

    def down(self) -> None:
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "60")

    def run_in(self, service: str, *command: str) -> str:
        return self.compose("exec", "--no-TTY", service, *command)

    def inspect(self, service: str) -> dict[str, Any]:
        container = self.compose("ps", "--all", "--quiet", service).strip()
        shown = subprocess.run(["docker", "inspect", container], capture_output=True, check=True)
        document: dict[str, Any] = json.loads(shown.stdout)[0]
        return document

    def is_ready(self) -> bool:
        try:
            return all(requests.get(self.url + path, timeout=5).ok for path in READY_PATHS)
        except requests.RequestException:
            return False


def start(**settings: str) -> Project:
    """Build the images and start the platform; it is ready when this returns."""
    port = free_port()
    project = Project(f"defects-test-{port}", port, settings)
    try:
        project.up()
    except AssertionError as error:
        error.add_note(project.compose("logs", "--no-color", "--tail", "50"))
        project.down()
        raise
    return project
