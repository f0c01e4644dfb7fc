"""What a client shows at the door: an id and a secret, or a bearer token."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from narvaro.simulator.wire.answers import UNAUTHORIZED
from narvaro.simulator.wire.request import WireError

if TYPE_CHECKING:
    from starlette.requests import Request

    from narvaro.simulator.wire.authority import Authority


def client_of(request: Request, body: bytes, authority: Authority) -> str:
    """Give the source whose client asks for a token, its secret checked.

    Raises:
        WireError: another grant than client credentials, or a wrong secret.
    """
    form = dict(parse_qsl(body.decode("utf-8", "replace")))
    client_id, secret = _basic(request) or (form.get("client_id", ""), form.get("client_secret", ""))
    if form.get("grant_type") != "client_credentials":
        raise WireError(400, "unsupported_grant_type", "Only client_credentials.")
    source: str = request.path_params["source"]
    if not authority.is_client(source, client_id, secret):
        raise WireError(UNAUTHORIZED, "invalid_client", "Unknown client or wrong secret.")
    return source


def check_bearer(is_good: bool) -> None:  # noqa: FBT001 - the answer of an authority
    """Refuse a bearer token that is not good.

    Raises:
        WireError: it is not.
    """
    if not is_good:
        raise WireError(UNAUTHORIZED, "unauthorized", "A valid bearer token is needed.")


def _basic(request: Request) -> tuple[str, str] | None:
    """Give the client id and secret of a basic authorization header."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (ValueError, binascii.Error):
        return None
    return client_id, secret


def bearer(request: Request) -> str:
    """Give the bearer token of a request, empty when there is none."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value if scheme.lower() == "bearer" else ""
