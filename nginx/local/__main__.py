"""`python -m nginx.local`: prepares the state folder, then is the process manager that runs the three services."""

import errno
import fcntl
import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

from supervisor import loggers, supervisord

from nginx.local.render import DEFAULTS, TEMPLATES, render, render_folder

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
FOLDERS = ("media", "state", "run", "nginx/temp", "nginx/conf")
METRICS = "run/metrics"
MEMORY = "/dev/shm"  # noqa: S108  # memory, not a folder on a disk
GIVEN_PATHS = ("MEDIA_DIR", "MODELS_DIR", "TLS_CERT", "TLS_KEY")
# whoever starts the platform with nohup wants it to outlive the terminal
NOHUP = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
# supervisord closes every descriptor but the lowest few, and the lock must live as long as it does
LOCK_DESCRIPTOR = 3


class CannotStart(Exception):
    """The platform cannot be started; the message says why in one sentence."""


def main() -> None:
    """Prepare everything and be supervisord. Ends with a sentence on standard error if that is not possible."""
    try:
        environment = prepare(os.environ)
    except (CannotStart, OSError, ValueError) as error:
        sys.exit(f"The platform was not started: {error}")
    arguments = ["--nodaemon", "--configuration", str(ROOT / "supervisord.conf")]
    if os.getuid() == 0:
        # said aloud, or it warns about being root
        arguments += ["--user", "root"]
    os.environ.update(environment)
    supervisord.Supervisor = PromptSupervisor
    # a line that a full disk or a closed terminal does not take must not end whoever looks after the services
    loggers.Handler.handleError = lambda _handler: None
    try:
        supervisord.main(arguments)
    finally:
        state = Path(environment["HOME_DIR"])
        forget_groups(state)
        forget_metrics(state)


class PromptSupervisor(supervisord.Supervisor):  # type: ignore[misc]  # supervisor has no types
    """Starts the services at once, where the one that it is made of waits for a second, and stops them at SIGHUP."""

    def runforever(self) -> None:
        """Start the services, and look after them until they are stopped."""
        signal.signal(signal.SIGHUP, signal.SIG_IGN if NOHUP else self._hang_up)
        for group in sorted(self.process_groups.values()):
            group.transition()
        super().runforever()

    def _hang_up(self, _number: int, frame: FrameType | None) -> None:
        """Stop as Ctrl-C does when the terminal is closed; supervisor itself would start everything anew."""
        self.options.signal_receiver.receive(signal.SIGTERM, frame)


def prepare(given: Mapping[str, str]) -> dict[str, str]:
    """Make the folders, render nginx's configuration and return the services' environment.

    Raises CannotStart when the port or the state folder is in use or nginx is missing.
    """
    state = Path(given.get("STATE_DIR") or "var").absolute()
    for folder in FOLDERS:
        (state / folder).mkdir(parents=True, exist_ok=True)
    lock(state)
    environment = {**DEFAULTS, **{name: value for name, value in given.items() if value}}
    environment |= places(state, environment)
    check_ports(environment)
    forget_groups(state)
    render_all(state, environment)
    # last, for nothing removes it where the platform is not started
    make_room_for_metrics(state)
    return environment


def forget_groups(state: Path) -> None:
    """Remove the numbers of the services' process groups; once they have ended these may be anybody's."""
    for leftover in (state / "run").glob("*.group"):
        leftover.unlink()


def make_room_for_metrics(state: Path) -> None:
    """Give the services' metrics a folder in memory: on a full disk a write to mapped files ends the process."""
    forget_metrics(state)
    memory = MEMORY if os.access(MEMORY, os.W_OK) else None
    (state / METRICS).symlink_to(tempfile.mkdtemp(prefix="defect-metrics-", dir=memory))


def forget_metrics(state: Path) -> None:
    """Remove the folder in memory that the services' metrics lie in, of this run or of one that was killed."""
    link = state / METRICS
    if link.is_symlink():
        shutil.rmtree(link.resolve(), ignore_errors=True)
        link.unlink()


def places(state: Path, given: Mapping[str, str]) -> dict[str, str]:
    """Return where the parts of this platform lie and listen.

    Sockets are named relative to the state folder, in which every service is started: a Unix socket's path must not
    be longer than 107 bytes.
    """
    api = f"127.0.0.1:{free_port()}"
    tls = given["TLS_CERT"] and given["TLS_KEY"]
    return {
        "ROOT": str(ROOT),
        "BIN": str(Path(sys.executable).parent),
        "NGINX_PROGRAM": find_nginx(),
        "NGINX_USER": getpass.getuser(),
        "STATE_DIR": str(state / "state"),
        "HOME_DIR": str(state),
        "RUN_DIR": str(state / "run"),
        "MEDIA_DIR": str(state / "media"),
        "API_BIND": api,
        "API_URL": f"http://{api}",
        "API_UPSTREAM": api,
        "SITE_SOCKET": "run/site.sock",
        "SITE_HTTP": f"127.0.0.1:{free_port()}",
        "SITE_UPSTREAM": "unix:run/site.sock",
        # nothing is looked up: both upstreams are addresses
        "RESOLVER": "127.0.0.1",
        "PORT": given.get("PORT", "2020"),
        "LISTEN": "plain-and-tls" if tls else "plain",
        "LISTEN_ADDRESS": given.get("LISTEN_ADDRESS", "127.0.0.1"),
        "STATIC_DIR": str(ROOT / "flask_app/flask_app/static"),
        "ERROR_DIR": str(ROOT / "nginx/errors"),
        "CONF_DIR": str(state / "nginx/conf"),
        "TEMP_DIR": str(state / "nginx/temp"),
        "ACCESS_LOG": "/dev/stdout",
        # a path means what it meant where it was given, and services start in the state folder
        **{name: str(Path(given[name]).absolute()) for name in GIVEN_PATHS if given.get(name)},
    }


def lock(state: Path) -> None:
    """Claim the state folder for as long as this process lives, whatever it becomes. Raises CannotStart."""
    os.dup2(os.open(state / "run/lock", os.O_CREAT | os.O_RDWR, 0o644), LOCK_DESCRIPTOR)
    os.set_inheritable(LOCK_DESCRIPTOR, True)
    try:
        fcntl.flock(LOCK_DESCRIPTOR, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise CannotStart(f"another one is running with the same STATE_DIR, {state}.") from None


def check_ports(given: Mapping[str, str]) -> None:
    """Raise CannotStart unless nginx can listen on all its ports."""
    for name in ("PORT", "TLS_PORT") if given["LISTEN"] == "plain-and-tls" else ("PORT",):
        _check_port(given["LISTEN_ADDRESS"], given[name], name)


def _check_port(address: str, port: str, name: str) -> None:
    if not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise CannotStart(f"{name} must be a number from 1 to 65535, not {port!r}.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, int(port)))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
                raise CannotStart(f"LISTEN_ADDRESS={address} cannot be used ({error.strerror}).") from None
            raise CannotStart(f"port {port} cannot be used ({error.strerror}); try {name}={int(port) + 1}.") from None


def free_port() -> int:
    """Return a loopback port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def find_nginx() -> str:
    """Return the path of an nginx program, unpacked if need be. Raises CannotStart."""
    found = subprocess.run([HERE / "find-nginx"], stdout=subprocess.PIPE, text=True, check=False)
    if found.returncode:
        raise CannotStart("there is no nginx.")
    return found.stdout.strip()


def mime_types(nginx: Path) -> Path:
    """Return the list of media types that came with the program. Raises CannotStart if there is none."""
    # an unpacked program has its own copy beside it
    for path in (
        nginx.parents[2] / "etc/nginx/mime.types",
        Path("/etc/nginx/mime.types"),
        nginx.parents[1] / "conf/mime.types",
    ):
        if path.is_file():
            return path
    raise CannotStart(f"there is no mime.types that belongs to {nginx}.")


def render_all(state: Path, environment: Mapping[str, str]) -> None:
    """Render the front door and the frame around it."""
    render_folder(TEMPLATES, state / "nginx/conf", environment)
    types = mime_types(Path(environment["NGINX_PROGRAM"]))
    frame = (HERE / "nginx.conf.template").read_text()
    (state / "nginx/nginx.conf").write_text(render(frame, {**environment, "MIME_TYPES": str(types)}))


if __name__ == "__main__":
    main()
