"""Faults that stand before the answer: refusals, wrong bodies, servers that have enough."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from narvaro.simulator import vocabulary
from narvaro.simulator.wire.answers import UNAUTHORIZED, http_date
from narvaro.simulator.wire.request import WireError

if TYPE_CHECKING:
    from narvaro.simulator.faults import Fault
    from narvaro.simulator.wire.visit import Visit

_HTML = b"<!DOCTYPE html><html><head><title>Varning</title></head><body><h1>Proxy Kanari</h1></body></html>"
_TEXT = b"Planerat underhall kl 03-04."
_BUSY = 429
_TELLING = f"{vocabulary.given_name(1)} {vocabulary.family_name(1)}, {vocabulary.phone(1)}: no such pupil."


@dataclass(frozen=True, slots=True)
class Asked:
    """What a door looks at: the bearer token, whether a page token came, how many objects are wanted."""

    bearer: str
    has_page_token: bool
    size: int


class Doors:
    """Lets a request through, or raises what the source answers in its place."""

    def __init__(self) -> None:
        self._uses: Counter[str] = Counter()

    def check(self, visit: Visit, asked: Asked) -> None:
        """Refuse a request whose source has a fault that stands before the answer.

        Raises:
            WireError: with the status, headers and body of the fault.
        """
        for fault in visit.faults:
            if fault.kind == "unauthorized":
                self._check_bearer(fault, asked.bearer)
            elif fault.kind in _DOORS and (error := _DOORS[fault.kind](fault, visit, asked)) is not None:
                raise error

    def _check_bearer(self, fault: Fault, bearer: str) -> None:
        """Refuse always, or a bearer token that has been used up."""
        self._uses[bearer] += 1
        if fault.shape == "refused" or self._uses[bearer] > fault.rows:
            raise WireError(UNAUTHORIZED, "unauthorized", "A valid bearer token is needed.")


def _busy(fault: Fault, visit: Visit, _asked: Asked) -> WireError:
    """Ask for patience, in one of the ways that servers have."""
    headers = {"retry-after": fault.retry_after}
    if fault.retry_after == "none":
        headers = {}
    elif fault.retry_after == "date":
        # By the same clock as the Date header.
        headers = {"retry-after": http_date(visit.clock, fault.seconds)}
    code = "too_many_requests" if fault.status == _BUSY else "busy"
    return WireError(fault.status, code, "Too many requests.", headers=headers)


def _too_large(fault: Fault, _visit: Visit, asked: Asked) -> WireError | None:
    """Refuse pages and lookups above a size."""
    if asked.size <= fault.rows:
        return None
    return WireError(fault.status, "too_large", "The answer is too large.")


def _server_error(fault: Fault, _visit: Visit, _asked: Asked) -> WireError:
    """Fail."""
    return WireError(fault.status, "internal_error", "Something went wrong.")


def _forbidden(_fault: Fault, _visit: Visit, _asked: Asked) -> WireError:
    """Refuse a client that lacks the scope."""
    return WireError(403, "forbidden", "The client may not read this.")


def _not_served(_fault: Fault, _visit: Visit, _asked: Asked) -> WireError:
    """Know nothing of the resource."""
    return WireError(404, "not_found", "There is no such resource.")


def _expired_token(fault: Fault, _visit: Visit, asked: Asked) -> WireError | None:
    """Refuse page tokens as too old."""
    if not asked.has_page_token:
        return None
    return WireError(fault.status, "page_token_expired", "The pageToken has expired.")


def _error_shape(fault: Fault, _visit: Visit, _asked: Asked) -> WireError:
    """Refuse with another body than the standard's."""
    bodies = {
        "detail": orjson.dumps({"detail": "Something is wrong."}),
        "details": orjson.dumps({"detail": [{"loc": ["query", "limit"], "msg": "wrong", "type": "value_error"}]}),
        "empty": b"",
        "html": _HTML,
        "code": None,
        "telling": orjson.dumps({"code": "error", "message": _TELLING}),
    }
    media_type = "text/html" if fault.shape == "html" else "application/json"
    return WireError(fault.status, "error", "Something is wrong.", body=bodies[fault.shape], media_type=media_type)


def _redirect(_fault: Fault, _visit: Visit, _asked: Asked) -> WireError:
    """Send the client to somebody else's door."""
    return WireError(302, "redirect", "", headers={"location": "https://inloggning.example/"}, body=b"")


def _html_page(fault: Fault, _visit: Visit, _asked: Asked) -> WireError:
    """Let a proxy answer in the source's place."""
    return WireError(fault.status, "html", "", body=_HTML, media_type="text/html")


def _not_json(fault: Fault, _visit: Visit, _asked: Asked) -> WireError:
    """Answer 200 with something that is not JSON."""
    body = _TEXT if fault.shape == "text" else b'{"data":[{"id":"3f'
    media_type = "text/plain" if fault.shape == "text" else "application/json"
    return WireError(200, "not_json", "", body=body, media_type=media_type)


_DOORS: dict[str, Callable[[Fault, Visit, Asked], WireError | None]] = {
    "busy": _busy,
    "too_large": _too_large,
    "server_error": _server_error,
    "forbidden": _forbidden,
    "not_served": _not_served,
    "deletions_404": _not_served,
    "expired_token": _expired_token,
    "error_shape": _error_shape,
    "redirect": _redirect,
    "html_page": _html_page,
    "not_json": _not_json,
}
