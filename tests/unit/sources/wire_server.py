"""Servers of bare answers, plain or in TLS, and a proxy: what a test of the wire needs beside a school system."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

OK = b'{"data": [], "pageToken": null}'


@dataclass
class Said:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class WireServer:
    """Answers every request by `answers`, then with an empty page."""

    answers: list[Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    scheme: str = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://localhost:{self.port}"


def answer(status: int = 200, body: bytes = OK, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """An answer; underscores in the names of headers are dashes."""

    def give(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response_only(status)
        given = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        for name, value in (given | {name.replace("_", "-"): value for name, value in headers.items()}).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return give


@contextlib.contextmanager
def serving(server: WireServer, context: ssl.SSLContext | None = None) -> Iterator[WireServer]:
    """Serve on a free port of loopback until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def handle_request(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            server.said.append(Said(self.command, self.path, dict(self.headers), body))
            give = server.answers.pop(0) if server.answers else answer()
            give(self)
            with contextlib.suppress(OSError):
                self.wfile.flush()

        do_GET = do_POST = handle_request  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    class Listener(ThreadingHTTPServer):
        daemon_threads = True

        def get_request(self) -> tuple[socket.socket, object]:
            connection, address = super().get_request()
            server.connections += 1
            if context is not None:
                # The handshake belongs to the thread of the connection: it comes with the first reading.
                connection = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
            return connection, address

        def handle_error(self, *_: object) -> None:
            pass

    with _running(Listener(("127.0.0.1", 0), Handler)) as port:
        server.port = port
        server.scheme = "https" if context else "http"
        yield server


@dataclass
class Proxy:
    """A proxy that sends everything to one port of this machine, and notes what it was asked for."""

    to_port: int
    user: str = ""
    asked: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextlib.contextmanager
def proxying(proxy: Proxy) -> Iterator[Proxy]:
    """Run the proxy until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def is_known(self) -> bool:
            proxy.asked.append(self.path)
            given = self.headers.get("Proxy-Authorization", "")
            if not proxy.user or given == "Basic " + b64encode(proxy.user.encode()).decode():
                return True
            self.send_response_only(407)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return False

        def do_CONNECT(self) -> None:
            if not self.is_known():
                return
            with socket.create_connection(("127.0.0.1", proxy.to_port)) as upstream:
                self.send_response_only(200)
                self.end_headers()
                back = threading.Thread(target=_copy, args=(upstream, self.connection), daemon=True)
                back.start()
                _copy(self.connection, upstream)
                back.join()
            self.close_connection = True

        def do_GET(self) -> None:
            if self.is_known():
                answer()(self)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    with _running(server) as port:
        proxy.port = port
        yield proxy


@contextlib.contextmanager
def _running(server: ThreadingHTTPServer) -> Iterator[int]:
    """Run a server in a thread; gives its port."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Pass bytes on until one side hangs up."""
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
