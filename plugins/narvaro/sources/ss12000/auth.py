"""How a source knows us: OAuth2 client credentials, or a fixed bearer token."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from urllib.parse import quote_plus

import httpx
import msgspec

from narvaro.errors import SourceDeniedError, SourceError, SourceShapeError
from narvaro.sources.ss12000.refusals import busy_error, is_busy

# A token is renewed this long before its end, so that no page is asked for with a dying one.
RENEWAL_MARGIN_SECONDS = 30.0


class TokenAnswer(msgspec.Struct):
    """What a token endpoint answers."""

    access_token: str
    expires_in: float | None = None


@dataclass(slots=True)
class FixedBearer(httpx.Auth):
    """A token that the owner gave us by hand."""

    token: str = field(repr=False)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send the token with the request."""
        request.headers["Authorization"] = f"Bearer {self.token}"
        yield request


@dataclass(slots=True)
class ClientCredentials(httpx.Auth):
    """OAuth2 client credentials; the token is renewed before its end and once on a 401."""

    source: str
    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = ""
    clock: Callable[[], float] = time.monotonic
    _token: str | None = field(default=None, repr=False)
    _ends_at: float = 0.0
    # Most servers take the credentials as basic auth, some only in the form: found out once.
    _in_form: bool = False

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send the request with a living token."""
        if self._token is None or self.clock() >= self._ends_at:
            yield from self._renew(request)
        request.headers["Authorization"] = f"Bearer {self._token}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            response.read()
            yield from self._renew(request)
            request.headers["Authorization"] = f"Bearer {self._token}"
            yield request

    def _renew(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Fetch a new token."""
        self._token = None
        response = yield self._token_request(request)
        response.read()
        if response.status_code in (httpx.codes.BAD_REQUEST, httpx.codes.UNAUTHORIZED):
            self._in_form = not self._in_form
            response = yield self._token_request(request)
            response.read()
        self._keep(response)

    def _token_request(self, request: httpx.Request) -> httpx.Request:
        """Ask for a token with the credentials where the server wants them, as patiently as for the page itself."""
        form = {"grant_type": "client_credentials"} | ({"scope": self.scope} if self.scope else {})
        headers = {"Accept": "application/json"}
        if self._in_form:
            form |= {"client_id": self.client_id, "client_secret": self.client_secret}
        else:
            pair = f"{quote_plus(self.client_id)}:{quote_plus(self.client_secret)}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        # A request that no client has built has no time limit of its own.
        return httpx.Request(
            "POST",
            self.token_url,
            data=form,
            headers=headers,
            extensions={"timeout": request.extensions.get("timeout", {})},
        )

    def _keep(self, response: httpx.Response) -> None:
        """Keep the token of an answer, or say why there is none; the answer itself is never shown."""
        status = response.status_code
        where = f"{self.source}: the token address"
        if is_busy(status):
            raise busy_error(where, response)
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            message = f"{where} answered {status}. It is tried again later; if it lasts, ask the owner."
            raise SourceError(message)
        if status == httpx.codes.NOT_FOUND or response.is_redirect:
            message = f"{where} answered {status}. Wanted an OAuth2 token; correct token_url."
            raise SourceShapeError(message)
        if not response.is_success:
            message = f"{where} refused our client ({status}). Check login and password of the connection."
            raise SourceDeniedError(message)
        try:
            answer = msgspec.json.decode(response.content, type=TokenAnswer, strict=False)
        except msgspec.DecodeError:
            message = f"{where} answered without an access_token. Wanted OAuth2 JSON; correct token_url."
            raise SourceShapeError(message) from None
        self._token = answer.access_token
        lifetime = answer.expires_in or float("inf")
        self._ends_at = self.clock() + max(lifetime - RENEWAL_MARGIN_SECONDS, lifetime / 2)
