"""What is decided before the services start without Docker."""

import http.server
import signal
import socket
import subprocess
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from supervisor import supervisord
from supervisor.options import SignalReceiver

import nginx.local.__main__ as local
from nginx.local.__main__ import (
    GIVEN_PATHS,
    HERE,
    MEMORY,
    METRICS,
    ROOT,
    CannotStart,
    PromptSupervisor,
    check_ports,
    forget_metrics,
    free_port,
    make_room_for_metrics,
    mime_types,
    places,
)
from nginx.local.announce import answers
from nginx.local.render import DEFAULTS


def decided(home: Path, **given: str) -> dict[str, str]:
    return places(home, {**DEFAULTS, **given})


def test_metrics_lie_in_memory_and_go_with_the_platform(tmp_path: Path) -> None:
    (tmp_path / METRICS).parent.mkdir()
    make_room_for_metrics(tmp_path)
    killed = (tmp_path / METRICS).resolve()
    assert killed.is_relative_to(MEMORY)
    make_room_for_metrics(tmp_path)
    kept = (tmp_path / METRICS).resolve()
    assert kept.is_dir()
    assert not killed.exists()
    forget_metrics(tmp_path)
    assert not kept.exists()


@pytest.mark.usefixtures("nginx_program")
def test_two_platforms_share_nothing(tmp_path: Path) -> None:
    one, other = decided(tmp_path / "one"), decided(tmp_path / "other")
    own = ("API_BIND", "SITE_HTTP", "MEDIA_DIR", "RUN_DIR", "CONF_DIR", "TEMP_DIR")
    assert all(one[name] != other[name] for name in own)


@pytest.mark.usefixtures("nginx_program")
def test_only_this_machine_reaches_a_platform_that_says_nothing_else(tmp_path: Path) -> None:
    assert decided(tmp_path)["LISTEN_ADDRESS"] == "127.0.0.1"
    assert decided(tmp_path, LISTEN_ADDRESS="192.0.2.1")["LISTEN_ADDRESS"] == "192.0.2.1"


@pytest.mark.usefixtures("nginx_program")
@pytest.mark.parametrize("name", GIVEN_PATHS)
def test_a_path_means_what_it_meant_where_it_was_given(tmp_path: Path, name: str) -> None:
    assert decided(tmp_path, **{name: "some/where"})[name] == str(Path.cwd() / "some/where")


@pytest.mark.usefixtures("nginx_program")
def test_tls_needs_both_its_files(tmp_path: Path) -> None:
    assert decided(tmp_path, TLS_CERT="c.pem")["LISTEN"] == "plain"
    assert decided(tmp_path, TLS_CERT="c.pem", TLS_KEY="k.pem")["LISTEN"] == "plain-and-tls"


def test_an_nginx_without_its_types_is_no_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "is_file", lambda _self: False)
    with pytest.raises(CannotStart, match=r"no mime\.types"):
        mime_types(tmp_path / "a/b/nginx")


@pytest.mark.parametrize("place", ["etc/nginx/mime.types", "usr/conf/mime.types"], ids=["unpacked", "built"])
def test_an_nginx_may_bring_its_types_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    monkeypatch.setattr(Path, "is_file", lambda path: path == tmp_path / place)
    assert mime_types(tmp_path / "usr/sbin/nginx") == tmp_path / place


@pytest.mark.parametrize("address", ["192.0.2.1", "::1"])
def test_an_address_that_nginx_cannot_listen_on_is_named(address: str) -> None:
    with pytest.raises(CannotStart, match=f"LISTEN_ADDRESS={address} cannot be used"):
        check_ports({"LISTEN": "plain", "LISTEN_ADDRESS": address, "PORT": str(free_port())})


@pytest.mark.parametrize("name", ["PORT", "TLS_PORT"])
def test_a_port_that_is_taken_is_told_before_anything_starts(name: str) -> None:
    given = {"LISTEN_ADDRESS": "127.0.0.1", "PORT": str(free_port()), "TLS_PORT": str(free_port())}
    taken = int(given[name])
    told = pytest.raises(CannotStart, match=f"port {taken} cannot be used .*; try {name}={taken + 1}")
    with socket.create_server(("127.0.0.1", taken)):
        with told:
            check_ports({**given, "LISTEN": "plain-and-tls"})
        if name == "TLS_PORT":
            check_ports({**given, "LISTEN": "plain"})  # which does not use it


def test_a_port_whose_last_connections_linger_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as visitor:
            server.accept()[0].close()  # who closes first is the one that waits
            assert visitor.recv(1) == b""
    check_ports({"LISTEN": "plain", "LISTEN_ADDRESS": "127.0.0.1", "PORT": str(port)})


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", ""])
def test_what_is_no_port_is_told(port: str) -> None:
    with pytest.raises(CannotStart, match=f"PORT must be a number from 1 to 65535, not '{port}'"):
        check_ports({"LISTEN": "plain", "LISTEN_ADDRESS": "127.0.0.1", "PORT": port})


def test_no_proxy_is_asked_for_the_services(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        assert answers(f"http://127.0.0.1:{server.server_port}/")


@pytest.mark.parametrize("image", ["defect_api", "flask_app", "nginx"])
def test_no_proxy_is_asked_for_a_containers_health(image: str) -> None:
    check = (ROOT / image / "Dockerfile").read_text().partition("HEALTHCHECK")[2].partition("\n\n")[0]
    assert "ProxyHandler({})" in check or "--noproxy" in check


def test_free_ports_differ() -> None:
    assert len({free_port() for _ in range(5)}) > 1


def test_without_nginx_and_apt_the_package_is_named(tmp_path: Path) -> None:
    # a machine whose only programs are those of the script itself
    for name in ("bash", "dirname", "mktemp", "rm", "id"):
        (tmp_path / name).symlink_to(Path("/usr/bin") / name)
    copy = tmp_path / "nginx/local/find-nginx"
    copy.parent.mkdir(parents=True)
    copy.write_text((HERE / "find-nginx").read_text().replace("/usr/sbin/nginx", "/nowhere/nginx"))
    found = subprocess.run(
        [tmp_path / "bash", copy], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert found.returncode == 1
    assert "apt install nginx-light" in found.stderr


def test_services_are_started_before_anything_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    class Group:
        def transition(self) -> None:
            done.append("started")

    monkeypatch.setattr(supervisord.Supervisor, "runforever", lambda _self: done.append("waited"))
    monkeypatch.setattr(signal, "signal", lambda *_arguments: None)
    supervisor = PromptSupervisor(options=None)
    supervisor.process_groups = {"api": Group()}
    supervisor.runforever()
    assert done == ["started", "waited"]


@pytest.mark.parametrize(("nohup", "received"), [(False, signal.SIGTERM), (True, None)])
def test_a_closed_terminal_stops_the_platform_unless_nohup_started_it(
    monkeypatch: pytest.MonkeyPatch, nohup: bool, received: signal.Signals | None
) -> None:
    monkeypatch.setattr(local, "NOHUP", nohup)
    monkeypatch.setattr(supervisord.Supervisor, "runforever", lambda _self: signal.raise_signal(signal.SIGHUP))
    receiver, before = SignalReceiver(), signal.getsignal(signal.SIGHUP)
    supervisor = PromptSupervisor(options=SimpleNamespace(signal_receiver=receiver))
    supervisor.process_groups = {}
    try:
        supervisor.runforever()
    finally:
        signal.signal(signal.SIGHUP, before)
    assert receiver.get_signal() == received
