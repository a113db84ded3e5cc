"""The real nginx with the rendered front door, between a test and services that remember what reached them."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from nginx.local.__main__ import FOLDERS, CannotStart, free_port, places, render_all
from nginx.local.render import DEFAULTS
from tests.nginx.upstreams import Upstream, http_service, uwsgi_service
from tests.waiting import wait_until


@dataclass
class FrontDoor:
    """A running nginx and the two services behind it."""

    url: str
    host: tuple[str, int]
    home: Path
    site: Upstream
    api: Upstream

    def get(self, path: str, **options: object) -> requests.Response:
        return requests.get(self.url + path, timeout=10, **options)  # type: ignore[arg-type]

    def post(self, path: str, **options: object) -> requests.Response:
        return requests.post(self.url + path, timeout=10, **options)  # type: ignore[arg-type]

    @property
    def log(self) -> str:
        return (self.home / "nginx.log").read_text()


OpenDoor = Callable[..., FrontDoor]


def configure(home: Path, **settings: str) -> dict[str, str]:
    """Render the configuration below `home`; return the environment that it was rendered from."""
    for folder in FOLDERS:
        (home / folder).mkdir(parents=True, exist_ok=True)
    environment = {**DEFAULTS, "PORT": str(free_port()), **settings}
    environment |= places(home, environment) | settings | {"ACCESS_LOG": str(home / "nginx.log")}
    render_all(home, environment)
    return environment


@pytest.fixture(scope="session")
def nginx_program() -> str:
    from nginx.local.__main__ import find_nginx

    try:
        return find_nginx()
    except CannotStart:
        pytest.skip("nginx is needed: apt install nginx-light")


@pytest.fixture(scope="module")
def open_door(nginx_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenDoor]:
    """A function that starts nginx with the given settings; all are stopped at the end of the module."""
    with ExitStack() as stack:

        def start(**settings: str) -> FrontDoor:
            home: Path = tmp_path_factory.mktemp("door")
            site, api = stack.enter_context(uwsgi_service()), stack.enter_context(http_service())
            environment = configure(home, **{"SITE_UPSTREAM": site.address, "API_UPSTREAM": api.address, **settings})
            stack.enter_context(running(nginx_program, home))
            host = ("127.0.0.1", int(environment["PORT"]))
            door = FrontDoor(f"http://{host[0]}:{host[1]}", host, home, site, api)
            wait_until(lambda: answers(door), "nginx did not answer")
            return door

        yield start


class running:  # noqa: N801  # reads as a verb in a with statement
    """Run nginx for the length of a block."""

    def __init__(self, program: str, home: Path) -> None:
        command = [program, "-e", "stderr", "-c", str(home / "nginx/nginx.conf")]
        with (home / "errors.log").open("ab") as errors:
            self.process = subprocess.Popen(command, cwd=home, stdout=errors, stderr=errors)

    def __enter__(self) -> "running":
        return self

    def __exit__(self, *_error: object) -> None:
        self.process.terminate()
        self.process.wait(20)


def answers(door: FrontDoor) -> bool:
    try:
        return door.get("/nginx-health").ok
    except requests.ConnectionError:
        return False


@pytest.fixture(scope="module")
def shared_door(open_door: OpenDoor) -> FrontDoor:
    return open_door(RATE_LIMIT="1000", UPLOAD_RATE_LIMIT="1000")


@pytest.fixture
def door(shared_door: FrontDoor) -> FrontDoor:
    """The module's front door, with services that answer 200 and have received nothing."""
    for upstream in (shared_door.site, shared_door.api):
        upstream.received.clear()
        upstream.status = 200
    return shared_door
