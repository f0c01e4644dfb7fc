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
_DENIED = {
    401: "Wanted access; ask the owner to let our client read this resource.",
    403: "Wanted access; ask the owner to let our client read this resource.",
    407: "The proxy on the way wants a user; correct the proxy of the connection or the environment.",
}
_PROXY_REFUSALS = frozenset({"401", "403", "407"})
# Whole seconds by the standard; some servers write a fraction. More digits than these are no wait.
_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


class RequestRefusedError(SourceShapeError):
    """A server would not have our parameters or our page token (400, 410, 422)."""

    # Errors travel between processes by their message; the rest must have a default.
    def __init__(self, message: str, *, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class NotServedError(SourceShapeError):
    """A server has no such resource (404)."""


class OverloadedError(SourceBusyError):
    """A server is out of breath (503) and names no wait: it may be the size of what was asked for."""


class PageTooLargeError(SourceBusyError):
    """An answer of this size is too much for a server (413, 503): ask for fewer rows, or wait as for any busy one."""


def is_busy(status: int) -> bool:
    """Tell whether a status asks us to wait."""
    return status in BUSY


def busy_error(where: str, response: httpx.Response) -> SourceBusyError:
    """Give the error for a server that asks us to wait."""
    wait = retry_after_seconds(response)
    asked = "named no wait" if wait is None else f"asked for {wait:.0f} s"
    message = f"{where} is busy ({response.status_code}, {asked}). It is tried again later; if it lasts, ask the owner."
    return SourceBusyError(message, retry_after_seconds=wait)


def too_large_error(where: str) -> PageTooLargeError:
    """Give the error for a server that cannot bear an answer of the size that was asked for."""
    return PageTooLargeError(
        f"{where} is out of breath, or so many rows are too much for it (413 or 503). It is tried again later; if it "
        "lasts, lower page_size or ask the owner."
    )


def retry_after_seconds(response: httpx.Response) -> float | None:
    """Read Retry-After: seconds or a date by the server's own clock; None when absent or unreadable."""
    text = response.headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(text):
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
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def refusal(where: str, response: httpx.Response, body: bytes) -> NarvaroError:
    """Give the error for an answer that is no page."""
    status = response.status_code
    code = _vendor_code(body)
    told = f" ({code})" if code and _words(code) <= _CODE_WORDS else ""
    came = f"{where} answered {status}{told}"
    names_a_wait = status >= httpx.codes.INTERNAL_SERVER_ERROR and retry_after_seconds(response) is not None
    if is_busy(status) or names_a_wait or status == httpx.codes.REQUEST_ENTITY_TOO_LARGE:
        return _overload(where, response, code)
    if status in _DENIED:
        return SourceDeniedError(f"{came}. {_DENIED[status]}")
    if status == httpx.codes.NOT_FOUND:
        return NotServedError(f"{came}. Wanted a resource of SS 12000; check that base_url ends where v2.0 ends.")
    if status in (httpx.codes.BAD_REQUEST, httpx.codes.GONE, httpx.codes.UNPROCESSABLE_ENTITY):
        return RequestRefusedError(f"{came}. Wanted a page; see resend_filters of the source.", status=status)
    if status >= httpx.codes.INTERNAL_SERVER_ERROR or status == httpx.codes.REQUEST_TIMEOUT:
        return SourceError(f"{came}. It is tried again later; if it lasts, ask the owner.")
    return SourceShapeError(f"{came}. Wanted a page of SS 12000; check base_url, a login page may stand in the way.")


def _overload(where: str, response: httpx.Response, code: str) -> SourceBusyError:
    """Tell a server that is busy from one that was asked for too much, as far as it lets us."""
    if response.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE or "large" in _words(code):
        return too_large_error(where)
    busy = busy_error(where, response)
    if busy.retry_after_seconds is None and response.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        return OverloadedError(str(busy))
    return busy


def proxy_refusal(where: str, error: httpx.TransportError) -> SourceDeniedError | None:
    """Give the error of a proxy that will not let us through; None for any other error."""
    status = str(error)[:3]
    if not isinstance(error, httpx.ProxyError) or status not in _PROXY_REFUSALS:
        return None
    return SourceDeniedError(
        f"{where}: the proxy on the way refused us ({status}). Correct the proxy's address or user, or add the host "
        "to NO_PROXY."
    )


def _vendor_code(body: bytes) -> str:
    """Give the vendor's own error code, which may say anything."""
    try:
        code = msgspec.json.decode(body, type=Refusal).code
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return code if isinstance(code, str) and re.fullmatch(r"[A-Za-z_]{1,60}", code) else ""


def _words(code: str) -> set[str]:
    """Give the words of a code, however it joins them."""
    return {word.lower() for word in _WORD.findall(code)}
