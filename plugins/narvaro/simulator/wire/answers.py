"""Answers of the simulated servers: stamped with their clock, whole or cut."""

from __future__ import annotations

import gzip
import logging
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import orjson
from starlette.responses import Response

from narvaro.simulator.wire.request import WireError

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from narvaro.simulator.wire.visit import Visit

JSON = "application/json"
UNAUTHORIZED, NOT_FOUND = 401, 404


def http_date(clock: int, ahead_seconds: int = 0) -> str:
    """Write a simulated moment as HTTP headers do."""
    return format_datetime(datetime.fromtimestamp(clock, UTC) + timedelta(seconds=ahead_seconds), usegmt=True)


def answer(
    visit: Visit, body: bytes, status: int = 200, headers: dict[str, str] | None = None, *, media_type: str = JSON
) -> Response:
    """Give an answer that carries the simulated time, or whatever the source's faults make of it."""
    stamped = dict(headers or {})
    if visit.has("gzip") and body:
        body, stamped["content-encoding"] = gzip.compress(body, 1), "gzip"
    if not visit.has("no_date_header"):
        skew = visit.fault("clock_skew")
        stamped["date"] = http_date(visit.clock, skew.seconds if skew else 0)
    form = CutResponse if visit.has("broken_body") and status == 200 and body else Response  # noqa: PLR2004
    return form(body, status, stamped, media_type if body else None)


def refusal(visit: Visit, error: WireError) -> Response:
    """Give an error as the standard shapes it, unless it brings its own body."""
    headers = dict(error.headers)
    if error.status == UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    if error.body is not None:
        return answer(visit, error.body, error.status, headers, media_type=error.media_type)
    if error.status == NOT_FOUND:
        # The standard's 404 has no body.
        return answer(visit, b"", NOT_FOUND, headers)
    return answer(visit, orjson.dumps({"code": error.code, "message": error.message}), error.status, headers)


class _CutError(Exception):
    """The connection is cut on purpose."""


class CutResponse(Response):
    """Half of a body, and then nothing: the connection is closed."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the head, half of what it promises, and break off."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        raise _CutError


def _is_no_cut(record: logging.LogRecord) -> bool:
    """Keep the web server from reporting what is broken on purpose."""
    return not (record.exc_info and isinstance(record.exc_info[1], _CutError))


def mute_cuts() -> None:
    """Let the web server's log leave out the connections that are cut on purpose."""
    logging.getLogger("uvicorn.error").addFilter(_is_no_cut)
