"""Carries the client's requests over urllib3's connections: a page of half a megabyte costs half as much that way."""

from __future__ import annotations

import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException, RemoteDisconnected
from typing import Any

import httpx
import urllib3
from urllib3 import exceptions as broken

_MOST_CONNECTIONS = 2
# A piece is what has arrived, up to so much: a server that drips never holds us within one.
_PIECE_BYTES = 512 * 1024
_LENGTH = re.compile(r"[0-9]{1,18}")


class Carrier(httpx.BaseTransport):
    """Sends requests straight to their hosts, never through a proxy, over a few kept connections to each."""

    def __init__(self, context: ssl.SSLContext) -> None:
        context.set_alpn_protocols(["http/1.1"])
        self._context = context
        self._pools: dict[tuple[str, bytes, int | None], urllib3.HTTPConnectionPool] = {}
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; gives the answer's head, its body still to be read.

        Raises:
            httpx.TransportError: as the client's own transport would.
        """
        times = request.extensions.get("timeout", {})
        with _told_as_the_clients_own():
            answer = self._pool(request.url).urlopen(
                request.method,
                request.url.raw_path.decode("ascii"),
                body=request.read() or None,
                headers={name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers.raw},
                timeout=urllib3.Timeout(connect=times.get("connect"), read=times.get("read")),
                pool_timeout=times.get("pool"),
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        body = _Body(answer)
        if not _tells_its_end(answer):
            body.close()
            message = "no telling where the answer ends"
            raise httpx.RemoteProtocolError(message)
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
        return httpx.Response(answer.status, headers=headers, stream=body)

    def close(self) -> None:
        """Close the kept connections."""
        with self._lock:
            for pool in self._pools.values():
                pool.close()
            self._pools.clear()

    def _pool(self, url: httpx.URL) -> urllib3.HTTPConnectionPool:
        """Give the connections to an address's host."""
        origin = (url.scheme, url.raw_host, url.port)
        with self._lock:
            if origin not in self._pools:
                kept: dict[str, Any] = {"maxsize": _MOST_CONNECTIONS, "block": True}
                host = url.raw_host.decode("ascii")
                self._pools[origin] = (
                    urllib3.HTTPSConnectionPool(host, url.port, ssl_context=self._context, **kept)
                    if url.scheme == "https"
                    else urllib3.HTTPConnectionPool(host, url.port, **kept)
                )
            return self._pools[origin]


class _Body(httpx.SyncByteStream):
    """The body of an answer, as it comes."""

    def __init__(self, answer: urllib3.BaseHTTPResponse) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        with _told_as_the_clients_own():
            while piece := self._answer.read1(_PIECE_BYTES, decode_content=False):
                yield piece

    def close(self) -> None:
        """Give the connection back; one with an unread rest is closed, for the next answer would begin with it."""
        self._answer.close()
        self._answer.release_conn()


def _tells_its_end(answer: urllib3.BaseHTTPResponse) -> bool:
    """Tell whether the head of an answer leaves no doubt about where its body ends."""
    coding = answer.headers.get("Transfer-Encoding", "chunked").lower()
    return coding == "chunked" and bool(_LENGTH.fullmatch(answer.headers.get("Content-Length", "0")))


@contextmanager
def _told_as_the_clients_own() -> Iterator[None]:
    """Turn the errors of the connections into those that the client's own transport raises; no address in them."""
    try:
        yield
    except (broken.HTTPError, HTTPException, OSError, ValueError) as error:
        raise _client_error(error) from error


def _client_error(error: Exception) -> httpx.TransportError:
    """Give the client's error for one of the connections'."""
    reason = _system_error(error)
    text = str(reason) if reason else type(error).__name__
    if isinstance(error, broken.ConnectTimeoutError) and not isinstance(error, broken.NewConnectionError):
        return httpx.ConnectTimeout(text)
    if isinstance(error, broken.ReadTimeoutError):
        return httpx.ReadTimeout(text)
    if isinstance(error, broken.EmptyPoolError):
        return httpx.PoolTimeout(text)
    if isinstance(error, broken.NewConnectionError | broken.SSLError):
        return httpx.ConnectError(text)
    if reason is None or isinstance(reason, RemoteDisconnected):
        return httpx.RemoteProtocolError(text)
    return httpx.ReadError(text)


def _system_error(error: BaseException | None) -> OSError | None:
    """Find what the system or TLS said below an error."""
    while error is not None:
        if isinstance(error, OSError):
            return error
        error = error.__cause__ or error.__context__
    return None
