"""What every answer carries and what no request may do, whatever the page."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = logging.getLogger(__name__)
_FAILED = "Något gick fel hos oss. Försök igen om en stund.\nSomething went wrong on our side. Try again in a while.\n"
LARGEST_FORM = 16_384
_READING = {"GET", "HEAD"}
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    # A link's token must not travel on to the next page's server.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "X-Robots-Tag": "noindex, nofollow",
}
_HSTS = "max-age=31536000"


class Guard:
    """Puts the headers on every answer and refuses large, foreign and unmeasured bodies."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self._app = app
        self._headers = _HEADERS | ({"Strict-Transport-Security": _HSTS} if is_https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        has_begun = False

        async def send_guarded(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
            await send(message)

        refusal = _refusal(scope["method"], Headers(scope=scope))
        try:
            await (refusal or self._app)(scope, receive, send_guarded)
        except Exception as error:  # noqa: BLE001 - whatever it is, a visitor is not told, and no log shows a value
            _log.error("A page failed: %s at %s", type(error).__name__, _place(error))
            if not has_begun:
                await PlainTextResponse(_FAILED, status_code=500)(scope, receive, send_guarded)


def _place(error: Exception) -> str:
    """Give where in the program an error arose."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"


def _refusal(method: str, headers: Headers) -> PlainTextResponse | None:
    """Give the answer to a request that no page takes, None when it may go on."""
    if method in _READING:
        return None
    if method != "POST":
        return PlainTextResponse("Method not allowed.\n", status_code=405, headers={"Allow": "GET, HEAD, POST"})
    length = headers.get("content-length", "")
    if not length.isdecimal() or int(length) > LARGEST_FORM:
        return PlainTextResponse("The form is too large.\n", status_code=413)
    if headers.get("content-type", "").split(";")[0].strip() != "application/x-www-form-urlencoded":
        return PlainTextResponse("Wanted a form.\n", status_code=415)
    # Browsers tell where a form was sent from; those that do not are held by the form's token alone.
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return PlainTextResponse("The form was sent from another site.\n", status_code=403)
    return None
