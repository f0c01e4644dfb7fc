"""Serve the published folder over HTTP: the page, the tables, the manifest, and nothing else."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from narvaro.errors import PublishError

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request

_TYPES = {"index.html": "text/html", "release.json": "application/json", "narvaro.duckdb": "application/octet-stream"}
# The folder changes once a night: ask each time whether it has, and let no page frame it or guess its type.
_NOTHING_YET = "Ingen utgåva har publicerats än.\nNothing has been published yet.\n"
_HEADERS = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY"}


def published_app(published_dir: Path) -> Starlette:
    """Give the web application of a published folder."""

    async def serve_file(request: Request) -> Response:
        # One look at the link: what is answered comes from one release, also when another is published meanwhile.
        release = (published_dir / "current").resolve()
        name = request.url.path.strip("/") or "index.html"
        if name == "index.html" and not release.is_dir():
            return PlainTextResponse(_NOTHING_YET, status_code=503, headers=_HEADERS)
        if not (release / name).is_file():
            return PlainTextResponse("Finns inte. / Not found.\n", status_code=404, headers=_HEADERS)
        return FileResponse(release / name, media_type=_TYPES.get(name, "text/csv"), headers=_HEADERS)

    names = [f"/{name}" for name in ("", *_TYPES)]
    return Starlette(routes=[Route(name, serve_file) for name in (*names, r"/csv/{table:table}")])


class _TableName(Convertor[str]):
    """The file names that tables have; no dots and no slashes to climb by."""

    regex = r"[a-z][a-z0-9_]*\.csv"

    def convert(self, value: str) -> str:
        """Take the name as it is."""
        return value

    def to_string(self, value: str) -> str:
        """Give the name as it is."""
        return value


register_url_convertor("table", _TableName())


def serve_published(published_dir: Path, *, host: str, port: int) -> None:
    """Serve the published folder until the process is told to stop.

    Raises:
        PublishError: the port is taken or may not be used.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            message = f"The report page cannot be served at port {port}: {error.strerror}. Set NARVARO_REPORT_PORT."
            raise PublishError(message) from None
        config = uvicorn.Config(published_app(published_dir), log_level="warning")
        uvicorn.Server(config).run(sockets=[listener])
