"""How a source knows us: OAuth2 client credentials, a fixed token, a key in a header, or our certificate alone."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from urllib.parse import quote_plus

import httpx
import msgspec

from narvaro.connections import Connection
from narvaro.errors import SettingsError, SourceDeniedError, SourceError, SourceShapeError
from narvaro.sources.ss12000.client import checked_url
from narvaro.sources.ss12000.refusals import busy_error, is_busy

# A token is renewed this long before its end, so that no page is asked for with a dying one.
RENEWAL_MARGIN_SECONDS = 30.0


_FITS_A_HEADER = re.compile(r"[!-~]+")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]+")


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
class FixedHeader(httpx.Auth):
    """A key that the owner gave us by hand, sent in a header of its own."""

    name: str
    key: str = field(repr=False)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send the key with the request."""
        request.headers[self.name] = self.key
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
        sent = self._token
        request.headers["Authorization"] = f"Bearer {sent}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            response.read()
            # Another thread of this reader may have fetched a new one meanwhile.
            if self._token == sent:
                yield from self._renew(request)
            request.headers["Authorization"] = f"Bearer {self._token}"
            yield request

    def _renew(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Fetch a new token."""
        self._ends_at = 0.0
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
        if not _FITS_A_HEADER.fullmatch(answer.access_token):
            message = f"{where} answered with an access_token that fits in no header. Ask the owner."
            raise SourceShapeError(message)
        self._token = answer.access_token
        lifetime = answer.expires_in or float("inf")
        self._ends_at = self.clock() + max(lifetime - RENEWAL_MARGIN_SECONDS, lifetime / 2)


def way_in(source: str, connection: Connection, token_url: str | None) -> httpx.Auth | None:
    """Give how a source lets us in, as its connection says; None when our certificate is all it wants.

    Raises:
        SettingsError: a part of the credentials is missing, or they contradict one another.
    """
    extra, has_secret = connection.extra, bool(connection.password)
    conn_id, token_url = connection.conn_id, token_url or str(extra.get("token_url") or "")
    if token_url:
        if not connection.login or not has_secret:
            message = f"{source}: {conn_id} lacks login or password. Add the client id and secret, or remove token_url."
            raise SettingsError(message)
        return ClientCredentials(
            source=source,
            token_url=checked_url(token_url, f"{source}: token_url"),
            client_id=connection.login,
            client_secret=connection.password,
            scope=str(extra.get("scope") or ""),
        )
    if connection.login:
        # A client's secret must never be sent as if it were a token.
        message = (
            f"{source}: {conn_id} has a login but there is no token_url. Add token_url, or remove the login when the "
            "password is a fixed bearer token."
        )
        raise SettingsError(message)
    if has_secret:
        return _fixed(source, connection)
    if extra.get("client_cert"):
        return None
    message = (
        f"{source}: neither token_url nor a password nor client_cert in {conn_id}. Add token_url with login and "
        "password, a fixed bearer token as the password, or our certificate."
    )
    raise SettingsError(message)


def _fixed(source: str, connection: Connection) -> FixedBearer | FixedHeader:
    """Give the way in by a key of ours; the client would show a key that no header can hold."""
    key, header = connection.password.strip(), str(connection.extra.get("api_key_header") or "")
    if not _FITS_A_HEADER.fullmatch(key) or (header and not _HEADER_NAME.fullmatch(header)):
        message = (
            f"{source}: the password or api_key_header of {connection.conn_id} does not fit in a header. Wanted "
            "letters, digits and signs without blanks; copy it anew from the owner."
        )
        raise SettingsError(message)
    return FixedHeader(header, key) if header else FixedBearer(key)
