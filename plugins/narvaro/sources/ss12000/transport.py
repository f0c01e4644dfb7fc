"""One source's wire: requests with patience, answers as bytes, refusals as typed errors."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from urllib.parse import quote, urlencode

import httpx

from narvaro.errors import NarvaroError, SourceBusyError, SourceError, SourceShapeError
from narvaro.sources.ss12000.discretion import hide_queries, without_ids
from narvaro.sources.ss12000.limits import Limits
from narvaro.sources.ss12000.patience import Patience
from narvaro.sources.ss12000.refusals import OverloadedError, http_date, proxy_refusal, refusal, too_large_error
from narvaro.sources.ss12000.tls import handshake_refusal, remedy

Parameters = Sequence[tuple[str, str]]

# A server that ignores `limit` must not fill our memory.
LARGEST_PAGE_BYTES = 128 * 1024 * 1024
# Our time limits hold for each piece of an answer: a server that drips must come to an end too.
LONGEST_ANSWER_IN_TIMEOUTS = 10
_SHOWN_REFUSAL_BYTES = 64 * 1024


class Transport:
    """Sends one source's requests over kept connections."""

    def __init__(
        self, source: str, base_url: str, client: httpx.Client, patience: Patience, limits: Limits | None = None
    ) -> None:
        self._source = source
        self._base_url = base_url.rstrip("/")
        self._client = client
        self._limits = limits
        # A request that no client has built has no time limits of its own.
        self._extensions = {"timeout": client.timeout.as_dict()}
        self._longest_answer = (client.timeout.read or 60.0) * LONGEST_ANSWER_IN_TIMEOUTS
        self._patience = patience
        self._attempts = patience.retrying()
        self._attempts_of_a_new_size = patience.retrying(of_a_new_size=True)
        # The largest page that each resource was served in, and how often in a row it was too much.
        self._served: dict[str, int] = {}
        self._overloads: Counter[str] = Counter()
        self.server_date: datetime | None = None
        if limits is not None:
            client.event_hooks["request"].append(limits.before_request)
        hide_queries()

    def begin(self) -> None:
        """Wait, here and not in a thread that cannot be interrupted, until the host has a seat for one more reader.

        Raises:
            SourceBusyError: it has had none for hours.
        """
        if self._limits is not None:
            self._limits.take_seat()

    def get(self, resource: str, parameters: Parameters) -> bytes:
        """Fetch one answer.

        Raises:
            SourceError: no answer after all attempts, or asked to wait too long.
            PageTooLargeError: fewer rows must be asked for; asking again waits longer each time.
            SourceDeniedError: refused.
            SourceShapeError: answered with something else than JSON, or refused the request itself.
        """
        return self._ask("GET", resource, parameters, None)

    def post(self, resource: str, body: bytes) -> bytes:
        """Send a question in JSON, such as a lookup, and fetch its answer; raises what `get` raises."""
        return self._ask("POST", resource, (), body)

    def where(self, resource: str) -> str:
        """Name a resource of this source, for errors."""
        return f"{self._source} {without_ids(resource)}"

    def close(self) -> None:
        """Close the kept connections and leave the host to other readers."""
        self._client.close()
        if self._limits is not None:
            self._limits.close()

    def _ask(self, method: str, resource: str, parameters: Parameters, body: bytes | None) -> bytes:
        """Send one request until it is answered or patience ends."""
        if overloads := self._overloads[resource]:
            self._patience.rest_between_sizes(overloads)
        size = _size(parameters, body)
        is_new = size is not None and size > self._served.get(resource, 0)
        attempts = self._attempts_of_a_new_size if is_new else self._attempts
        try:
            answer: bytes = attempts(self._ask_once, method, resource, parameters, body)
        except OverloadedError as error:
            if size is None:
                raise SourceBusyError(str(error)) from None
            self._overloads[resource] += 1
            raise too_large_error(self.where(resource)) from None
        if size is not None:
            del self._overloads[resource]
            self._served[resource] = max(size, self._served.get(resource, 0))
        return answer

    def _ask_once(self, method: str, resource: str, parameters: Parameters, body: bytes | None) -> bytes:
        """Send one request, once; its address never reaches an error, for queries may hold a civic number."""
        where = self.where(resource)
        try:
            with closing(self._client.send(self._request(method, resource, parameters, body), stream=True)) as response:
                return self._body(response, where)
        except httpx.TimeoutException:
            message = f"{where} did not answer in time. It is tried again later; if it lasts, raise timeout_seconds."
            raise SourceError(message) from None
        except (httpx.TransportError, httpx.DecodingError) as error:
            if isinstance(error, httpx.TransportError) and (final := _final_refusal(where, error)):
                raise final from None
            kind = type(error).__name__
            message = f"{where} broke off ({kind}: {_reason(error)}). It is tried again later; {remedy(error)}."
            raise SourceError(message) from None

    def _request(self, method: str, resource: str, parameters: Parameters, body: bytes | None) -> httpx.Request:
        """Give a finished request: the client's own building of one parses every address four times."""
        query = f"?{urlencode(parameters)}" if parameters else ""
        headers = self._client.headers if body is None else [*self._client.headers.items(), _JSON]
        return httpx.Request(
            method,
            # An id is the server's own text: whatever it holds, it stays one.
            f"{self._base_url}{quote(resource)}{query}",
            headers=headers,
            cookies=self._client.cookies,
            content=body,
            extensions=self._extensions,
        )

    def _body(self, response: httpx.Response, where: str) -> bytes:
        """Read an answer, or say what kind of refusal it is."""
        if self.server_date is None:
            self.server_date = http_date(response.headers.get("Date", ""))
        if response.status_code != httpx.codes.OK:
            raise self._refusal(response, where)
        if "html" in response.headers.get("Content-Type", "").lower():
            message = (
                f"{where} answered with a web page. Wanted JSON; check base_url, a login page may stand in the way."
            )
            raise SourceShapeError(message)
        chunks: list[bytes] = []
        size = 0
        ends_at = time.monotonic() + self._longest_answer
        is_encoded = "Content-Encoding" in response.headers
        for chunk in response.iter_bytes() if is_encoded else response.iter_raw():
            chunks.append(chunk)
            size += len(chunk)
            if size > LARGEST_PAGE_BYTES:
                limit = LARGEST_PAGE_BYTES // 2**20
                message = (
                    f"{where} sent a page of more than {limit} MB. Lower page_size; the server may ignore `limit`."
                )
                raise SourceShapeError(message)
            if time.monotonic() > ends_at:
                message = f"{where} took too long to send a page. Lower page_size, or raise timeout_seconds."
                raise SourceError(message)
        return b"".join(chunks)

    def _refusal(self, response: httpx.Response, where: str) -> NarvaroError:
        """Read the beginning of a refusal and class it."""
        start = b""
        for chunk in response.iter_bytes():
            start += chunk
            if len(start) > _SHOWN_REFUSAL_BYTES:
                break
        return refusal(where, response, start)


_JSON = ("Content-Type", "application/json")


def _size(parameters: Parameters, body: bytes | None) -> int | None:
    """Give a measure of how much is asked for; None when less cannot be asked for."""
    if body is not None:
        return len(body)
    limit = dict(parameters).get("limit")
    return int(limit) if limit else None


def _final_refusal(where: str, error: httpx.TransportError) -> NarvaroError | None:
    """Give the error of a connection that will not come about however often it is tried."""
    return proxy_refusal(where, error) or handshake_refusal(where, error)


def _reason(error: Exception) -> str:
    """Give an error's own words when they are the system's, never an address or what we sent."""
    if isinstance(error, httpx.ProtocolError | httpx.DecodingError):
        return "it does not speak HTTP as agreed"
    text = str(error)
    return text if text and "://" not in text and "?" not in text else "no further reason"
