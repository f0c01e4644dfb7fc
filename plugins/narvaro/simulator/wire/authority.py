"""Clients and tokens: everything follows from one secret, so that a restart keeps them valid."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from itertools import count
from typing import Any

import orjson

TOKEN_SECONDS = 3600
_SIGNATURE_LENGTH = 32


class Authority:
    """Issues and checks what one secret signs."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        # Two bearer tokens of one second are two.
        self._serial = count(1)

    def _signature(self, purpose: str, message: bytes) -> str:
        """Give a short keyed hash."""
        key = hmac.new(self._secret, purpose.encode(), hashlib.sha256).digest()
        return hmac.new(key, message, hashlib.sha256).hexdigest()[:_SIGNATURE_LENGTH]

    def client_secret(self, source: str) -> str:
        """Give the secret of a source's client; its id is the source's name."""
        return self._signature("client", source.encode())

    def admin_token(self) -> str:
        """Give the bearer token of the simulator's own levers."""
        return self._signature("admin", b"admin")

    def is_client(self, source: str, client_id: str, secret: str) -> bool:
        """Tell whether these are the source's client id and secret."""
        return hmac.compare_digest(client_id.encode(), source.encode()) and hmac.compare_digest(
            secret.encode(), self.client_secret(source).encode()
        )

    def is_admin(self, token: str) -> bool:
        """Tell whether a bearer token opens the simulator's own levers."""
        return hmac.compare_digest(token.encode(), self.admin_token().encode())

    def bearer_token(self, source: str) -> str:
        """Issue a bearer token for one source."""
        content = {"source": source, "expires": int(time.time()) + TOKEN_SECONDS, "serial": next(self._serial)}
        return self.sealed("bearer", content)

    def is_bearer(self, source: str, token: str) -> bool:
        """Tell whether a bearer token is this source's and still good."""
        content = self.opened("bearer", token)
        return content is not None and content["source"] == source and content["expires"] > time.time()

    def sealed(self, purpose: str, content: dict[str, Any]) -> str:
        """Write content as an opaque token that nobody else can make."""
        body = base64.urlsafe_b64encode(orjson.dumps(content)).decode().rstrip("=")
        return f"{body}.{self._signature(purpose, body.encode())}"

    def opened(self, purpose: str, token: str) -> dict[str, Any] | None:
        """Read an opaque token; None when it is not ours."""
        body, _, signature = token.partition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(purpose, body.encode()).encode()):
            return None
        try:
            content: dict[str, Any] = orjson.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        except (ValueError, binascii.Error):
            return None
        return content
