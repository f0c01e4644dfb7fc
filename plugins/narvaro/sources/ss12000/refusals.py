"""What a server's refusal means: wait, stop, mend, or begin the walk anew."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
import msgspec

from narvaro.errors import NarvaroError, SourceBusyError, SourceDeniedError, SourceError, SourceShapeError
from narvaro.sources.ss12000.wire import Refusal

BUSY = frozenset({httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE})
# A vendor's own code, such as source_unavailable, is told when each of its words is one of these: any other
# word may be what we asked about, or a person.
_CODE_WORDS = frozenset(
    """
    access authorized bad busy client conflict credentials denied error exceeded expired failed
    forbidden found gone internal invalid large limit many method missing not page parameter parameters
    permission query rate request requests required resource scope server service source timeout token
    too unauthorized unavailable unknown unprocessable unsupported validation
    """.split()  # noqa: SIM905 - read as a sentence, a line a word would fill a page
)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")


class RequestRefusedError(SourceShapeError):
    """A server would not have our parameters or our page token (400, 410, 422)."""

    # Errors travel between processes by their message; the rest must have a default.
    def __init__(self, message: str, *, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class NotServedError(SourceShapeError):
    """A server has no such resource (404)."""


def is_busy(status: int) -> bool:
    """Tell whether a status asks us to wait."""
    return status in BUSY


def busy_error(where: str, response: httpx.Response) -> SourceBusyError:
    """Give the error for a server that asks us to wait."""
    wait = retry_after_seconds(response)
    asked = "named no wait" if wait is None else f"asked for {wait:.0f} s"
    message = f"{where} is busy ({response.status_code}, {asked}). It is tried again later; if it lasts, ask the owner."
    return SourceBusyError(message, retry_after_seconds=wait)


def retry_after_seconds(response: httpx.Response) -> float | None:
    """Read Retry-After: seconds or a date by the server's own clock; None when absent or unreadable."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    moment = http_date(text)
    if moment is None:
        return None
    now = http_date(response.headers.get("Date", "")) or datetime.now(UTC)
    return max(0.0, (moment - now).total_seconds())


def http_date(text: str) -> datetime | None:
    """Read an HTTP date as UTC; None when it is not one."""
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


def refusal(where: str, response: httpx.Response, body: bytes) -> NarvaroError:
    """Give the error for an answer that is no page."""
    status = response.status_code
    code = _vendor_code(body)
    came = f"{where} answered {status}{f' ({code})' if code else ''}"
    if is_busy(status):
        return busy_error(where, response)
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return SourceDeniedError(f"{came}. Wanted access; ask the owner to let our client read this resource.")
    if status == httpx.codes.NOT_FOUND:
        return NotServedError(f"{came}. Wanted a resource of SS 12000; check that base_url ends where v2.0 ends.")
    if status in (httpx.codes.BAD_REQUEST, httpx.codes.GONE, httpx.codes.UNPROCESSABLE_ENTITY):
        return RequestRefusedError(f"{came}. Wanted a page; see resend_filters of the source.", status=status)
    if status >= httpx.codes.INTERNAL_SERVER_ERROR or status == httpx.codes.REQUEST_TIMEOUT:
        return SourceError(f"{came}. It is tried again later; if it lasts, ask the owner.")
    return SourceShapeError(f"{came}. Wanted a page of SS 12000; check base_url, a login page may stand in the way.")


def _vendor_code(body: bytes) -> str:
    """Give the vendor's error code when it is made of words that speak of requests only."""
    try:
        code = msgspec.json.decode(body, type=Refusal).code
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    if not isinstance(code, str) or not re.fullmatch(r"[A-Za-z_]{1,60}", code):
        return ""
    return code if {word.lower() for word in _WORD.findall(code)} <= _CODE_WORDS else ""
