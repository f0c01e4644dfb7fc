"""A server that answers everything with one unwanted answer."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class BadServer(ThreadingHTTPServer):
    """`is_asked` is set by the first request; no answer is given before `may_answer` is set."""

    daemon_threads = True

    def __init__(self, status: int, content_type: str, body: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = status, content_type, body
        self.is_asked = threading.Event()
        self.may_answer = threading.Event()
        self.may_answer.set()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that was killed while it waited."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: BadServer

    def do_GET(self) -> None:
        self.server.is_asked.set()
        self.server.may_answer.wait(timeout=60)
        status, content_type, body = self.server.answer
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - the library's name

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@contextmanager
def bad_server(status: int, content_type: str, body: bytes) -> Iterator[BadServer]:
    """Run such a server until the block ends."""
    server = BadServer(status, content_type, body)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.may_answer.set()
        server.shutdown()
        thread.join()
        server.server_close()
