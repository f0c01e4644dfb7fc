"""What answers look like from outside: statuses, kinds, headers; never an address or a body."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
import msgspec

_ERRORS_FROM = 400
_JSON = "json"


@dataclass(slots=True)
class WireLog:
    """The answers of one server, counted; hang `note` on a client."""

    base_url: str
    statuses: Counter[int] = field(default_factory=Counter)
    json_pages: int = 0
    other_pages: int = 0
    dated: int = 0
    compressed: int = 0
    # How errors are shaped: standard, empty, json, other.
    error_shapes: Counter[str] = field(default_factory=Counter)

    def note(self, response: httpx.Response) -> None:
        """Count an answer; those of the token's address are not the server's."""
        if not str(response.request.url).startswith(self.base_url.rstrip("/")):
            return
        self.statuses[response.status_code] += 1
        self.dated += "date" in response.headers
        self.compressed += response.headers.get("content-encoding", "identity") != "identity"
        if response.status_code >= _ERRORS_FROM:
            self.error_shapes[_shape(response)] += 1
        elif _JSON in response.headers.get("content-type", "").lower():
            self.json_pages += 1
        else:
            self.other_pages += 1

    @property
    def answers(self) -> int:
        """How many answers were counted."""
        return self.statuses.total()

    @property
    def is_encrypted(self) -> bool:
        """Whether the server is spoken to in TLS."""
        return urlsplit(self.base_url).scheme == "https"


def _shape(response: httpx.Response) -> str:
    """Tell the shape of an error's body."""
    try:
        content = response.read()
        body = msgspec.json.decode(content) if content else None
    except (msgspec.DecodeError, UnicodeDecodeError, httpx.HTTPError):
        return "other"
    if not content:
        return "empty"
    if isinstance(body, dict) and isinstance(body.get("code"), str) and isinstance(body.get("message"), str):
        return "standard"
    return "json"
