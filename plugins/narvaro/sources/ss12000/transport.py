"""One source's wire: requests with patience, answers as bytes, refusals as typed errors."""

from __future__ import annotations

import logging
import random
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode, urlsplit

import httpx
import tenacity

from narvaro.errors import NarvaroError, SettingsError, SourceBusyError, SourceError, SourceShapeError
from narvaro.sources.ss12000.refusals import http_date, refusal

Parameters = Sequence[tuple[str, str]]

# A server that ignores `limit` must not fill our memory.
LARGEST_PAGE_BYTES = 128 * 1024 * 1024
_SHOWN_REFUSAL_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one request is tried before the whole read gives up and its scheduler waits instead."""

    attempts: int = 5
    first_wait_seconds: float = 0.5
    longest_wait_seconds: float = 60.0
    sleep: Callable[[float], None] = time.sleep

    def wait_seconds(self, state: tenacity.RetryCallState) -> float:
        """Give the wait the server asked for, or a back-off with full jitter."""
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after_seconds if isinstance(error, SourceBusyError) else None
        if asked is not None:
            # All readers were told the same moment: spread them a little.
            return asked * random.uniform(1.0, 1.1)  # noqa: S311 - no secret rests on this
        return tenacity.wait_random_exponential(self.first_wait_seconds, self.longest_wait_seconds)(state)

    def is_worth_retrying(self, error: BaseException) -> bool:
        """Tell whether to try again here; a longer wait than ours belongs to the scheduler."""
        if isinstance(error, SourceBusyError) and error.retry_after_seconds is not None:
            return error.retry_after_seconds <= self.longest_wait_seconds
        return isinstance(error, SourceError)


class Transport:
    """Sends one source's requests over kept connections."""

    def __init__(self, source: str, base_url: str, client: httpx.Client, patience: Patience) -> None:
        self._source = source
        self._base_url = base_url.rstrip("/")
        self._client = client
        # A request that no client has built has no time limits of its own.
        self._extensions = {"timeout": client.timeout.as_dict()}
        self._attempts = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(patience.attempts),
            wait=patience.wait_seconds,
            retry=tenacity.retry_if_exception(patience.is_worth_retrying),
            sleep=patience.sleep,
            reraise=True,
        )
        self.server_date: datetime | None = None
        _hide_queries()

    def get(self, resource: str, parameters: Parameters) -> bytes:
        """Fetch one answer.

        Raises:
            SourceError: no answer after all attempts, or asked to wait too long.
            SourceDeniedError: refused.
            SourceShapeError: answered with something else than JSON, or refused the request itself.
        """
        return self._attempts(self._get_once, resource, parameters)

    def where(self, resource: str) -> str:
        """Name a resource of this source, for errors."""
        return f"{self._source} {resource}"

    def close(self) -> None:
        """Close the kept connections."""
        self._client.close()

    def _get_once(self, resource: str, parameters: Parameters) -> bytes:
        """Send one request, once; its address never reaches an error, for queries may hold a civic number."""
        where = self.where(resource)
        try:
            # A finished request: the client's own building of one parses every address four times.
            address = f"{self._base_url}{resource}?{urlencode(parameters)}"
            request = httpx.Request(
                "GET",
                address,
                headers=self._client.headers,
                cookies=self._client.cookies,
                extensions=self._extensions,
            )
            with closing(self._client.send(request, stream=True)) as response:
                return self._body(response, where)
        except httpx.TimeoutException:
            message = f"{where} did not answer in time. It is tried again later; if it lasts, raise timeout_seconds."
            raise SourceError(message) from None
        except (httpx.TransportError, httpx.DecodingError) as error:
            kind = type(error).__name__
            message = f"{where} broke off ({kind}: {_reason(error)}). It is tried again later; check the base address."
            raise SourceError(message) from None

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
        return b"".join(chunks)

    def _refusal(self, response: httpx.Response, where: str) -> NarvaroError:
        """Read the beginning of a refusal and class it."""
        start = b""
        for chunk in response.iter_bytes():
            start += chunk
            if len(start) > _SHOWN_REFUSAL_BYTES:
                break
        return refusal(where, response, start)


def open_client(
    auth: httpx.Auth, *, timeout_seconds: float, ca_file: str, certificate: tuple[str, str] | None
) -> httpx.Client:
    """Open a client that keeps its connections and always verifies TLS."""
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
        if certificate:
            context.load_cert_chain(*certificate)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        message = (
            f"The CA file or client certificate cannot be used ({reason}). Correct ca_file, client_cert, client_key."
        )
        raise SettingsError(message) from None
    return httpx.Client(
        auth=auth,
        verify=context,
        timeout=httpx.Timeout(timeout_seconds, connect=min(timeout_seconds, 10.0)),
        limits=httpx.Limits(max_connections=2, max_keepalive_connections=2, keepalive_expiry=60.0),
        headers={"Accept": "application/json", "User-Agent": "narvaro"},
        follow_redirects=False,
    )


def checked_url(url: str, name: str) -> str:
    """Give an address that can be asked, or say which setting is wrong."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        message = (
            f"{name} is not a web address. Wanted https://... with a host name; correct the source or its connection."
        )
        raise SettingsError(message)
    return url


class _QueryHider(logging.Filter):
    """Takes the query out of the addresses that httpx logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; it always passes."""
        if isinstance(record.args, tuple):
            record.args = tuple(
                value.copy_with(query=None, fragment=None) if isinstance(value, httpx.URL) else value
                for value in record.args
            )
        return True


_query_hider = _QueryHider()


def _hide_queries() -> None:
    """Make httpx log no query, whatever level anyone sets; adding the same filter twice does nothing."""
    logging.getLogger("httpx").addFilter(_query_hider)


def _reason(error: Exception) -> str:
    """Give an error's own words when they are the system's, never an address."""
    text = str(error)
    return text if text and "://" not in text and "?" not in text else "no further reason"
