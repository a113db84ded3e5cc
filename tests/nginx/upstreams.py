"""Services behind nginx that remember what reached them: one speaks HTTP, the other the uwsgi protocol."""

import json
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LARGE_JSON = json.dumps({"filler": "x" * 4000}).encode()


@dataclass
class Received:
    """One request as a service saw it; header names in capitals with underscores, as in CGI."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass
class Upstream:
    """A service: its address, what it received, and what it answers next."""

    address: str = ""
    received: list[Received] = field(default_factory=list)
    status: int = 200
    body: bytes = LARGE_JSON
    content_type: str = "application/json"

    @property
    def last(self) -> Received:
        return self.received[-1]


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def http_service() -> Iterator[Upstream]:
    """Run a service that speaks HTTP."""
    upstream = Upstream()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.upper().replace("-", "_"): value for name, value in self.headers.items()}
            upstream.received.append(Received(self.command, self.path, headers, body))
            self.send_response(upstream.status)
            self.send_header("Content-Type", upstream.content_type)
            self.send_header("Content-Length", str(len(upstream.body)))
            self.send_header("X-Request-ID", self.headers["X-Request-ID"])
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(upstream.body)

        do_GET = do_HEAD = do_POST = do_DELETE = answer  # noqa: N815  # the names that http.server looks for

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        yield from _served(server, upstream)


@contextmanager
def uwsgi_service() -> Iterator[Upstream]:
    """Run a service that speaks the uwsgi protocol."""
    upstream = Upstream(content_type="text/html")

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            variables = _uwsgi_variables(self.rfile.read(_uwsgi_size(self.rfile.read(4))))
            body = self.rfile.read(int(variables.get("CONTENT_LENGTH") or 0))
            headers = {name.removeprefix("HTTP_"): value for name, value in variables.items()}
            upstream.received.append(Received(variables["REQUEST_METHOD"], variables["PATH_INFO"], headers, body))
            head = f"HTTP/1.1 {upstream.status} Said\r\nContent-Type: {upstream.content_type}\r\n"
            own_id = f"X-Request-ID: {headers['X_REQUEST_ID']}\r\n"
            self.wfile.write((head + own_id + "\r\n").encode() + upstream.body)

    with _Server(("127.0.0.1", 0), Handler) as server:
        yield from _served(server, upstream)


def _served(server: socketserver.TCPServer, upstream: Upstream) -> Iterator[Upstream]:
    upstream.address = f"127.0.0.1:{server.socket.getsockname()[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield upstream
    server.shutdown()
    thread.join()


def _uwsgi_size(head: bytes) -> int:
    return int(struct.unpack("<BHB", head)[1])


def _uwsgi_variables(data: bytes) -> dict[str, str]:
    values: list[str] = []
    while data:
        size = struct.unpack("<H", data[:2])[0]
        values.append(data[2 : 2 + size].decode())
        data = data[2 + size :]
    return dict(zip(values[::2], values[1::2], strict=True))
